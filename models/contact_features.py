"""What tells whether a foot stands: heights and speeds of both feet around the moment, seen from the camera.

One camera sees badly how fast something moves toward it; so speeds along and across the line of sight count apart.
Nothing here knows left from right or north from east: a mirrored or turned motion has the same features.
"""

from typing import Final

import numpy as np
from jaxtyping import Float

from models.contacts import CONTACT_ROWS, SOLE_M, over_local_floor
from models.skeletons import LANDMARK_INDEX

TAPS_S: Final = (-0.4, -0.27, -0.13, -0.067, 0.0, 0.067, 0.13, 0.27, 0.4)
"""Moments, relative to the one in question, that are looked at."""
HIGH_M: Final = 0.1
FAST_M_S: Final = 1.0
FARTHEST: Final = 3.0
"""Heights and speeds are told in these units; beyond so many all are alike."""
FOOT_COLUMNS: Final = 19
ODD_COLUMNS: Final = (4, 5, 12, 18)
"""What changes its sign when time runs backwards."""

_LEGS: Final = tuple(
    tuple(LANDMARK_INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle")) for side in ("left", "right")
)

Features = Float[np.ndarray, "frames 2 features"]


def contact_features(
    landmarks_m: Float[np.ndarray, "frames 33 3"],
    timestamps_s: Float[np.ndarray, " frames"],
    camera_m: Float[np.ndarray, "3"],
) -> tuple[Features, Features]:
    """Of the left and the right foot: as it is, and as if time ran backwards.

    Args:
        landmarks_m: in the world, Y up, floor near y = 0, no NaN; at least two frames.
        timestamps_s: rising, of nearly constant steps.
        camera_m: where the camera is.
    """
    columns = _columns(landmarks_m, timestamps_s, camera_m)
    turned = columns.copy()
    turned[..., list(ODD_COLUMNS)] *= -1
    return _tapped(columns, timestamps_s, TAPS_S), _tapped(turned, timestamps_s, TAPS_S[::-1])


def _columns(landmarks_m: np.ndarray, timestamps_s: np.ndarray, camera_m: np.ndarray) -> np.ndarray:
    feet_m = landmarks_m[:, CONTACT_ROWS]
    pelvis_m = landmarks_m[:, [leg[0] for leg in _LEGS]].mean(axis=1)
    ahead = (pelvis_m - camera_m)[:, [0, 2]]
    ahead = ahead / np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    speed_m_s = np.gradient(feet_m, timestamps_s, axis=0)
    pelvis_m_s = np.gradient(pelvis_m, timestamps_s, axis=0)
    feet = [
        (feet_m[..., 1] - np.array(SOLE_M)) / HIGH_M,
        over_local_floor(feet_m, timestamps_s, np.array(SOLE_M)) / HIGH_M,
        speed_m_s[..., 1] / FAST_M_S,
        _across(speed_m_s, ahead[:, None]) / FAST_M_S,
        _along(speed_m_s, ahead[:, None]) / FAST_M_S,
    ]
    pelvis = [_across(pelvis_m_s, ahead), _along(pelvis_m_s, ahead), pelvis_m_s[:, 1]]
    way = pelvis_m_s[:, [0, 2]] / np.maximum(np.linalg.norm(pelvis_m_s[:, [0, 2]], axis=1, keepdims=True), 0.1)
    forward = (speed_m_s[..., [0, 2]] * way[:, None]).sum(axis=-1).reshape(-1, 2, 2).mean(axis=2)
    sides: list[np.ndarray] = []
    for side, leg in enumerate(_LEGS):
        own = [part[:, 2 * side : 2 * side + 2] for part in feet]
        other = [
            part[:, 2 - 2 * side : 4 - 2 * side].mean(axis=1, keepdims=True)
            for part in (*feet[1:2], *feet[3:], feet[2])
        ]
        rest = np.stack([*pelvis, _stretch(landmarks_m[:, leg]), forward[:, side]], axis=1)
        sides.append(np.concatenate([*own, rest, *other], axis=1))
    return np.clip(np.stack(sides, axis=1), -FARTHEST, FARTHEST)


def _across(speed_m_s: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    return np.abs(speed_m_s[..., 0] * ahead[..., 1] - speed_m_s[..., 2] * ahead[..., 0])


def _along(speed_m_s: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    return np.abs(speed_m_s[..., 0] * ahead[..., 0] + speed_m_s[..., 2] * ahead[..., 1])


def _stretch(leg_m: Float[np.ndarray, "frames 3 3"]) -> Float[np.ndarray, " frames"]:
    """How far hip and ankle are apart, as a share of the leg, from a bent knee (0) to a straight one (1)."""
    bones_m = np.linalg.norm(np.diff(leg_m, axis=1), axis=-1).sum(axis=1)
    share = np.linalg.norm(leg_m[:, 2] - leg_m[:, 0], axis=-1) / np.maximum(bones_m, 1e-9)
    return (share - 0.8) / 0.2


def _tapped(columns: np.ndarray, timestamps_s: np.ndarray, taps_s: tuple[float, ...]) -> np.ndarray:
    """The columns at every tap; held beyond the ends."""
    frames = len(columns)
    rate_hz = (frames - 1) / (timestamps_s[-1] - timestamps_s[0])
    taps: list[np.ndarray] = []
    for tap_s in taps_s:
        place = np.clip(np.arange(frames) + tap_s * rate_hz, 0, frames - 1)
        before = np.minimum(place.astype(int), frames - 2)
        share = (place - before)[:, None, None]
        taps.append((1 - share) * columns[before] + share * columns[before + 1])
    return np.concatenate(taps, axis=-1)
