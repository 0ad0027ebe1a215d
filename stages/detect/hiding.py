"""Takes people out of a picture, so that whoever is half hidden behind them can be read.

The landmark network takes whatever person fills a crop most; without him, what is seen of the other is enough.
"""

from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from models.skeletons import LANDMARK_INDEX

SMALL_PX: Final = 160
"""Longer side, at most, of the copy in which colours are spread over what is painted ..."""
SPREAD_PX: Final = 6.0
"""... about this far ..."""
FAR: Final = np.float32(1e-3)
"""... and weight of the mean of all the rest, which counts where nothing else is near."""
LIMB: Final = 0.24
"""Thickness of limbs, and ..."""
HEAD: Final = 0.30
"""... radius of the head, over the length of the trunk."""
WIDE: Final = 1.33
"""So much thicker where nothing of them may be left over: it could be read as somebody new."""
GREY: Final = 128
LEAST_FREE: Final = 0.45
"""Somebody of whose landmarks a smaller share lies beside what was painted is not seen."""
_LIMBS: Final = tuple(
    (LANDMARK_INDEX[f"{side}_{start}"], LANDMARK_INDEX[f"{side}_{end}"])
    for side in ("left", "right")
    for start, end in (
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
        ("wrist", "index"),
        ("hip", "knee"),
        ("knee", "ankle"),
        ("ankle", "foot_index"),
    )
)
_TRUNK: Final = [LANDMARK_INDEX[name] for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]


def covered_by(
    landmarks_px: Float[np.ndarray, "people 33 2"], height_px: int, width_px: int, wide: float = 1.0
) -> Bool[np.ndarray, "height width"]:
    """Where these people are in the picture, roughly; `wide`: how much thicker than they should be."""
    mask = np.zeros((height_px, width_px), np.uint8)
    for points in np.clip(np.round(landmarks_px), -(2**14), 2**14).astype(np.int32):
        trunk = points[_TRUNK]
        length_px = float(np.linalg.norm(trunk[:2].mean(axis=0) - trunk[2:].mean(axis=0)))
        thick_px = max(1, round(wide * LIMB * length_px))
        hull = cv2.convexHull(trunk)
        cv2.fillConvexPoly(mask, hull, 1)
        cv2.polylines(mask, [hull], isClosed=True, color=1, thickness=thick_px)
        for start, end in _LIMBS:
            cv2.line(mask, points[start].tolist(), points[end].tolist(), 1, thick_px)
        head = points[:11].mean(axis=0).astype(int).tolist()
        cv2.circle(mask, head, max(1, round(wide * HEAD * length_px)), 1, -1)
    return mask.astype(bool)


def without(
    picture: UInt8[np.ndarray, "height width 3"], covered: Bool[np.ndarray, "height width"]
) -> UInt8[np.ndarray, "height width 3"]:
    """The picture with the colours of what lies around where people are: a silhouette would be read as a person."""
    height, width = covered.shape
    free = (~covered).view(np.uint8)
    step = -(-max(height, width) // SMALL_PX)
    share = free[step // 2 :: step, step // 2 :: step].astype(np.float32)
    colours = picture[step // 2 :: step, step // 2 :: step] * share[..., None]
    mean = colours.sum(axis=(0, 1)) / max(float(share.sum()), 1e-3)
    near = cv2.GaussianBlur(colours, (0, 0), SPREAD_PX) + FAR * mean
    near /= cv2.GaussianBlur(share, (0, 0), SPREAD_PX)[..., None] + FAR
    around = cv2.resize(np.clip(near, 0, 255).astype(np.uint8), (width, height))
    return np.asarray(cv2.copyTo(picture, free, around), np.uint8)


def greyed(
    picture: UInt8[np.ndarray, "height width 3"], covered: Bool[np.ndarray, "height width"]
) -> UInt8[np.ndarray, "height width 3"]:
    """The picture with grey silhouettes of people: whoever is not seen beside them is read as one of them."""
    free = (~covered).view(np.uint8)
    return np.asarray(cv2.copyTo(picture, free, np.full_like(picture, GREY)), np.uint8)


def is_seen(
    landmarks_px: Float[np.ndarray, "people 33 2"], covered: Bool[np.ndarray, "height width"]
) -> Bool[np.ndarray, " people"]:
    """Whether enough of each person lies beside what was painted."""
    height, width = covered.shape
    column = np.clip(np.floor(landmarks_px[..., 0]), 0, width - 1).astype(np.intp)
    row = np.clip(np.floor(landmarks_px[..., 1]), 0, height - 1).astype(np.intp)
    return (~covered[row, column]).mean(axis=1) >= LEAST_FREE
