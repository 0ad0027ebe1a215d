"""Which landmarks show which joints, which way elbows and knees bend, and how far joints may go.

Axes are those of the rest pose: T, facing +Z, Y up, the subject's left at +X.
"""

import math
from dataclasses import dataclass
from typing import Final

from models.skeletons import LANDMARK_INDEX, SMPL_INDEX, SMPL_JOINTS, SMPL_PARENTS


def landmark_indices(*names: str) -> tuple[int, ...]:
    """Rows of landmarks by name."""
    return tuple(LANDMARK_INDEX[name] for name in names)


@dataclass(frozen=True)
class Limb:
    """Two long bones and what hangs on them.

    Attributes:
        upper, lower, end, tip: SMPL joints; upper turns the first long bone.
        root_point, bend_point, end_point: landmarks at the ends of the long bones.
        end_points: landmarks that are fixed to the hand or foot, end_point first.
        hinge: the axis at rest about which the lower bone bends by a positive angle.
    """

    upper: int
    lower: int
    end: int
    tip: int
    root_point: int
    bend_point: int
    end_point: int
    end_points: tuple[int, ...]
    hinge: tuple[float, float, float]


def _limb(side: str, joints: str, points: str, extremes: str, hinge: tuple[float, float, float]) -> Limb:
    upper, lower, end, tip = (SMPL_INDEX[f"{side}_{name}"] for name in joints.split())
    root_point, bend_point, end_point = landmark_indices(*(f"{side}_{name}" for name in points.split()))
    end_points = (end_point, *landmark_indices(*(f"{side}_{name}" for name in extremes.split())))
    return Limb(upper, lower, end, tip, root_point, bend_point, end_point, end_points, hinge)


def _leg(side: str) -> Limb:
    return _limb(side, "hip knee ankle foot", "hip knee ankle", "heel foot_index", (1.0, 0.0, 0.0))


def _arm(side: str, hinge: tuple[float, float, float]) -> Limb:
    return _limb(side, "shoulder elbow wrist hand", "shoulder elbow wrist", "pinky index thumb", hinge)


LEGS: Final = (_leg("left"), _leg("right"))
ARMS: Final = (_arm("left", (0.0, -1.0, 0.0)), _arm("right", (0.0, 1.0, 0.0)))
HIP_POINTS: Final = landmark_indices("left_hip", "right_hip")
SHOULDER_POINTS: Final = landmark_indices("left_shoulder", "right_shoulder")
FACE_POINTS: Final = tuple(range(11))

HINGE_RANGE_RAD: Final = (0.0, math.radians(155))
"""How far the hinges go from straight: active ranges of healthy adults end at 141 (knee) and 142 (elbow) degrees
(Roaas and Andersson 1982; Boone and Azen 1979); soft tissue lets the passive knee go some ten degrees further."""

EVIDENCE: Final = tuple(
    landmark_indices(*names.split())
    for names in (
        "left_hip right_hip", "left_hip left_knee", "right_hip right_knee", "left_hip right_hip",
        "left_knee left_ankle", "right_knee right_ankle", "left_hip right_hip left_shoulder right_shoulder",
        "left_ankle left_heel left_foot_index", "right_ankle right_heel right_foot_index",
        "left_shoulder right_shoulder", "left_heel left_foot_index", "right_heel right_foot_index",
        "left_shoulder right_shoulder nose", "left_shoulder", "right_shoulder", "nose left_ear right_ear",
        "left_shoulder left_elbow", "right_shoulder right_elbow", "left_elbow left_wrist", "right_elbow right_wrist",
        "left_wrist left_pinky left_index", "right_wrist right_pinky right_index", "left_pinky left_index",
        "right_pinky right_index",
    )
)  # fmt: skip
"""For each SMPL joint the landmarks that its rotation is read from."""


def below(joint: int) -> tuple[int, ...]:
    """A joint and all that hang on it."""
    found = [joint]
    for child, parent in enumerate(SMPL_PARENTS):
        if parent in found and child not in found:
            found.append(child)
    return tuple(found)


SUBTREES: Final = tuple(below(joint) for joint in range(len(SMPL_JOINTS)))
