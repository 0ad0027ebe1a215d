"""The parts of a body that heads are made for, and how one side's answers become a whole body's."""

from collections.abc import Mapping
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from models.skeletons import SMPL_JOINTS

PART_JOINTS: Final[Mapping[str, tuple[str, ...]]] = {
    "spine": ("pelvis", "spine1", "spine2", "spine3", "neck", "head"),
    "leg": ("left_hip", "left_knee", "left_ankle", "left_foot"),
    "arm": ("left_collar", "left_shoulder", "left_elbow", "left_wrist", "left_hand"),
}
"""Whose numbers each head gives."""

_LIMBS: Final = PART_JOINTS["leg"] + PART_JOINTS["arm"]
_JOINED: Final = (*PART_JOINTS["spine"], *_LIMBS, *(name.replace("left", "right") for name in _LIMBS))
_ORDER: Final = tuple(_JOINED.index(name) for name in SMPL_JOINTS)
COUNTS: Final = tuple(len(joints) for joints in PART_JOINTS.values())


def assemble(
    answers: Float[Tensor, "*batch 2 part_joints numbers"], signs: Float[Tensor, " numbers"]
) -> Float[Tensor, "*batch 24 numbers"]:
    """The numbers of all joints in SMPL's order.

    Args:
        answers: of the frame and of its mirror image, for the joints of all parts, one part after the other.
        signs: what a number is multiplied with when it is mirrored.
    """
    own, other = answers[..., 0, :, :], answers[..., 1, :, :] * signs
    spine = COUNTS[0]
    trunk = (own[..., :spine, :] + other[..., :spine, :]) / 2
    joined = torch.cat([trunk, own[..., spine:, :], other[..., spine:, :]], dim=-2)
    return joined[..., list(_ORDER), :]
