"""When heels and toes stand on the floor: low and slow, with hysteresis, the same read forwards and backwards.

Height counts over the floor as the feet themselves show it: the lowest point of both feet in a window of time, opened
(least, then greatest) so that the air between steps does not lift it. One camera places a person a decimetre too high
or too low, and lets a standing foot slide; y = 0 would miss half of the contacts.
"""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models.skeletons import LANDMARK_INDEX

CONTACT_POINTS: Final = ("left_heel", "left_foot_index", "right_heel", "right_foot_index")
"""The landmarks that stand, in the order of the columns of `foot_contacts`."""

CONTACT_ROWS: Final = tuple(LANDMARK_INDEX[name] for name in CONTACT_POINTS)
"""Their rows among the 33 landmarks."""

SOLE_M: Final = (0.047, 0.029, 0.047, 0.029)
"""How high these landmarks lie on the free body when it stands on flat soles; shapes two standard deviations away
change it by 4 mm."""

LAND_M: Final = 0.07
LEAVE_M: Final = 0.08
LAND_M_S: Final = 0.9
LEAVE_M_S: Final = 1.2
"""A contact begins where a point is lower than LAND_M over the floor and slower than LAND_M_S, and reaches both ways
as far as it stays lower than LEAVE_M and slower than LEAVE_M_S. A standing foot reads up to 0.8 m/s along the line of
sight of one camera, a swinging one 2 to 5 m/s. Picked on a grid, by hand and once (no command repeats it), for their
agreement with the contacts of eight drawn clips whose truth is known: F1 0.83, where "always standing" has 0.66."""

FLOOR_S: Final = 0.3
"""The floor is looked for this long before and after: a step is shorter, and so is a jump's flight."""


def foot_contacts(
    landmarks_m: Float[np.ndarray, "frames 33 3"], timestamps_s: Float[np.ndarray, " frames"]
) -> Bool[np.ndarray, "frames 4"]:
    """Which of `CONTACT_POINTS` stand in which frame.

    Args:
        landmarks_m: in the world, Y up, no NaN.
        timestamps_s: rising; of nearly constant steps.
    """
    return point_contacts(landmarks_m[:, CONTACT_ROWS], timestamps_s, np.array(SOLE_M))


def point_contacts(
    points_m: Float[np.ndarray, "frames points 3"],
    timestamps_s: Float[np.ndarray, " frames"],
    sole_m: Float[np.ndarray, " points"],
) -> Bool[np.ndarray, "frames points"]:
    """The same for any points of both feet.

    Args:
        sole_m: how high each point lies when the foot stands flat.
    """
    if len(points_m) < 2:
        return points_m[..., 1] - sole_m < LAND_M
    over_floor_m = over_local_floor(points_m, timestamps_s, sole_m)
    speed_m_s = np.linalg.norm(np.gradient(points_m, timestamps_s, axis=0), axis=-1)
    lands = (over_floor_m < LAND_M) & (speed_m_s < LAND_M_S)
    stays = (over_floor_m < LEAVE_M) & (speed_m_s < LEAVE_M_S)
    return np.stack([runs_with(stays[:, p], lands[:, p]) for p in range(points_m.shape[1])], axis=1)


def over_local_floor(
    points_m: Float[np.ndarray, "frames points 3"],
    timestamps_s: Float[np.ndarray, " frames"],
    sole_m: Float[np.ndarray, " points"],
) -> Float[np.ndarray, "frames points"]:
    """How high points are over the floor as the lowest of them shows it around the moment; at least two frames."""
    height_m = points_m[..., 1] - sole_m
    return height_m - _opened(height_m.min(axis=1), _reach(timestamps_s))[:, None]


def _reach(timestamps_s: Float[np.ndarray, " frames"]) -> int:
    return max(1, round(FLOOR_S / float(np.median(np.diff(timestamps_s)))))


def _opened(value: Float[np.ndarray, " frames"], reach: int) -> Float[np.ndarray, " frames"]:
    """The greatest of the least within reach: dips stay, bumps shorter than the window go."""
    for choose in (np.min, np.max):
        around = np.lib.stride_tricks.sliding_window_view(np.pad(value, reach, mode="edge"), 2 * reach + 1)
        value = choose(around, axis=-1)
    return value


def runs_with(stays: Bool[np.ndarray, " frames"], lands: Bool[np.ndarray, " frames"]) -> Bool[np.ndarray, " frames"]:
    """Unbroken runs of `stays` in which `lands` holds at least once."""
    run = np.cumsum(np.diff(stays, prepend=False) & stays)
    return stays & np.isin(run, run[lands])
