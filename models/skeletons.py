"""Which points and joints there are: names, parents, left and right."""

from typing import Final

SMPL_JOINTS: Final = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand",
)  # fmt: skip
"""Joint order of SMPL (Loper et al. 2015) with its 24 joints."""

SMPL_PARENTS: Final = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)

LANDMARKS: Final = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index",
    "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    "left_heel", "right_heel", "left_foot_index", "right_foot_index",
)  # fmt: skip
"""The 33 landmarks of BlazePose (Bazarevsky et al. 2020) in its order."""

LANDMARK_BONES: Final = (
    ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"),
    ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"),
    ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
    ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"),
    ("left_wrist", "left_pinky"), ("left_wrist", "left_index"), ("left_wrist", "left_thumb"),
    ("right_wrist", "right_pinky"), ("right_wrist", "right_index"), ("right_wrist", "right_thumb"),
    ("left_hip", "left_knee"), ("left_knee", "left_ankle"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
    ("left_ankle", "left_heel"), ("left_ankle", "left_foot_index"), ("left_heel", "left_foot_index"),
    ("right_ankle", "right_heel"), ("right_ankle", "right_foot_index"), ("right_heel", "right_foot_index"),
)  # fmt: skip
"""Pairs of landmarks whose distance a skeleton keeps; also what an overlay draws."""


def mirror_order(names: tuple[str, ...]) -> tuple[int, ...]:
    """Index of each name's mirror twin; a name without a side is its own."""
    swap = {"left": "right", "right": "left"}
    twin = ["_".join(swap.get(part, part) for part in name.split("_")) for name in names]
    return tuple(names.index(name) for name in twin)


LANDMARK_MIRROR: Final = mirror_order(LANDMARKS)
SMPL_MIRROR: Final = mirror_order(SMPL_JOINTS)
LANDMARK_INDEX: Final = {name: index for index, name in enumerate(LANDMARKS)}
SMPL_INDEX: Final = {name: index for index, name in enumerate(SMPL_JOINTS)}
