"""Marker files of OpenSim (.trc) whose markers are joints, as pose estimators and this project write them.

Layout: as models/osim/trc.py. The unit is in the file; which axis points up is not, and is recognised or asked for.
Markers on the skin of a laboratory are for `--osim MODEL.osim`, which knows where they sit.
"""

from itertools import islice
from pathlib import Path

from models.osim.trc import METRES, load_trc
from models.readers.given import Said, WorldPoints
from models.readers.joints import from_columns

__all__ = ["read"]


def read(path: Path, said: Said) -> tuple[WorldPoints, ...]:
    """The one person of a file.

    Raises:
        InputError: the file is broken (with the line), its markers are no known joints, or as person_in_world.
    """
    trial = load_trc(path)
    scale = 1.0 if said.unit is None else 1 / METRES[_unit_of(path)]
    return from_columns(str(path), trial.names, trial.markers_m * scale, trial.timestamps_s, said, unit="m")


def _unit_of(path: Path) -> str:
    """The unit that the header states, for a user who knows better."""
    with path.open(encoding="utf-8", errors="replace") as file:
        _, keys, values = islice(file, 3)
    return dict(zip(keys.split("\t"), (cell.strip() for cell in values.split("\t")), strict=False))["Units"]
