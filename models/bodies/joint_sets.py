"""The keypoints of other people's data sets as places on a body: names and order are theirs.

Limb joints are the body's joint centres, faces the detector's landmarks, feet named vertices of the skin. People who
marked keypoints by hand, and the networks that learned from them, put hips and shoulders a few centimetres elsewhere:
these are definitions, not calibrations.
"""

from collections.abc import Mapping
from typing import Final

from models.bodies.points import Inside, OnSkin, Place, Seen, Vertex
from models.skeletons import SMPL_JOINTS

_FACE: Final = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_LIMBS: Final = tuple(
    f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")
)
_FEET: Final = tuple(f"{side}{part}" for part in ("BigToe", "SmallToe", "Heel") for side in "LR")

_PART: Final[Mapping[str, Place]] = {
    **{name: Seen(name) for name in _FACE},
    **{name: Inside({name: 1.0}) for name in _LIMBS},
    **{name: Vertex(name) for name in _FEET},
    "mid_hip": Inside({"left_hip": 0.5, "right_hip": 0.5}),
    "mid_shoulder": Inside({"left_shoulder": 0.5, "right_shoulder": 0.5}),
    "spine": Inside({"spine2": 1.0}),
    "thorax": Inside({"neck": 1.0}),
    "head_top": OnSkin({"head": 1.0}, (0.0, 1.0, 0.0)),
}


def _short(name: str) -> str:
    """left_eye as LEye."""
    side, _, part = name.partition("_")
    return f"{side[0].upper()}{part.capitalize()}" if part else name.capitalize()


def _named(table: str) -> Mapping[str, Place]:
    """Pairs of name and part, or parts alone that are called by their short names."""
    pairs = [word.partition("=") for word in table.split()]
    return {(name if part else _short(name)): _PART[part or name] for name, _, part in pairs}


COCO_17: Final[Mapping[str, Place]] = {name: _PART[name] for name in (*_FACE, *_LIMBS)}
"""Lin et al. 2014, in the order of COCO's `person` category."""

BODY_25: Final = _named(
    "nose Neck=mid_shoulder right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist MidHip=mid_hip "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear left_ear "
    "LBigToe=LBigToe LSmallToe=LSmallToe LHeel=LHeel RBigToe=RBigToe RSmallToe=RSmallToe RHeel=RHeel"
)
"""OpenPose's model (Cao et al. 2019); its Neck is the middle of the shoulders, MidHip that of the hips."""

HALPE_26: Final = _named(
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_wrist "
    "right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle Head=head_top Neck=mid_shoulder "
    "Hip=mid_hip LBigToe=LBigToe RBigToe=RBigToe LSmallToe=LSmallToe RSmallToe=RSmallToe LHeel=LHeel RHeel=RHeel"
)
"""AlphaPose's set (Fang et al. 2022). Neck: the middle of the shoulders, Head: the top of the head."""

H36M_17: Final = _named(
    "Hip=mid_hip right_hip right_knee RFoot=right_ankle left_hip left_knee LFoot=left_ankle Spine=spine "
    "Thorax=thorax Neck/Nose=nose Head=head_top left_shoulder left_elbow left_wrist right_shoulder right_elbow "
    "right_wrist"
)
"""The 17 joints of Human3.6M (Ionescu et al. 2014) that benchmarks use. Which of the body's joints stand for Spine
(here spine2, T12/L1 on the free body) and Thorax (neck, C7/T1) is an assumption."""

SMPL_24_MID_HIP: Final[Mapping[str, Place]] = {"mid_hip": _PART["mid_hip"]} | {
    name: Inside({name: 1.0}) for name in SMPL_JOINTS[1:]
}
"""SMPL's joints as they come from data sets that call the middle of the hips the pelvis."""
