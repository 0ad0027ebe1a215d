"""How far found landmarks are from true ones: positions, angles, motion."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from jaxtyping import Float

from models.skeletons import LANDMARK_INDEX

BODY: Final = tuple(range(11, 33))
"""The 22 landmarks below the head."""
MAIN: Final = tuple(
    LANDMARK_INDEX[f"{side}_{name}"]
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
)
LIMB_BONES: Final = (
    ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"),
    ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
    ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"),
    ("left_hip", "left_knee"), ("left_knee", "left_ankle"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
)  # fmt: skip

Points = Float[np.ndarray, "frames 33 3"]


def score(found_m: Points, true_m: Points, rate_hz: float) -> dict[str, float]:
    """Compare two motions of the 33 landmarks in the same axes, both rooted at the mid-hip.

    Args:
        found_m, true_m: at the same times.
        rate_hz: frames a second.

    Returns:
        Millimetres: mpjpe22_mm, pa_mpjpe22_mm (each frame laid over the truth by its best similarity), mpjpe12_mm.
        accel_error_mm_s2: mean difference of the second differences. speed_ratio: found over true mean speed; a
        frozen pose has 0. bone_cv_percent: spread of limb lengths over time. knee_deg, hip_deg, elbow_deg: RMSE of
        included angles, mean of both sides. root_abs_cm, root_unbiased_cm: path of the mid-hip, before and after its
        mean offset is removed.
    """
    found, true = rooted(found_m), rooted(true_m)
    body = list(BODY)
    error = np.linalg.norm(found - true, axis=-1)
    acceleration = (np.diff(found, 2, axis=0) - np.diff(true, 2, axis=0)) * rate_hz**2
    root = mid_hip(found_m) - mid_hip(true_m)
    return {
        "mpjpe22_mm": 1e3 * float(error[:, body].mean()),
        "pa_mpjpe22_mm": 1e3 * float(np.linalg.norm(similarity_laid(found, true) - true[:, body], axis=-1).mean()),
        "mpjpe12_mm": 1e3 * float(error[:, list(MAIN)].mean()),
        "accel_error_mm_s2": 1e3 * float(np.linalg.norm(acceleration, axis=-1)[:, body].mean()),
        "speed_ratio": float(_speed(found)[:, body].mean() / _speed(true)[:, body].mean()),
        "bone_cv_percent": 100 * float(np.mean([length.std() / length.mean() for length in _lengths(found)])),
        **{f"{joint}_deg": _angle_rmse_deg(found, true, joint) for joint in ("knee", "hip", "elbow")},
        "root_abs_cm": 1e2 * float(np.linalg.norm(root, axis=-1).mean()),
        "root_unbiased_cm": 1e2 * float(np.linalg.norm(root - root.mean(0), axis=-1).mean()),
    }


def mid_hip(points_m: Points) -> Float[np.ndarray, "frames 3"]:
    """Middle between the two hip landmarks."""
    return points_m[:, [LANDMARK_INDEX["left_hip"], LANDMARK_INDEX["right_hip"]]].mean(1)


def rooted(points_m: Points) -> Points:
    """The points about the mid-hip of each frame."""
    return points_m - mid_hip(points_m)[:, None]


def similarity_laid(found: Points, true: Points) -> Float[np.ndarray, "frames 22 3"]:
    """Body landmarks of `found`, each frame turned, scaled and shifted onto `true` (Umeyama 1991)."""
    body = list(BODY)
    a = found[:, body] - found[:, body].mean(1, keepdims=True)
    b = true[:, body] - true[:, body].mean(1, keepdims=True)
    u, stretch, vt = np.linalg.svd(np.einsum("tpi,tpj->tij", a, b))
    stretch[:, 2] *= np.sign(np.linalg.det(u @ vt))
    u[:, :, 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
    scale = stretch.sum(1) / (a**2).sum((1, 2))
    return scale[:, None, None] * np.einsum("tpi,tij,tjk->tpk", a, u, vt) + true[:, body].mean(1, keepdims=True)


def included_angles_deg(points_m: Points) -> Mapping[tuple[str, str], Float[np.ndarray, " frames"]]:
    """Bend of knee, hip (thigh against trunk) and elbow by (joint, side); 0 where the limb is straight."""
    shoulders = points_m[:, [LANDMARK_INDEX["left_shoulder"], LANDMARK_INDEX["right_shoulder"]]].mean(1)
    trunk = mid_hip(points_m) - shoulders
    angles: dict[tuple[str, str], Float[np.ndarray, " frames"]] = {}
    for side in ("left", "right"):
        shoulder, elbow, wrist, hip, knee, ankle = (
            points_m[:, LANDMARK_INDEX[f"{side}_{name}"]]
            for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
        )
        angles["knee", side] = _angle_deg(knee - hip, ankle - knee)
        angles["hip", side] = _angle_deg(trunk, knee - hip)
        angles["elbow", side] = _angle_deg(elbow - shoulder, wrist - elbow)
    return angles


def _angle_deg(u: Float[np.ndarray, "frames 3"], v: Float[np.ndarray, "frames 3"]) -> Float[np.ndarray, " frames"]:
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v), axis=-1), (u * v).sum(-1)))


def _angle_rmse_deg(found: Points, true: Points, joint: str) -> float:
    a, b = included_angles_deg(found), included_angles_deg(true)
    return float(np.mean([np.sqrt(np.mean((a[joint, side] - b[joint, side]) ** 2)) for side in ("left", "right")]))


def _speed(points_m: Points) -> Float[np.ndarray, "steps 33"]:
    return np.linalg.norm(np.diff(points_m, axis=0), axis=-1)


def _lengths(points_m: Points) -> list[Float[np.ndarray, " frames"]]:
    return [
        np.linalg.norm(points_m[:, LANDMARK_INDEX[a]] - points_m[:, LANDMARK_INDEX[b]], axis=-1) for a, b in LIMB_BONES
    ]
