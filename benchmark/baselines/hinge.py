"""Twist from the planes in which elbows and knees bend, nothing learned.

Pelvis and chest turn as their own joints show (Wahba's problem), and the spine between them shares their twist out. An
upper arm or thigh is twisted until elbow or knee bends about the body's own hinge. The nearer the limb is to straight,
the less this counts; a straight leg follows its foot instead. Forearms, hands, shanks, feet and neck do not twist: no
joint shows it.
"""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.baselines.smpl_iks_joints import seen_joints
from benchmark.baselines.smpl_iks_swing import CHEST, CHILDREN, Rotation, chain, no_spin, rigid_root, turn_onto_all
from benchmark.ik_problem import Problem
from models.anatomy import ARMS, LEGS, Limb
from models.ik_direct import (
    BEND_SINE,
    CLEAR_COSINE,
    ELBOW_COSINE,
    FOOT_SHARE,
    FOOT_SINE,
    FOOT_TURN_COSINE,
    KNEE_COSINE,
)
from models.rig import Pose
from models.rotations import across, angle_about, rotation_about, twist_about, unit
from models.skeletons import SMPL_INDEX

SPINE_SHARE: Final = {SMPL_INDEX["spine1"]: 1 / 3, SMPL_INDEX["spine2"]: 1 / 2}
"""Of the twist from here to the chest: each of the spine's three joints takes a third."""
_LIMB_OF: Final = {limb.upper: limb for limb in (*ARMS, *LEGS)}

Joints = Float[Tensor, "*batch 24 3"]
Vector = Float[Tensor, "*batch 3"]


def hinge(problem: Problem) -> Pose:
    """Points that are missing are filled by smpl_iks_joints.seen_joints."""
    joints_m = seen_joints(problem)
    offset_m = problem.rig.offset_m.expand_as(joints_m)
    children = CHILDREN[CHEST]
    reach_m = joints_m[..., children, :] - joints_m[..., CHEST, None, :]
    chest = turn_onto_all(offset_m[..., children, :], reach_m)

    def spin(joint: int, world_from_joint: Rotation, place_m: Vector) -> Rotation:
        if joint in SPINE_SHARE:
            axis = unit(offset_m[..., CHILDREN[joint][0], :])
            return rotation_about(axis, SPINE_SHARE[joint] * twist_about(world_from_joint.mT @ chest, axis))
        if joint in _LIMB_OF:
            bone_m = offset_m[..., CHILDREN[joint][0], :]
            return rotation_about(
                unit(bone_m), _limb_twist(world_from_joint, place_m, bone_m, joints_m, _LIMB_OF[joint])
            )
        return no_spin(joint, world_from_joint, place_m)

    return chain(offset_m, joints_m, rigid_root(offset_m, joints_m), turn_onto_all, spin)


def _limb_twist(
    world_from_upper: Rotation, place_m: Vector, bone_m: Vector, joints_m: Joints, limb: Limb
) -> Float[Tensor, "*batch"]:
    """The angle from the hinge as it lies without twist to where the bent limb, or the foot, shows it."""
    bend_m = place_m + _turned(world_from_upper, bone_m)
    upper, lower = unit(bend_m - place_m), unit(joints_m[..., limb.end, :] - bend_m)
    own = unit(across(_turned(world_from_upper, bone_m.new_tensor(limb.hinge).expand_as(bone_m)), upper))
    straight = _hinge_by_foot(own, upper, joints_m, limb) if limb in LEGS else own
    normal, cosine = torch.linalg.cross(upper, lower), (upper * lower).sum(-1)
    sine = torch.where(cosine > 0, normal.norm(dim=-1), torch.ones_like(cosine))
    agreement = (unit(normal) * straight).sum(-1)
    if limb in LEGS:
        likely = smooth_step(agreement, *KNEE_COSINE)
    else:
        likely = torch.maximum(smooth_step(agreement, *ELBOW_COSINE), smooth_step(-cosine, *CLEAR_COSINE))
    belief = (smooth_step(sine, *BEND_SINE) * likely)[..., None]
    return angle_about(upper, own, (1 - belief) * straight + belief * unit(normal))


def _hinge_by_foot(own: Vector, upper: Vector, joints_m: Joints, limb: Limb) -> Vector:
    """The hinge of a straight leg, turned a share of the way that its foot points."""
    foot = torch.linalg.cross(unit(joints_m[..., limb.tip, :] - joints_m[..., limb.end, :]), upper)
    angle_rad = angle_about(upper, own, foot)
    belief = smooth_step(foot.norm(dim=-1), *FOOT_SINE) * smooth_step(angle_rad.cos(), *FOOT_TURN_COSINE)
    return _turned(rotation_about(upper, FOOT_SHARE * belief * angle_rad), own)


def smooth_step(value: Tensor, low: float, high: float) -> Tensor:
    """0 below the first bound, 1 above the second, without a corner between."""
    share = ((value - low) / (high - low)).clamp(0, 1)
    return share * share * (3 - 2 * share)


def _turned(rotation: Rotation, vector: Vector) -> Vector:
    return (rotation @ vector[..., None])[..., 0]
