"""A few damped Gauss-Newton steps that pull a solved pose onto the landmarks, with exact derivatives.

Unknowns are the root's position and a small turn of every joint in its own axes. Landmarks are linear in the frames
of the joints, so the derivative of a landmark by a joint's turn is the arm of everything below that joint. A prior
holds every axis near the pose that came in: loosely where joints are free, tightly where they hardly move.
"""

import math
from typing import Final

import roma
import torch
from jaxtyping import Float
from torch import Tensor

from models.anatomy import ARMS, LEGS, SUBTREES
from models.ik_direct import bend_repair
from models.kinematics import world_from_joints
from models.rig import Pose, Rig, rig_joints, rig_points, tie_positions
from models.skeletons import LANDMARKS, SMPL_INDEX, SMPL_PARENTS

LANDMARK_SD_M: Final = {"face": 0.03, "limb": 0.02, "hand": 0.04, "foot": 0.04}
"""Noise that the steps expect; the face's eleven points tell little more than three."""
_PART_OF: Final = {"pinky": "hand", "index": "hand", "thumb": "hand", "heel": "foot", "foot_index": "foot"}
_SPREAD_DEGREES: Final = {
    "pelvis": (20, 20, 20), "hip": (20, 20, 20), "knee": (30, 6, 3), "ankle": (15, 10, 10),
    "spine1": (8, 5, 5), "spine2": (8, 5, 5), "spine3": (8, 5, 5), "neck": (15, 15, 15), "head": (15, 15, 15),
    "collar": (3, 8, 8), "shoulder": (20, 20, 20), "elbow": (15, 30, 4), "wrist": (15, 15, 15),
}  # fmt: skip
"""Standard deviation of each joint's turn from the pose that came in, about the x, y and z of its own frame."""
FREE_JOINTS: Final = tuple(j for name, j in SMPL_INDEX.items() if name.split("_")[-1] in _SPREAD_DEGREES)
SPREAD_RAD: Final = tuple(
    tuple(math.radians(degrees) for degrees in _SPREAD_DEGREES[name.split("_")[-1]])
    for name in SMPL_INDEX
    if name.split("_")[-1] in _SPREAD_DEGREES
)

World = Float[Tensor, "*batch 24 3 3"]


def refine_pose(
    rig: Rig,
    start: Pose,
    landmarks_m: Float[Tensor, "*batch 33 3"],
    weight: Float[Tensor, "*batch 33"],
    *,
    steps: int,
) -> Pose:
    """Bring the body's landmarks nearer to the given ones.

    Args:
        start: where to begin, and what the prior holds to.
        landmarks_m: in the world.
        weight: of each landmark, 0..1.
        steps: how many Gauss-Newton steps.
    """
    anchor = parent_from_joints(start.world_from_joint)
    local, root_m = anchor, start.root_m
    precision = landmark_precision(weight)
    for _ in range(steps):
        pose = Pose(world_from_joints(SMPL_PARENTS, local), root_m)
        change = _gauss_newton_step(rig, pose, landmarks_m, precision, _drift(anchor, local))
        root_m = root_m + change[..., :3]
        turn = roma.rotvec_to_rotmat(change[..., 3:].unflatten(-1, (len(FREE_JOINTS), 3)))
        local = local.clone()
        local[..., FREE_JOINTS, :, :] = local[..., FREE_JOINTS, :, :] @ turn
        local = _within_limits(local)
    return Pose(world_from_joints(SMPL_PARENTS, local), root_m)


def parent_from_joints(world: World) -> World:
    """Each joint's rotation against its parent; the root's stays in the world."""
    parents = torch.tensor(SMPL_PARENTS[1:], device=world.device)
    return torch.cat([world[..., :1, :, :], world[..., parents, :, :].mT @ world[..., 1:, :, :]], dim=-3)


def turn_derivative(rig: Rig, pose: Pose) -> Float[Tensor, "*batch 33 3 turns"]:
    """Derivative of every landmark by a turn of each free joint about its own axes, in radians."""
    below = _membership(rig.share)[:, rig.joint].T[..., None]
    joints_m = rig_joints(rig, pose)[..., None, FREE_JOINTS, :]
    tie_arm_m = below * (tie_positions(rig, pose)[..., None, :] - rig.share[:, None, None] * joints_m)
    arm_m = tie_arm_m.new_zeros(*tie_arm_m.shape[:-3], rig.point_count, *tie_arm_m.shape[-2:])
    arm_m = arm_m.index_add(-3, rig.point, tie_arm_m)
    axes = pose.world_from_joint[..., FREE_JOINTS, :, :].mT
    columns = torch.linalg.cross(axes[..., None, :, :, :], arm_m[..., None, :])
    return columns.flatten(-3, -2).mT


def landmark_precision(weight: Float[Tensor, "*batch 33"]) -> Float[Tensor, "*batch 33"]:
    """Inverse variance of each landmark in 1/m², times its weight."""
    part = ["face"] * 11 + [_PART_OF.get(name.split("_", 1)[1], "limb") for name in LANDMARKS[11:]]
    return weight / weight.new_tensor([LANDMARK_SD_M[name] for name in part]) ** 2


def _gauss_newton_step(
    rig: Rig, pose: Pose, landmarks_m: Tensor, precision: Tensor, drift: Tensor
) -> Float[Tensor, "*batch unknowns"]:
    turns = turn_derivative(rig, pose)
    shift = torch.eye(3, dtype=turns.dtype, device=turns.device).expand(*turns.shape[:-1], 3)
    jacobian = torch.cat([shift, turns], dim=-1).flatten(-3, -2)
    weighted = jacobian * precision.repeat_interleave(3, dim=-1)[..., None]
    gap_m = (landmarks_m - rig_points(rig, pose)).flatten(-2)
    prior = torch.cat([turns.new_zeros(3), turns.new_tensor(SPREAD_RAD).flatten() ** -2])
    pull = torch.cat([torch.zeros_like(drift[..., :3]), drift], dim=-1)
    gradient = (weighted.mT @ gap_m[..., None])[..., 0] - prior * pull
    curvature = weighted.mT @ jacobian + torch.diag(prior)
    return torch.cholesky_solve(gradient[..., None], torch.linalg.cholesky(curvature))[..., 0]


def _drift(anchor: World, local: World) -> Float[Tensor, "*batch turns"]:
    """How far each free joint has turned from the anchor, in its own axes."""
    turned = anchor[..., FREE_JOINTS, :, :].mT @ local[..., FREE_JOINTS, :, :]
    return roma.rotmat_to_rotvec(turned).flatten(-2)


def _within_limits(local: World) -> World:
    local = local.clone()
    for limb in (*LEGS, *ARMS):
        local[..., limb.lower, :, :] = bend_repair(local[..., limb.lower, :, :], limb) @ local[..., limb.lower, :, :]
    return local


def _membership(like: Tensor) -> Float[Tensor, "free 24"]:
    """1 where a joint hangs on a free joint, itself included."""
    rows = like.new_zeros(len(FREE_JOINTS), len(SMPL_PARENTS))
    for row, joint in enumerate(FREE_JOINTS):
        rows[row, list(SUBTREES[joint])] = 1.0
    return rows
