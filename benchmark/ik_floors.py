"""What solving nothing gives: one pose for everything, or the first pose for ever."""

import roma
import torch
from torch import Tensor

from benchmark.ik_problem import Problem
from models.ik_refine import parent_from_joints
from models.kinematics import world_from_joints
from models.rig import Pose, rig_points
from models.rotations import turn_onto
from models.skeletons import SMPL_PARENTS


def mean_pose(problem: Problem, truth: Pose) -> Pose:
    """The mean of all true rotations against the parent, laid rigidly over the points of each frame.

    No constant pose is much better; the true mean is not known to any solver.
    """
    local = parent_from_joints(truth.world_from_joint)
    mean: Tensor = roma.special_procrustes(local.mean((0, 1)))  # pyright: ignore[reportAssignmentType]
    upright = mean.clone()
    upright[0] = torch.eye(3)
    still = world_from_joints(SMPL_PARENTS, upright).expand_as(truth.world_from_joint)
    return _laid(problem, Pose(still, torch.zeros_like(truth.root_m)))


def first_pose(problem: Problem, truth: Pose) -> Pose:
    """The true first frame of each sequence in all its frames."""
    del problem
    world, root_m = truth.world_from_joint, truth.root_m
    return Pose(world[:, :1].expand_as(world).clone(), root_m[:, :1].expand_as(root_m).clone())


def _laid(problem: Problem, pose: Pose) -> Pose:
    seen_m, weight = problem.keypoints.points_m, problem.keypoints.confidence
    posed_m = rig_points(problem.rig, pose)
    share = (weight / weight.sum(-1, keepdim=True).clamp_min(1e-9))[..., None]
    posed_mid_m, seen_mid_m = (share * posed_m).sum(-2), (share * seen_m).sum(-2)
    turn = turn_onto(posed_m - posed_mid_m[..., None, :], seen_m - seen_mid_m[..., None, :], weight)
    root_m = seen_mid_m + (turn @ (pose.root_m - posed_mid_m)[..., None])[..., 0]
    return Pose(turn[..., None, :, :] @ pose.world_from_joint, root_m)
