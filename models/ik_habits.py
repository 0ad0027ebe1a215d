"""Draws guesses of what no point shows towards rest: how people carry heads and hands is their own habit, the network
learned those of few people, and it is surer of them than it should be with strangers.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import roma
import torch
from jaxtyping import Float
from torch import Tensor

from models.pose_guess import Guess
from models.rig import Rig
from models.rotations import rotation_about, twist_about, unit
from models.skeletons import SMPL_INDEX

HEAD_SHARE: Final = 0.4
"""Of the head's turn on its neck."""
ARM_SHARE: Final = 0.3
"""Of the twists of forearm and wrist. Both were found on held-out people of the training set."""
NECK, HEAD = SMPL_INDEX["neck"], SMPL_INDEX["head"]
SHOULDERS, ELBOWS, WRISTS, HANDS = (
    [SMPL_INDEX[f"{side}_{part}"] for side in ("left", "right")] for part in ("shoulder", "elbow", "wrist", "hand")
)

CHAINS: Final = np.array([SHOULDERS, ELBOWS, WRISTS, HANDS]).T.copy()

World = Float[Tensor, "*batch 24 3 3"]


def towards_rest(rig: Rig, guess: Guess) -> Guess:
    """The guess with head and forearms a share of the way to rest where the rig's set has no point on head or hands."""
    head, arms = not _carries(rig, [HEAD]), not _carries(rig, [*WRISTS, *HANDS])
    if not (head or arms):
        return guess
    turn = in_torch if guess.world_from_joint.is_cuda else _compiled
    return replace(guess, world_from_joint=turn(rig, guess.world_from_joint, head=head, arms=arms))


def _compiled(rig: Rig, world: World, *, head: bool, arms: bool) -> World:
    from models.ik_kernels_habits import forearms_to_rest, heads_to_rest  # noqa: PLC0415 - numba loads for 0.6 s

    batch, shapes = world.shape[:-3], rig.offset_m.shape[:-2]
    turned = world.detach().float().reshape(-1, *world.shape[-3:]).numpy().copy()
    if head:
        heads_to_rest(NECK, HEAD, HEAD_SHARE, turned)
    if arms:
        chosen = torch.arange(shapes.numel()).reshape(shapes).expand(batch).reshape(-1)
        offset_m = rig.offset_m.detach().float().reshape(-1, *rig.offset_m.shape[-2:]).contiguous()
        forearms_to_rest(CHAINS, ARM_SHARE, offset_m.numpy(), chosen.numpy(), turned)
    return torch.from_numpy(turned).reshape(world.shape).to(world)


def in_torch(rig: Rig, world: World, *, head: bool, arms: bool) -> World:
    """The same in torch, for CUDA and to be checked against."""
    parts: dict[int, Tensor] = {}
    if head:
        turn = roma.rotmat_to_rotvec(world[..., NECK, :, :].mT @ world[..., HEAD, :, :])
        parts[HEAD] = world[..., NECK, :, :] @ roma.rotvec_to_rotmat((1 - HEAD_SHARE) * turn)
    if arms:
        elbow = _untwisted(rig, world[..., SHOULDERS, :, :], world[..., ELBOWS, :, :], WRISTS)
        wrist = _untwisted(rig, world[..., ELBOWS, :, :], world[..., WRISTS, :, :], HANDS)
        turned = elbow @ world[..., ELBOWS, :, :].mT
        hand = turned @ wrist @ world[..., WRISTS, :, :].mT @ world[..., HANDS, :, :]
        for joints, turns in ((ELBOWS, elbow), (WRISTS, turned @ wrist), (HANDS, hand)):
            parts |= dict(zip(joints, turns.unbind(-3), strict=True))
    moved = world.clone()
    moved[..., list(parts), :, :] = torch.stack(list(parts.values()), dim=-3)
    return moved


def _carries(rig: Rig, joints: list[int]) -> bool:
    """Whether a point hangs on these joints that is not their own place."""
    own = [tie for tie, joint in enumerate(rig.joint.tolist()) if joint in joints]
    return bool(rig.lever_m[..., own, :].any())


def _untwisted(
    rig: Rig, parent: Float[Tensor, "*batch 2 3 3"], joint: Float[Tensor, "*batch 2 3 3"], ends: list[int]
) -> Float[Tensor, "*batch 2 3 3"]:
    axis = unit(rig.offset_m[..., ends, :]).expand(joint.shape[:-1])
    angle = twist_about(parent.mT @ joint, axis)
    return joint @ rotation_about(axis, -ARM_SHARE * angle)
