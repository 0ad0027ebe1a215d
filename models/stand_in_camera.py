"""The camera that stands in for the one that nobody had: in front of a motion, far enough to see all of it."""

from typing import Final

import numpy as np
from jaxtyping import Float

PICTURE_PX: Final = (1280, 720)
FOCAL_LENGTH_PX: Final = 1000.0


def world_from_stand_in(joints_m: Float[np.ndarray, "frames 24 3"]) -> Float[np.ndarray, "4 4"]:
    """In front of the motion at the height of its middle, looking along -Z."""
    low_m, high_m = joints_m.min(axis=(0, 1)), joints_m.max(axis=(0, 1))
    size_m = high_m - low_m
    away_m = 1.0 + FOCAL_LENGTH_PX * max(size_m[0] / PICTURE_PX[0], size_m[1] / PICTURE_PX[1]) * 1.2
    world_from_camera = np.diag([1.0, -1.0, -1.0, 1.0])
    world_from_camera[:3, 3] = (low_m + high_m) / 2 + np.array([0.0, 0.0, size_m[2] / 2 + away_m])
    return world_from_camera


def stand_in_matrix() -> Float[np.ndarray, "3 3"]:
    """A pinhole that meets the picture in its centre."""
    width_px, height_px = PICTURE_PX
    return np.array([[FOCAL_LENGTH_PX, 0, width_px / 2], [0, FOCAL_LENGTH_PX, height_px / 2], [0, 0, 1.0]])
