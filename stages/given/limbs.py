"""Paths of hands and feet, or key frames of them, to Motion: limb mode bends arms and legs, the trunk stands still."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.readers.given import Said
from stages.contracts import Motion

VERSION: Final = 1
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Config:
    """Whose limbs move."""

    body: str = "free"
    """Body model that is posed."""
    height_m: float | None = None
    """The person's stature; None takes the mean body."""


def reads(config: Config) -> Sequence[Path]:
    """The files beside the paths that the result depends on; raises as run."""
    from models.bodies import body_file  # noqa: PLC0415
    from models.limbs import FILE  # noqa: PLC0415
    from models.weights import find_weights  # noqa: PLC0415

    return [body_file(config.body), find_weights(FILE).path]


def run(config: Config, said: Said, path: Path) -> Motion:
    """Pose the limbs of which a file gives paths; others hang in the rest pose.

    Where rows stand farther apart than the rate that the user says, they are key frames, and ends go through them on
    cubic splines.

    Raises:
        InputError: the file cannot be used.
        ConfigError, WeightsError: the body cannot be had.
    """
    # torch takes a second to import.
    from models.bodies import load_body  # noqa: PLC0415
    from models.readers.limb_paths import read  # noqa: PLC0415
    from stages.given.limb_motion import pose_limbs  # noqa: PLC0415

    paths = read(path, said)
    log.info("%s: %s, %d frames", path.name, ", ".join(paths.end_m), len(paths.timestamps_s))
    return pose_limbs(load_body(config.body), paths, config.height_m)
