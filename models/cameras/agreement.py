"""Whether a calibration fits the pictures: how far rays miss each other, and the shift that would lessen it."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np
from jaxtyping import Float

from models.cameras.calibration import CalibratedCamera
from models.cameras.epipolar import distance_px

STILL_PX: Final = 10.0
"""Standard deviation of a shift before anything was seen: along its epipolar line a point tells nothing of it."""
ALL_PX: Final = 4.0
"""Standard deviation of what all landmarks together tell of it: their errors average out neither in time nor over the
body."""


def missed_px(
    pixels: Float[np.ndarray, "cameras moments points 2"],
    confidence: Float[np.ndarray, "cameras moments points"],
    cameras: Sequence[CalibratedCamera],
) -> Float[np.ndarray, " cameras"]:
    """Median distance between each camera's points and what the others say of them; NaN where there is nothing."""
    found: list[list[np.ndarray]] = [[] for _ in cameras]
    for a, b in combinations(range(len(cameras)), 2):
        miss = np.abs(distance_px(pixels[a], pixels[b], cameras[a], cameras[b]))
        chosen = miss[np.isfinite(miss) & (np.minimum(confidence[a], confidence[b]) > 0.5)]
        for camera in (a, b):
            found[camera].append(chosen)
    joined = [np.concatenate(parts) for parts in found]
    return np.array([np.median(values) if len(values) else np.nan for values in joined])


def shifted_px(
    pixels: Float[np.ndarray, "cameras moments points 2"],
    confidence: Float[np.ndarray, "cameras moments points"],
    cameras: Sequence[CalibratedCamera],
) -> Float[np.ndarray, "cameras 2"]:
    """The least shift of every camera's pictures that explains what the rays have in common.

    Two cameras share the blame: which of them moved, only a third one tells. A shift along the epipolar lines cannot
    be seen at all.
    """
    count = len(cameras)
    normal, right = np.eye(2 * count) / STILL_PX**2, np.zeros(2 * count)
    for a, b in combinations(range(count), 2):
        rows, miss, weight = _linearised(a, b, pixels, confidence, cameras)
        if weight.sum() > 0:
            weight = weight / weight.sum() / ALL_PX**2
            normal += rows.T @ (weight[:, None] * rows)
            right += rows.T @ (weight * miss)
    return np.linalg.solve(normal, right).reshape(count, 2)


def _linearised(
    a: int, b: int, pixels: np.ndarray, confidence: np.ndarray, cameras: Sequence[CalibratedCamera]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How the distances of a pair of cameras change with all shifts; the distances; their weights."""
    first, second = pixels[a].reshape(-1, 2), pixels[b].reshape(-1, 2)
    miss = distance_px(first, second, cameras[a], cameras[b])
    known = np.isfinite(miss)
    first, second, miss = first[known], second[known], miss[known]
    rows = np.zeros((len(miss), 2 * len(cameras)))
    for axis in range(2):
        step = np.eye(2)[axis]
        rows[:, 2 * a + axis] = distance_px(first + step, second, cameras[a], cameras[b]) - miss
        rows[:, 2 * b + axis] = distance_px(first, second + step, cameras[a], cameras[b]) - miss
    weight = np.minimum(confidence[a], confidence[b]).reshape(-1)[known]
    # one wrong limb must not shift a picture
    limit = 3 * max(float(np.median(np.abs(miss))) if len(miss) else 1.0, 1.0)
    return rows, np.clip(miss, -limit, limit), weight


def whole_shift_px(shifted_px: Float[np.ndarray, "cameras 2"]) -> float:
    """The shift of one camera's pictures that would leave these shares of the blame."""
    count = len(shifted_px)
    return float(np.linalg.norm(shifted_px) * np.sqrt(count / (count - 1)))
