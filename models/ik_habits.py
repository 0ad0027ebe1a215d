"""Draws guesses of what no point shows towards rest: how people carry heads and hands is their own habit, the network
learned those of few people, and it is surer of them than it should be with strangers.
"""

from dataclasses import replace
from typing import Final

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


def towards_rest(rig: Rig, guess: Guess) -> Guess:
    """The guess with head and forearms a share of the way to rest where the rig's set has no point on head or hands."""
    world = guess.world_from_joint
    parts: dict[int, Tensor] = {}
    if not _carries(rig, [HEAD]):
        turn = roma.rotmat_to_rotvec(world[..., NECK, :, :].mT @ world[..., HEAD, :, :])
        parts[HEAD] = world[..., NECK, :, :] @ roma.rotvec_to_rotmat((1 - HEAD_SHARE) * turn)
    if not _carries(rig, [*WRISTS, *HANDS]):
        elbow = _untwisted(rig, world[..., SHOULDERS, :, :], world[..., ELBOWS, :, :], WRISTS)
        wrist = _untwisted(rig, world[..., ELBOWS, :, :], world[..., WRISTS, :, :], HANDS)
        turned = elbow @ world[..., ELBOWS, :, :].mT
        hand = turned @ wrist @ world[..., WRISTS, :, :].mT @ world[..., HANDS, :, :]
        for joints, turns in ((ELBOWS, elbow), (WRISTS, turned @ wrist), (HANDS, hand)):
            parts |= dict(zip(joints, turns.unbind(-3), strict=True))
    if not parts:
        return guess
    moved = world.clone()
    moved[..., list(parts), :, :] = torch.stack(list(parts.values()), dim=-3)
    return replace(guess, world_from_joint=moved)


def _carries(rig: Rig, joints: list[int]) -> bool:
    """Whether a point hangs on these joints that is not their own place."""
    on = torch.isin(rig.joint, torch.tensor(joints, device=rig.joint.device))
    return bool(rig.lever_m[..., on, :].any())


def _untwisted(
    rig: Rig, parent: Float[Tensor, "*batch 2 3 3"], joint: Float[Tensor, "*batch 2 3 3"], ends: list[int]
) -> Float[Tensor, "*batch 2 3 3"]:
    axis = unit(rig.offset_m[..., ends, :]).expand(joint.shape[:-1])
    angle = twist_about(parent.mT @ joint, axis)
    return joint @ rotation_about(axis, -ARM_SHARE * angle)
