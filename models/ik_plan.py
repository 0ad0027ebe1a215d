"""A rig as the exact solver reads it: every tie on the joint that moves it, joint after joint.

A point on a joint itself moves with the parent only; so it hangs on the parent, with the bone as its lever.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from models.rig import Rig
from models.skeletons import SMPL_JOINTS, SMPL_PARENTS

JOINTS = len(SMPL_JOINTS)


@dataclass(frozen=True, eq=False)
class Plan:
    """Ties sorted by joint.

    Attributes:
        start: where each joint's ties begin, and the end of the last.
        joint, point: of each tie.
        share: how much of the point follows it.
        pull: what it counts in the curvature of a cost: a bound from above where a point has several ties.
        alone: whether its point has no other.
        lever_m: arm in the joint's frame, for a whole share.
    """

    start: Int64[Tensor, " starts"]
    joint: Int64[Tensor, " ties"]
    point: Int64[Tensor, " ties"]
    share: Float[Tensor, " ties"]
    pull: Float[Tensor, " ties"]
    alone: Bool[Tensor, " ties"]
    lever_m: Float[Tensor, "*shape ties 3"]


def make_plan(rig: Rig) -> Plan:
    """Sort a rig's ties, after those without an arm have moved to their parents and fallen together."""
    point, joint, lever_m = _moved(rig)
    key, tie = (joint * rig.point_count + point).unique(return_inverse=True)
    share = rig.share.new_zeros(len(key)).index_add(0, tie, rig.share)
    whole_m = lever_m.new_zeros(*lever_m.shape[:-2], len(key), 3).index_add(-2, tie, lever_m)
    joint, point = key // rig.point_count, key % rig.point_count
    total = share.new_zeros(rig.point_count).index_add(0, point, share.abs())
    return Plan(
        start=torch.searchsorted(joint, torch.arange(JOINTS + 1, device=joint.device)),
        joint=joint,
        point=point,
        share=share,
        pull=share.abs() * total[point],
        alone=point.bincount(minlength=rig.point_count)[point] == 1,
        lever_m=whole_m / share[:, None],
    )


def _moved(rig: Rig) -> tuple[Tensor, Tensor, Tensor]:
    """Points, joints and weighted levers of the ties where they have an arm; the root keeps its own."""
    armless = (rig.lever_m == 0).reshape(-1, *rig.lever_m.shape[-2:]).all(-1).all(0) & (rig.joint > 0)
    parents = torch.tensor(SMPL_PARENTS, device=rig.joint.device)
    bone_m = rig.share[:, None] * rig.offset_m[..., rig.joint, :]
    lever_m = torch.where(armless[:, None], bone_m, rig.lever_m)
    return rig.point, torch.where(armless, parents[rig.joint], rig.joint), lever_m
