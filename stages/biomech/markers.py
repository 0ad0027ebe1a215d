"""Marker data straight to coordinates: a .trc file and a scaled .osim model become a .mot file, without any video."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from stages.contracts import Exports

VERSION: Final = 1
POOR_M: Final = 0.04
"""Markers farther away than this, in root mean square, speak of a model that was not scaled. An assumption."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Config:
    """How markers are followed."""

    setup: str | None = None
    """A setup of OpenSim's inverse kinematics tool, whose weights, tasks and time range hold; without one, every marker
    of the model counts alike."""


def reads(config: Config) -> tuple[Path, ...]:
    """Files other than markers and model that decide the result."""
    return () if config.setup is None else (Path(config.setup),)


def run(config: Config, markers: Path, osim: Path) -> Exports:
    """Solve a trial.

    Args:
        config: weights.
        markers: a .trc file.
        osim: the model, scaled to the person already, with markers named as in the .trc file.

    Raises:
        InputError: a file cannot be read or is damaged, the model has parts that are not known here, or markers and
            model have no marker in common.
    """
    # numba takes half a second to import.
    from models.osim import ik  # noqa: PLC0415
    from models.osim.mot import table_of, write_mot  # noqa: PLC0415
    from models.osim.reader import load_model  # noqa: PLC0415
    from models.osim.tasks import Setup, even_tasks, load_setup  # noqa: PLC0415
    from models.osim.trc import load_trc  # noqa: PLC0415
    from models.osim.validate import require_sound  # noqa: PLC0415

    model, trial = load_model(osim), load_trc(markers)
    setup = Setup(even_tasks(model), None) if config.setup is None else load_setup(Path(config.setup), model)
    if setup.time_range_s is not None:
        trial = trial.between(*setup.time_range_s)
    solution = ik.solve(model, trial, setup.tasks)
    followed = {marker.name for marker in ik.pose_problem(model, trial, setup.tasks).markers}
    _report(followed, trial.names, np.sqrt(solution.cost))
    notes = (f"Markers: {markers.name}, {len(followed)} of them followed. Model: {osim.name}.", "Filter: none.")
    name = f"{markers.stem}.mot"
    files = {name: write_mot(table_of(model, trial.timestamps_s, solution.poses), notes=notes)}
    require_sound(files, model)
    return Exports({name: content.encode("utf-8") for name, content in files.items()})


def _report(followed: set[str], measured: tuple[str, ...], away_m: np.ndarray) -> None:
    idle = [name for name in measured if name not in followed]
    log.info(
        "%d frames, %d markers, %.1f mm away in root mean square", len(away_m), len(followed), 1000 * away_m.mean()
    )
    if idle:
        log.warning("not on the model, or without weight: %s", ", ".join(idle))
    if away_m.mean() > POOR_M:
        log.warning("markers lie %.0f mm away from the model: scale it to the person first", 1000 * away_m.mean())
