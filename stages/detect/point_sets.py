"""Which of the 33 landmarks other networks' points are, by how many points they have."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from jaxtyping import Int

from models.skeletons import LANDMARKS

COCO_17: Final = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
"""Lin et al. 2014, "Microsoft COCO"."""

_BODY_26: Final = dict(enumerate(COCO_17)) | {
    20: "left_foot_index",
    21: "right_foot_index",
    24: "left_heel",
    25: "right_heel",
}
"""Halpe (Fang et al. 2022): foot_index is the big toe; left out are head, neck, hip and the small toes."""

_WHOLE_BODY_133: Final = dict(enumerate(COCO_17)) | {
    17: "left_foot_index",
    19: "left_heel",
    20: "right_foot_index",
    22: "right_heel",
    59: "right_eye_outer",
    62: "right_eye_inner",
    65: "left_eye_inner",
    68: "left_eye_outer",
    71: "mouth_right",
    77: "mouth_left",
    94: "left_thumb",
    96: "left_index",
    108: "left_pinky",
    115: "right_thumb",
    117: "right_index",
    129: "right_pinky",
}
"""COCO-WholeBody (Jin et al. 2020): the face from 23, 68 points from the right jaw on, hands from 91 and 112, 21 points
from the wrist on. BlazePose's hands are knuckles: the first of index finger and little finger, the second of the
thumb."""

_SETS: Final[Mapping[int, Mapping[int, str]]] = {
    17: dict(enumerate(COCO_17)),
    26: _BODY_26,
    133: _WHOLE_BODY_133,
}
KNOWN: Final = tuple(_SETS)
"""Numbers of points that a set has."""


def landmark_sources(count: int) -> Int[np.ndarray, " 33"]:
    """For each landmark its place in the set of this many points (one of KNOWN); -1 where the set lacks it."""
    place = {name: index for index, name in _SETS[count].items()}
    return np.array([place.get(name, -1) for name in LANDMARKS], np.intp)
