"""Squares on the picture that hold one person each: how they are found, cut out and moved on."""

from typing import Final

import cv2
import numpy as np
from jaxtyping import Float, UInt8

MARGIN: Final = 1.25
"""A region is this much larger than the circle about the person (MediaPipe, pose_landmarks_to_roi)."""


def region_about(
    hip_px: Float[np.ndarray, "*batch 2"], rim_px: Float[np.ndarray, "*batch 2"]
) -> Float[np.ndarray, "*batch 4"]:
    """The square about a person, given as a circle about the mid-hip with a point on its rim above the head.

    Returns:
        Centre x, centre y, side (pixels), roll (radians, clockwise on the picture, 0 for an upright person, -pi..pi).
    """
    up = rim_px - hip_px
    side = 2 * MARGIN * np.hypot(up[..., 0], up[..., 1])
    roll = np.arctan2(up[..., 0], -up[..., 1])
    return np.concatenate([hip_px, side[..., None], roll[..., None]], axis=-1)


def picture_from_crop(
    unit: Float[np.ndarray, "batch points 2"], region: Float[np.ndarray, "batch 4"]
) -> Float[np.ndarray, "batch points 2"]:
    """Move points of the unit square (0..1 across the region) to pixels of the picture."""
    return region[:, None, :2] + turn((unit - 0.5) * region[:, None, 2:3], region[:, 3])


def crop_from_picture(
    points_px: Float[np.ndarray, "batch points 2"], region: Float[np.ndarray, "batch 4"]
) -> Float[np.ndarray, "batch points 2"]:
    """The inverse of picture_from_crop."""
    return turn((points_px - region[:, None, :2]) / region[:, None, 2:3], -region[:, 3]) + 0.5


def turn(
    vector: Float[np.ndarray, "batch points 2"], roll_rad: Float[np.ndarray, " batch"]
) -> Float[np.ndarray, "batch points 2"]:
    """Turn vectors clockwise on the picture (x right, y down)."""
    cos, sin = np.cos(roll_rad)[:, None], np.sin(roll_rad)[:, None]
    x, y = vector[..., 0], vector[..., 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)


def cut(
    picture: UInt8[np.ndarray, "height width 3"], region: Float[np.ndarray, " 4"], side: int
) -> UInt8[np.ndarray, "side side 3"]:
    """Sample a region as a small upright square; black beyond the picture's rim."""
    corners = np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])
    origin, right, down = picture_from_crop(corners, region[None])[0]
    linear = np.stack([right - origin, down - origin], axis=1) / side
    # OpenCV counts from pixel centres, we from the corner of the picture.
    shift = origin + linear @ np.array([0.5, 0.5]) - 0.5
    picture_from_small = np.concatenate([linear, shift[:, None]], axis=1)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, picture_from_small, (side, side), flags=flags), np.uint8)


def merge_overlapping(
    box: Float[np.ndarray, "boxes 4"],
    points: Float[np.ndarray, "boxes points 2"],
    score: Float[np.ndarray, " boxes"],
    overlap: float,
) -> tuple[Float[np.ndarray, "people points 2"], Float[np.ndarray, " people"]]:
    """Average the points of boxes (left, top, right, bottom) that overlap a better one, weighted by score.

    Best first. The overlap is intersection over union ("blaze" suppression of Bazarevsky et al. 2019).
    """
    waiting = np.argsort(-score, kind="stable")
    merged, best = list[np.ndarray](), list[float]()
    while len(waiting):
        same = _overlap(box[waiting[0]], box[waiting]) > overlap
        same[0] = True
        group = waiting[same]
        merged.append(np.average(points[group], axis=0, weights=score[group]))
        best.append(float(score[group[0]]))
        waiting = waiting[~same]
    return np.array(merged).reshape(-1, *points.shape[1:]), np.array(best)


def _overlap(one: Float[np.ndarray, " 4"], many: Float[np.ndarray, "boxes 4"]) -> Float[np.ndarray, " boxes"]:
    shared = np.minimum(one[2:], many[:, 2:]) - np.maximum(one[:2], many[:, :2])
    intersection = np.prod(np.maximum(shared, 0.0), axis=1)
    union = np.prod(one[2:] - one[:2]) + np.prod(many[:, 2:] - many[:, :2], axis=1) - intersection
    return intersection / union
