"""How joint rotations along a tree become orientations and positions in the world."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def world_from_joints(
    parents: Sequence[int], parent_from_joint: Float[Tensor, "*batch joints 3 3"]
) -> Float[Tensor, "*batch joints 3 3"]:
    """Chain every joint's rotation down to the world.

    Args:
        parents: index of each joint's parent, which comes before the joint; -1 for the root, which comes first.
        parent_from_joint: rotation matrices; the root's maps to the world.
    """
    chained: list[Tensor] = []
    for joint, parent in enumerate(parents):
        local = parent_from_joint[..., joint, :, :]
        chained.append(local if parent < 0 else chained[parent] @ local)
    return torch.stack(chained, dim=-3)


def place_joints(
    parents: Sequence[int],
    offset_m: Float[Tensor, "*#batch joints 3"],
    root_m: Float[Tensor, "*batch 3"],
    world_from_joint: Float[Tensor, "*batch joints 3 3"],
) -> Float[Tensor, "*batch joints 3"]:
    """Place every joint in the world.

    Args:
        parents: as in world_from_joints.
        offset_m: each joint's position in its parent's frame; the root's is not used.
        root_m: the root's position in the world.
        world_from_joint: orientations in the world, as world_from_joints gives them.
    """
    placed: list[Tensor] = []
    for joint, parent in enumerate(parents):
        if parent < 0:
            placed.append(root_m)
        else:
            bone_m = world_from_joint[..., parent, :, :] @ offset_m[..., joint, :, None]
            placed.append(placed[parent] + bone_m[..., 0])
    return torch.stack(placed, dim=-2)


def bone_offsets(
    parents: Sequence[int], joints_m: Float[Tensor, "*batch joints 3"]
) -> Float[Tensor, "*batch joints 3"]:
    """Each joint's position relative to its parent, at rest; the root keeps its own."""
    parent_m = torch.stack(
        [joints_m[..., parent, :] if parent >= 0 else torch.zeros_like(joints_m[..., 0, :]) for parent in parents],
        dim=-2,
    )
    return joints_m - parent_m
