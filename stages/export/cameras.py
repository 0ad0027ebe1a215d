"""What several cameras agreed on, for reading: clocks, misses, and where each stands in the world of the results."""

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from stages.contracts import Exports, JointTrack, Views

__all__ = ["VERSION", "Config", "run"]

VERSION: Final = 1


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


def run(config: Config, views: Views, people: tuple[JointTrack, ...]) -> Exports:
    """Write calibration_check.json.

    Returns:
        For each camera its name, the seconds its clock is ahead of the first one's, the median distance between rays
        and the shift of the pictures that would lessen it, in pixels; who was seen; and the first camera's pose.
    """
    del config
    rows = zip(views.camera_names, views.lead_s, views.missed_px, views.shifted_px, strict=True)
    content: dict[str, Any] = {
        "cameras": [
            {
                "name": str(name),
                "clock_ahead_s": float(lead_s),
                "rays_miss_by_px": _number(missed_px),
                "pictures_shifted_by_px": [round(float(px), 2) for px in shift_px],
            }
            for name, lead_s, missed_px, shift_px in rows
        ],
        "people": views.person_count,
        "tracks_of_one_camera_only": int((views.track_person < 0).sum()),
        "world_from_first_camera": people[0].world_from_camera.tolist(),
    }
    return Exports({"calibration_check.json": json.dumps(content, indent=2).encode()})


def _number(value: float) -> float | None:
    return round(float(value), 2) if np.isfinite(value) else None
