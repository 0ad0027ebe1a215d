"""Rotations as a network writes them: six numbers each, against the parent, in the order of SMPL's joints.

Six numbers are the first two columns of a matrix, straightened by Gram and Schmidt (Zhou et al. 2019).
"""

from itertools import pairwise
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from models.skeletons import SMPL_PARENTS

SMALLEST: Final = 1e-8
"""Of a squared length that is divided by."""


def _depths() -> tuple[int, ...]:
    depth: list[int] = []
    for parent in SMPL_PARENTS:
        depth.append(0 if parent < 0 else depth[parent] + 1)
    return tuple(depth)


DEPTH: Final = _depths()
LEVELS: Final = tuple(
    tuple(joint for joint, depth in enumerate(DEPTH) if depth == level) for level in range(max(DEPTH) + 1)
)
"""Joints that are equally far from the root, from the root outwards."""
_BY_LEVEL: Final = tuple(joint for level in LEVELS for joint in level)
_STARTS: Final = tuple(sum(len(level) for level in LEVELS[:number]) for number in range(len(LEVELS) + 1))
_PLACE: Final = tuple(_BY_LEVEL.index(joint) for joint in range(len(SMPL_PARENTS)))


def to_six(rotation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 6"]:
    """The first two columns, one after the other."""
    return rotation[..., :2].mT.flatten(-2)


def from_six(six: Float[Tensor, "*batch 6"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation whose first column points along the first three numbers and whose second lies nearest the others."""
    first, second = six[..., :3], six[..., 3:]
    first = first * first.square().sum(-1, keepdim=True).clamp_min(SMALLEST).rsqrt()
    second = second - (first * second).sum(-1, keepdim=True) * first
    second = second * second.square().sum(-1, keepdim=True).clamp_min(SMALLEST).rsqrt()
    return torch.stack([first, second, torch.linalg.cross(first, second)], dim=-1)


def world_from_local(parent_from_joint: Float[Tensor, "*batch 24 3 3"]) -> Float[Tensor, "*batch 24 3 3"]:
    """Orientations of all joints in the frame of the root's parent, level by level."""
    ordered = parent_from_joint[..., list(_BY_LEVEL), :, :]
    done = [ordered[..., :1, :, :]]
    for above, (start, end) in zip(LEVELS, tuple(pairwise(_STARTS))[1:], strict=False):
        parent = [above.index(SMPL_PARENTS[joint]) for joint in _BY_LEVEL[start:end]]
        done.append(done[-1][..., parent, :, :] @ ordered[..., start:end, :, :])
    return torch.cat(done, dim=-3)[..., list(_PLACE), :, :]


def local_from_world(world_from_joint: Float[Tensor, "*batch 24 3 3"]) -> Float[Tensor, "*batch 24 3 3"]:
    """Rotations against the parent; the root's stays."""
    above = world_from_joint[..., list(SMPL_PARENTS[1:]), :, :]
    rest = above.mT @ world_from_joint[..., 1:, :, :]
    return torch.cat([world_from_joint[..., :1, :, :], rest], dim=-3)
