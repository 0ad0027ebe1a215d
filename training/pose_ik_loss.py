"""What a pose network is told about its mistakes: rotations, joints, and points that stand for the skin.

Twice: as the network says it, and as it becomes when every bone is then swung to where the truth has it, which is what
the exact steps make of it where points are clean. What remains there is twist.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from models.bodies.body import Body
from models.nets.pose_net import Belief
from models.nets.turns import LEVELS, local_from_world
from models.skeletons import SMPL_INDEX, SMPL_JOINTS, SMPL_PARENTS
from training.pose_ik_batch import Shown

CHEST: Final = SMPL_INDEX["spine3"]
TINY: Final = 1e-10
LEAST_ARC: Final = 0.05
"""Of 1 + the cosine between a bone and its place: nearer to a half turn, an arc is cut short."""
LEAST_NOISE_M: Final = 1e-3
LARGEST_ERROR_RAD: Final = 1.5
SKIN: Final = 20.0
TURN: Final = 0.3
"""Weights of a metre of skin and of a radian."""
SAID: Final = (0.3, 1.0)
SWUNG: Final = (1.5, 0.5)
"""Weights of the pose as the network says it and of the swung pose, where points are clean and where they are noisy."""
DEVIATIONS: Final = 0.01
NOISE: Final = 0.05


@dataclass(frozen=True, eq=False)
class SkinPoints:
    """Six points on each joint whose spread is that of the skin it carries: errors there are errors of the skin.

    Attributes:
        lever_m: in the joint's frame, on the mean body.
        share: of the skin that each joint carries.
    """

    lever_m: Float[Tensor, "24 6 3"]
    share: Float[Tensor, " 24"]


def skin_points(body: Body) -> SkinPoints:
    """Mean and principal axes of the skin about each joint."""
    weight = body.skin_matrix / body.skin_matrix.sum(0)
    arm_m = body.template_m[:, None] - body.rest_joint_template_m
    middle_m = torch.einsum("vj,vjc->jc", weight, arm_m)
    off_m = arm_m - middle_m
    variance, axes = torch.linalg.eigh(torch.einsum("vj,vja,vjb->jab", weight, off_m, off_m))
    half_m = axes * (3 * variance.clamp_min(0)).sqrt()[:, None]
    lever_m = middle_m[:, None] + torch.cat([half_m, -half_m], dim=-1).mT
    return SkinPoints(lever_m, body.skin_matrix.mean(0))


def pose_loss(belief: Belief, shown: Shown, skin: SkinPoints) -> tuple[Float[Tensor, ""], Mapping[str, float]]:
    """The loss, and its parts in millimetres and degrees to look at."""
    offset_m, true = shown.frames.offset_m, shown.world_from_joint
    said = belief.axes_from_joint
    local, true_local = local_from_world(said), local_from_world(true)
    swung = swing_to_truth(local, true, offset_m)
    clean = shown.clean
    skin_said_m = skin_error(said, true, skin, _shifts(said - true, offset_m))
    skin_swung_m = skin_error(swung, true, skin, None)
    turn_said, turn_swung = chord(said, true).mean(-1), chord(swung, true).mean(-1)
    turn_local = chord(local, true_local).mean(-1)
    as_said = SKIN * skin_said_m + TURN * (turn_said + turn_local)
    as_swung = SKIN * skin_swung_m + TURN * turn_swung
    weight_said, weight_swung = (clean * at_clean + (1 - clean) * at_noisy for at_clean, at_noisy in (SAID, SWUNG))
    deviations = deviation_loss(belief, local, true_local, offset_m)
    noise_m = shown.frames.disagreement_m * belief.log_noise_factor.exp()
    noise = ((noise_m + LEAST_NOISE_M) / (shown.noise_m + LEAST_NOISE_M)).log().square().mean()
    total = (weight_said * as_said + weight_swung * as_swung).mean() + DEVIATIONS * deviations + NOISE * noise
    parts = {
        "skin_said_mm": 1e3 * skin_said_m, "skin_swung_mm": 1e3 * skin_swung_m,
        "turn_said_deg": turn_local.rad2deg(), "turn_swung_deg": turn_swung.rad2deg(),
        "deviations": deviations, "noise": noise,
    }  # fmt: skip
    return total, {name: float(part.detach().mean()) for name, part in parts.items()}


def chord(first: Float[Tensor, "*batch 3 3"], second: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch"]:
    """About the angle between rotations in radians: twice the sine of its half."""
    return ((first - second).square().sum((-2, -1)) / 2 + TINY).sqrt()


def skin_error(
    found: Float[Tensor, "*batch 24 3 3"],
    true: Float[Tensor, "*batch 24 3 3"],
    skin: SkinPoints,
    shift_m: Float[Tensor, "*batch 24 3"] | None,
) -> Float[Tensor, "*batch"]:
    """Mean distance of the points that stand for the skin; joints lie where they should if no shifts are given."""
    off_m = skin.lever_m @ (found - true).mT
    if shift_m is not None:
        off_m = off_m + shift_m[..., None, :]
    return ((off_m.square().sum(-1) + TINY).sqrt().mean(-1) * skin.share).sum(-1)


def swing_to_truth(
    parent_from_joint: Float[Tensor, "*batch 24 3 3"],
    true: Float[Tensor, "*batch 24 3 3"],
    offset_m: Float[Tensor, "*#batch 24 3"],
) -> Float[Tensor, "*batch 24 3 3"]:
    """Root to leaf: each joint as it is said to be, then swung by the shortest arc to where its bone truly points.

    Pelvis and chest, which carry three bones each, are the true ones.
    """
    above = {0: true[..., 0, :, :]}
    for level in LEVELS[1:]:
        own = list(level)
        parent = torch.stack([above[SMPL_PARENTS[joint]] for joint in own], dim=-3)
        turn = parent @ parent_from_joint[..., own, :, :]
        bent = [joint for joint in own if joint in SMPL_PARENTS and joint != CHEST]
        swung = dict(zip(own, turn.unbind(-3), strict=True))
        if bent:
            bone = offset_m[..., [SMPL_PARENTS.index(joint) for joint in bent], :]
            bone = torch.nn.functional.normalize(bone, dim=-1)[..., None]
            picked = turn[..., [own.index(joint) for joint in bent], :, :]
            turned = _arc((picked @ bone)[..., 0], (true[..., bent, :, :] @ bone)[..., 0]) @ picked
            swung |= dict(zip(bent, turned.unbind(-3), strict=True))
        if CHEST in own:
            swung[CHEST] = true[..., CHEST, :, :]
        above = above | swung
    return torch.stack([above[joint] for joint in range(len(SMPL_JOINTS))], dim=-3)


def deviation_loss(
    belief: Belief,
    local: Float[Tensor, "*batch 24 3 3"],
    true_local: Float[Tensor, "*batch 24 3 3"],
    offset_m: Float[Tensor, "*#batch 24 3"],
) -> Float[Tensor, ""]:
    """Minus the logarithm of the likelihood of the errors of swing and twist, which are taken as they are."""
    with torch.no_grad():
        between = local.mT @ true_local
        sine = torch.stack(
            [between[..., 2, 1] - between[..., 1, 2], between[..., 0, 2] - between[..., 2, 0],
             between[..., 1, 0] - between[..., 0, 1]], dim=-1) / 2  # fmt: skip
        size = sine.norm(dim=-1, keepdim=True).clamp_min(1e-6)
        cosine = (between.diagonal(dim1=-2, dim2=-1).sum(-1, keepdim=True) - 1) / 2
        error = sine / size * torch.atan2(size, cosine).clamp(max=LARGEST_ERROR_RAD)
        axis = torch.nn.functional.normalize(offset_m[..., list(_ALONG), :], dim=-1)
        twist = (error * axis).sum(-1).square()
        swing = error.square().sum(-1) - twist
    of_swing = 2 * belief.log_swing_sd + swing / 2 * (-2 * belief.log_swing_sd).exp()
    of_twist = belief.log_twist_sd + twist / 2 * (-2 * belief.log_twist_sd).exp()
    return (of_swing + of_twist).mean()


_ALONG: Final = tuple(
    SMPL_PARENTS.index(joint)
    if joint in SMPL_PARENTS and joint not in (0, CHEST)
    else {0: 3, CHEST: 12}.get(joint, joint)
    for joint in range(len(SMPL_PARENTS))
)
"""The joint to which each joint's bone leads; a leaf's goes on as its parent's does."""


def _shifts(
    turned: Float[Tensor, "*batch 24 3 3"], offset_m: Float[Tensor, "*#batch 24 3"]
) -> Float[Tensor, "*batch 24 3"]:
    """How far joints are off, when the body is laid so that they are not on average."""
    parents = list(SMPL_PARENTS[1:])
    bone_m = (turned[..., parents, :, :] @ offset_m[..., 1:, :, None])[..., 0]
    chain = _CHAIN.to(bone_m)
    shift_m = chain @ bone_m
    return shift_m - shift_m.mean(-2, keepdim=True)


def _chains() -> Float[Tensor, "24 23"]:
    chain = torch.zeros(len(SMPL_PARENTS), len(SMPL_PARENTS) - 1)
    for joint, parent in enumerate(SMPL_PARENTS):
        if parent >= 0:
            chain[joint] = chain[parent]
            chain[joint, joint - 1] = 1.0
    return chain


_CHAIN: Final = _chains()


def _arc(start: Float[Tensor, "*batch 3"], end: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """The shortest rotation between unit vectors that are not opposite."""
    axis = torch.linalg.cross(start, end)
    closeness = (1 + (start * end).sum(-1)).clamp_min(LEAST_ARC)
    x, y, z = axis.unbind(-1)
    none = torch.zeros_like(x)
    cross = torch.stack([none, -z, y, z, none, -x, -y, x, none], dim=-1).unflatten(-1, (3, 3))
    return torch.eye(3, dtype=axis.dtype, device=axis.device) + cross + cross @ cross / closeness[..., None, None]
