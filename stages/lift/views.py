"""Several cameras, one scene: whose tracks are one person's, how clocks differ, whether the calibration fits."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from models.errors import ConfigError, InputError
from stages.contracts import Clip, Person, Views

__all__ = ["VERSION", "Config", "run"]

VERSION: Final = 1
SHIFT: Final = 0.01
"""Shift of one camera's pictures, as a share of the person's size on them, from which a calibration is doubted."""
MISS: Final = 0.03
"""Distance between the rays of one landmark, as a share of that size, from which it is doubted."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Config:
    """How several cameras are brought together."""

    max_lead_s: float = 2.0
    """How far the clocks of two cameras may differ; 0 believes that all began at once."""
    up: Literal["auto", "x", "y", "z", "-x", "-y", "-z"] = "auto"
    """The axis of the calibration's world that points up; auto asks the people, who mostly stand."""

    def __post_init__(self) -> None:
        if not (0 <= self.max_lead_s < math.inf):
            raise ConfigError(f"views.max_lead_s is {self.max_lead_s}", "give seconds, or 0 for synchronised videos")


def run(
    config: Config,
    calibration: Path,
    names: tuple[str, ...],
    clips: tuple[Clip, ...],
    people: tuple[tuple[Person, ...], ...],
) -> Views:
    """Match the people of several videos of one scene.

    Args:
        names: of the videos, without suffix.
        people: of each video.

    Raises:
        InputError: the calibration cannot be read or does not fit the videos, or nobody was seen by two cameras.
    """
    # Whoever has one camera need not wait for this.
    from models.cameras import in_order, read_calibration  # noqa: PLC0415
    from stages.lift.match import match_people  # noqa: PLC0415

    sizes_px = [(clip.width_px, clip.height_px) for clip in clips]
    cameras = in_order(read_calibration(calibration), names, sizes_px)
    found = match_people(config.max_lead_s, cameras, people)
    if not found.person_count:
        raise InputError(
            f"nobody in {names[0]} could be found again by another camera",
            "check that the calibration belongs to these videos, and raise --views.max-lead-s if they began apart",
        )
    _complain(found)
    return found


def _complain(found: Views) -> None:
    """Say what a user should know of clocks and calibration."""
    from models.cameras.agreement import whole_shift_px  # noqa: PLC0415

    for name, lead_s in zip(found.camera_names, found.lead_s, strict=True):
        if lead_s:
            log.info("the clock of %s is %.3f s ahead of the first one's", name, lead_s)
    lost = int((found.track_person < 0).sum())
    if lost:
        log.info("%d tracks were seen by one camera only, and are left out", lost)
    size_px = float(found.person_size_px.mean())
    shift_px = whole_shift_px(found.shifted_px)
    if shift_px > SHIFT * size_px or found.missed_px.max() > MISS * size_px:
        misses = ", ".join(f"{name} {px:.1f} px" for name, px in zip(found.camera_names, found.missed_px, strict=True))
        log.warning(
            "the calibration does not fit these videos: rays of one landmark miss each other (%s), as if the pictures "
            "of one camera were shifted by %.0f px; calibrate anew",
            misses, shift_px,
        )  # fmt: skip
