"""Where the landmarks of the face lie once nose and ears are known: a head is rigid."""

import numpy as np
from jaxtyping import Bool, Float

from models.skeletons import LANDMARK_INDEX

_NOSE, _LEFT, _RIGHT = (LANDMARK_INDEX[name] for name in ("nose", "left_ear", "right_ear"))


def carry_face(
    landmarks_m: Float[np.ndarray, "frames 33 3"],
    rough_m: Float[np.ndarray, "frames 33 3"],
    seen: Bool[np.ndarray, " frames"],
) -> Float[np.ndarray, "frames 33 3"]:
    """Landmarks with the face put where the median head of the rough shape has it.

    Args:
        landmarks_m: nose and ears are right.
        rough_m: the detector's shape; read where seen.
    """
    rough_seen = rough_m[seen, :11]
    local = np.einsum("fji,fpj->fpi", _head_axes(rough_m[seen]), rough_seen - rough_seen[:, [_NOSE]])
    face = landmarks_m[:, [_NOSE]] + np.einsum("fij,pj->fpi", _head_axes(landmarks_m), np.median(local, axis=0))
    kept = [_NOSE, _LEFT, _RIGHT]
    face[:, kept] = landmarks_m[:, kept]
    return np.concatenate([face, landmarks_m[:, 11:]], axis=1)


def _head_axes(landmarks_m: Float[np.ndarray, "frames points 3"]) -> Float[np.ndarray, "frames 3 3"]:
    """Columns: to the left ear, then up and forward; any square axes where nose and ears are in line."""
    across = landmarks_m[:, _LEFT] - landmarks_m[:, _RIGHT]
    forward = landmarks_m[:, _NOSE] - (landmarks_m[:, _LEFT] + landmarks_m[:, _RIGHT]) / 2
    across = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    up = np.cross(forward, across)
    up = up / np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-9)
    return np.stack([across, up, np.cross(across, up)], axis=2)
