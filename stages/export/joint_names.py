"""What the joints of a skeleton are called, by the program that should know them.

Every preset names SMPL's whole tree, whatever joints the named program leaves out or adds. Letters, digits and
underscores only: a colon, as Mixamo writes it, makes three.js animate nothing.
"""

from collections.abc import Mapping
from typing import Final, Literal

from models.skeletons import SMPL_JOINTS

Preset = Literal["humanik", "mixamo", "unreal", "cmu", "lafan1", "smpl"]

_CENTRE: Final = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
_SIDE: Final = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist", "hand")


def _names(centre: str, side: str, left_right: tuple[str, str] = ("Left", "Right")) -> Mapping[str, str]:
    """Names by SMPL joint, from those of `_CENTRE` and those of `_SIDE` with * where left and right differ."""
    sides = {
        f"{which}_{joint}": name.replace("*", word)
        for which, word in zip(("left", "right"), left_right, strict=True)
        for joint, name in zip(_SIDE, side.split(), strict=True)
    }
    return dict(zip(_CENTRE, centre.split(), strict=True)) | sides


JOINT_NAMES: Final[Mapping[Preset, Mapping[str, str]]] = {
    "humanik": _names(
        "Hips Spine Spine1 Spine2 Neck Head",
        "*UpLeg *Leg *Foot *ToeBase *Shoulder *Arm *ForeArm *Hand *HandMiddle1",
    ),
    "mixamo": _names(
        "mixamorigHips mixamorigSpine mixamorigSpine1 mixamorigSpine2 mixamorigNeck mixamorigHead",
        "*UpLeg *Leg *Foot *ToeBase *Shoulder *Arm *ForeArm *Hand *HandMiddle1",
        ("mixamorigLeft", "mixamorigRight"),
    ),
    "unreal": _names(
        "pelvis spine_01 spine_02 spine_03 neck_01 head",
        "thigh_* calf_* foot_* ball_* clavicle_* upperarm_* lowerarm_* hand_* middle_01_*",
        ("l", "r"),
    ),
    "cmu": _names(
        "Hips LowerBack Spine Spine1 Neck Head",
        "*UpLeg *Leg *Foot *ToeBase *Shoulder *Arm *ForeArm *Hand *FingerBase",
    ),
    "lafan1": _names(
        "Hips Spine Spine1 Spine2 Neck Head",
        "*UpLeg *Leg *Foot *Toe *Shoulder *Arm *ForeArm *Hand *HandMiddle1",
    ),
    "smpl": {name: name for name in SMPL_JOINTS},
}
"""Name by SMPL joint. humanik: MotionBuilder's characterisation; unreal: Epic's mannequin; cmu: the BVH of CMU's
database; lafan1: Harvey et al. 2020."""
