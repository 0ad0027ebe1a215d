"""People whom several calibrated cameras saw become landmarks in the world: pixels of all, one fit."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stages.contracts import Clip, JointTrack, Person, Views
from stages.lift.config import Config as LiftConfig
from stages.lift.views import Config as ViewsConfig

__all__ = ["VERSION", "Config", "reads", "run"]

VERSION: Final = 2


@dataclass(frozen=True)
class Config:
    """How to lift from several cameras: as from one, in the axes that the calibration gives."""

    lift: LiftConfig = field(default_factory=LiftConfig)
    """As for one camera; focal length, pitch and metre come from the calibration instead."""
    views: ViewsConfig = field(default_factory=ViewsConfig)
    """How the cameras were brought together."""


def reads(config: Config) -> tuple[Path, ...]:
    """Files other than the videos that decide the result."""
    from stages import lift  # noqa: PLC0415

    return lift.reads(config.lift)


def run(
    config: Config,
    calibration: Path,
    names: tuple[str, ...],
    clips: tuple[Clip, ...],
    people: tuple[tuple[Person, ...], ...],
    views: Views,
) -> tuple[JointTrack, ...]:
    """Lift everyone whom two cameras or more saw; in time and pictures of the first camera.

    Raises:
        InputError: the calibration does not fit, its metres are none, or it does not say which way is up.
    """
    from models.cameras import in_order, read_calibration  # noqa: PLC0415
    from stages.lift.rig import lift_people  # noqa: PLC0415
    from stages.lift.rig_fit import Rig  # noqa: PLC0415

    sizes_px = [(clip.width_px, clip.height_px) for clip in clips]
    cameras = in_order(read_calibration(calibration), names, sizes_px)
    return lift_people(config.lift, config.views.up, Rig(cameras, clips, views), people)
