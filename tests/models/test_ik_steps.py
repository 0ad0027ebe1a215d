"""Laws of a step along the tree: it is the step of a dense solver, and ends where the cost's slope is level."""

import numpy as np
import pytest
import roma
import torch
from torch import Tensor

from models.ik import solve_guess
from models.ik_kernels_steps import ROBUST_M, ROBUST_SD
from models.ik_kernels_swing import CHILD, FLOOR_M, SMALL_VAR, STEP_NOISE
from models.ik_refine import parent_from_joints
from models.kinematics import world_from_joints
from models.rig import Pose, rig_points
from models.skeletons import SMPL_PARENTS
from tests.models.ik_case import Case, case, doubled

COUNTED_M = 0.02


def cost(given: Case, pose: Pose, change: Tensor) -> Tensor:
    """What steps lower, of a pose changed by a shift of the root and a turn of every joint in its own axes."""
    local = parent_from_joints(pose.world_from_joint) @ roma.rotvec_to_rotmat(change[..., 1:, :])
    changed = Pose(world_from_joints(SMPL_PARENTS, local), pose.root_m + change[..., 0, :])
    noise_m = STEP_NOISE * given.guess.noise_m[..., None]
    wide = (ROBUST_SD * noise_m) ** 2 + ROBUST_M**2
    missed = (rig_points(given.rig, changed) - given.keypoints.points_m).square().sum(-1)
    scale = noise_m**2 + FLOOR_M**2
    away = roma.rotmat_to_rotvec(parent_from_joints(given.guess.world_from_joint).mT @ local)
    bone = torch.nn.functional.normalize(given.rig.offset_m[torch.from_numpy(CHILD).clamp_min(0)], dim=-1)
    bone = torch.where(torch.from_numpy(CHILD)[:, None] > 0, bone, torch.zeros_like(bone))
    along = (away * bone).sum(-1).square()
    across = away.square().sum(-1) - along
    held = across / (given.guess.swing_sd_rad**2 + SMALL_VAR) + along / (given.guess.twist_sd_rad**2 + SMALL_VAR)
    return (wide * missed / (wide + missed)).sum(-1) + (scale * held).sum(-1)


@pytest.mark.parametrize("set_name", ["smpl24", "blazepose33", "coco17"])
def test_steps_end_where_the_cost_is_level(set_name: str) -> None:
    given = doubled(case(frames=30, set_name=set_name, noise_m=COUNTED_M))
    slopes: list[Tensor] = []
    for steps in (0, 8):
        found = solve_guess(given.rig, given.keypoints, given.guess, steps=steps).pose
        change = torch.zeros(30, 25, 3, dtype=torch.float64, requires_grad=True)
        cost(given, found, change).sum().backward()
        assert change.grad is not None
        slopes.append(change.grad.square().sum((-2, -1)).sqrt())
    assert (slopes[1] < 0.05 * slopes[0]).double().mean() > 0.9


def test_a_step_is_that_of_a_dense_solver() -> None:
    given = doubled(case(frames=6, noise_m=COUNTED_M))
    start = solve_guess(given.rig, given.keypoints, given.guess, steps=0).pose
    after = solve_guess(given.rig, given.keypoints, given.guess, steps=1).pose
    for frame in range(6):
        expected = dense_step(given, start, frame)
        local = parent_from_joints(start.world_from_joint)[frame] @ roma.rotvec_to_rotmat(expected[1:])
        world = world_from_joints(SMPL_PARENTS, local)
        torch.testing.assert_close(after.root_m[frame], start.root_m[frame] + expected[0], atol=1e-4, rtol=0)
        torch.testing.assert_close(after.world_from_joint[frame], world, atol=2e-3, rtol=0)


def dense_step(given: Case, start: Pose, frame: int) -> Tensor:
    """Gauss and Newton by finite differences, all unknowns at once."""
    pose = Pose(start.world_from_joint[frame], start.root_m[frame])
    anchor = parent_from_joints(given.guess.world_from_joint[frame])

    def residuals(change: Tensor) -> Tensor:
        local = parent_from_joints(pose.world_from_joint) @ roma.rotvec_to_rotmat(change[1:])
        there = Pose(world_from_joints(SMPL_PARENTS, local), pose.root_m + change[0])
        away = roma.rotmat_to_rotvec(anchor.mT @ local)
        return torch.cat([(rig_points(given.rig, there) - given.keypoints.points_m[frame]).flatten(), away.flatten()])

    nothing = torch.zeros(25, 3, dtype=torch.float64)
    here = residuals(nothing)
    columns: list[Tensor] = []
    for k in range(75):
        nudge = nothing.clone().flatten()
        nudge[k] = 1e-6
        columns.append((residuals(nudge.view(25, 3)) - here) / 1e-6)
    jacobian = torch.stack(columns, dim=1)
    weight = torch.block_diag(*(torch.eye(3, dtype=torch.float64) * w for w in point_weights(given, here, frame)))
    weight = torch.block_diag(weight, *holds(given, frame))
    # The kernel takes the drift for a turn about the joint's present axes.
    jacobian[72:] = torch.eye(75, dtype=torch.float64)[3:]
    change = torch.linalg.solve(
        jacobian.T @ weight @ jacobian + 1e-9 * torch.eye(75, dtype=torch.float64), -jacobian.T @ weight @ here
    )
    return change.view(25, 3)


def point_weights(given: Case, here: Tensor, frame: int) -> list[float]:
    noise_m = STEP_NOISE * float(given.guess.noise_m[frame])
    wide = (ROBUST_SD * noise_m) ** 2 + ROBUST_M**2
    return (wide / (wide + here[:72].view(24, 3).square().sum(-1))).square().tolist()


def holds(given: Case, frame: int) -> list[Tensor]:
    scale = (STEP_NOISE * float(given.guess.noise_m[frame])) ** 2 + FLOOR_M**2
    found: list[Tensor] = []
    for joint in range(24):
        swing = scale / (float(given.guess.swing_sd_rad[frame, joint]) ** 2 + SMALL_VAR)
        twist = scale / (float(given.guess.twist_sd_rad[frame, joint]) ** 2 + SMALL_VAR)
        bone = np.zeros(3)
        if CHILD[joint] > 0:
            offset = given.rig.offset_m[CHILD[joint]].numpy()
            bone = offset / np.linalg.norm(offset)
        found.append(torch.from_numpy(swing * np.eye(3) + (twist - swing) * np.outer(bone, bone)))
    return found
