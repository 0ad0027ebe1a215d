"""From contacts, frame by frame, to stances: what stands how long, and on what floor."""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models.foot_lock import Stance

SHORTEST_S: Final = 0.1
"""What touches the floor for a shorter time is not held."""
SHORTEST_FLIGHT_S: Final = 0.07
"""Nobody lifts a foot and sets it down again so fast."""
STRAY_M: Final = 0.07
CREEP_M_S: Final = 0.2
"""What stands stays so near to its place on the picture, and is no faster on the whole."""
STEP_M: Final = 0.12
"""Who stands higher or lower than this does not stand on the floor but on something of its own height: a stair has 17
centimetres, one camera errs by ten."""


def find_stance(
    stands: Bool[np.ndarray, "frames 2 2"],
    points_m: Float[np.ndarray, "frames 2 2 3"],
    camera_m: Float[np.ndarray, "3"],
    rate_hz: float,
) -> Stance:
    """Clear up contacts and tell the height of what each foot stands on.

    Args:
        stands: heel and ball of the left, then the right foot.
        points_m: where they are; the floor is at y = 0.
        camera_m: what moves on its picture does not stand.
    """
    seen_m = _across_m(points_m.reshape(len(stands), 4, 3), camera_m)
    columns = [
        _cleared(_still(_cleared(column, rate_hz), seen_m[:, point], rate_hz), rate_hz)
        for point, column in enumerate(stands.reshape(len(stands), 4).T)
    ]
    held = np.stack(columns, axis=1).reshape(stands.shape)
    floor_m = np.stack([_floor_m(held[:, foot], points_m[:, foot, :, 1]) for foot in range(2)], axis=1)
    return Stance(held, floor_m)


def runs(held: Bool[np.ndarray, " frames"]) -> list[tuple[int, int]]:
    """First frame and the one after the last of every stretch that holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], held, [False]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _across_m(points_m: np.ndarray, camera_m: np.ndarray) -> np.ndarray:
    """Where points are on a sphere about the camera that is as far away as they are on average."""
    ray = points_m - camera_m
    distance_m = np.linalg.norm(ray, axis=-1, keepdims=True)
    return ray / distance_m * distance_m.mean(axis=0)


def _still(held: Bool[np.ndarray, " frames"], seen_m: Float[np.ndarray, "frames 3"], rate_hz: float) -> np.ndarray:
    """Contacts without what moves across the line of sight, where a camera sees well."""
    kept = np.zeros_like(held)
    waiting = runs(held)
    while waiting:
        start, stop = waiting.pop()
        piece_m = seen_m[start:stop]
        if stop - start < SHORTEST_S * rate_hz:
            continue
        near: Bool[np.ndarray, " frames"] = np.asarray(
            np.linalg.norm(piece_m - np.median(piece_m, axis=0), axis=1) < STRAY_M
        )
        if near.all():
            time_s = (np.arange(stop - start) - (stop - start - 1) / 2) / rate_hz
            speed_m_s = time_s @ piece_m / (time_s @ time_s)
            kept[start:stop] = np.linalg.norm(speed_m_s) < CREEP_M_S
        elif near.any():
            for inside in (near, ~near):
                waiting += [(start + first, start + after) for first, after in runs(inside)]
    return kept


def _cleared(held: Bool[np.ndarray, " frames"], rate_hz: float) -> Bool[np.ndarray, " frames"]:
    held = held.copy()
    for start, stop in runs(~held):
        if start > 0 and stop < len(held) and stop - start < SHORTEST_FLIGHT_S * rate_hz:
            held[start:stop] = True
    for start, stop in runs(held):
        if stop - start < SHORTEST_S * rate_hz:
            held[start:stop] = False
    return held


def _floor_m(
    held: Bool[np.ndarray, "frames 2"], height_m: Float[np.ndarray, "frames 2"]
) -> Float[np.ndarray, " frames"]:
    """The floor's height below one foot; in flight the lower of what it comes from and goes to."""
    floor_m = np.full(len(held), np.nan)
    stretches = runs(held[:, 0] | held[:, 1])
    levels_m = [float(np.median(height_m[start:stop][held[start:stop]])) for start, stop in stretches]
    levels_m = [0.0 if abs(level_m) < STEP_M else level_m for level_m in levels_m]
    for (start, stop), level_m in zip(stretches, levels_m, strict=True):
        floor_m[start:stop] = level_m
    ends = zip([0, *(stop for _, stop in stretches)], [*(start for start, _ in stretches), len(held)], strict=True)
    for number, flight in enumerate(ends):
        floor_m[slice(*flight)] = min(levels_m[max(number - 1, 0) : number + 1], default=np.nan)
    return floor_m
