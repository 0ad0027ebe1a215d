"""SMPLify's cost of a pose against points in space; its gradient by hand: forces on points become torques on joints.

Numbers of a pose: the pelvis's way, its turn after the start's, and 23 axis-angles. Geman and McClure's robust loss of
each point's distance, weighed by its confidence squared, beside the priors of a pose.
"""

from dataclasses import dataclass
from typing import Final

import roma
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from benchmark.baselines.smplify_prior import Mixture, hinge_cost
from models.kinematics import world_from_joints
from models.rig import Pose
from models.skeletons import SMPL_PARENTS

Numbers = Float[Tensor, "poses 75"]
Values = Float[Tensor, " poses"]


def _levels() -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Joints of one depth with their parents, from the root's children on."""
    depth = [0]
    for parent in SMPL_PARENTS[1:]:
        depth.append(depth[parent] + 1)
    rows = [[joint for joint in range(24) if depth[joint] == level] for level in range(1, max(depth) + 1)]
    return tuple((tuple(row), tuple(SMPL_PARENTS[joint] for joint in row)) for row in rows)


LEVELS: Final = _levels()


@dataclass(frozen=True)
class Weights:
    """How much each part of the cost counts.

    Attributes:
        noise_m: standard deviation of the points that the data's part stands for.
        robust_m: distance beyond which a point counts ever less.
        prior, hinge: factors of the mixture and of elbows and knees.
    """

    noise_m: float
    robust_m: float
    prior: float
    hinge: float


@dataclass(frozen=True, eq=False)
class Task:
    """Poses to be found, one row each.

    Attributes:
        tie_point, tie_joint, tie_share, tie_lever_m: how points hang on joints (models.rig.Rig).
        start: the orientation of the pelvis from which its turn is counted.
    """

    seen_m: Float[Tensor, "poses points 3"]
    weight: Float[Tensor, "poses points"]
    offset_m: Float[Tensor, "poses 24 3"]
    tie_point: Int64[Tensor, " ties"]
    tie_joint: Int64[Tensor, " ties"]
    tie_share: Float[Tensor, " ties"]
    tie_lever_m: Float[Tensor, "poses ties 3"]
    start: Float[Tensor, "poses 3 3"]

    def some(self, rows: Int64[Tensor, " rows"]) -> "Task":
        """A few of the poses."""
        one = (self.tie_point, self.tie_joint, self.tie_share)
        return Task(
            self.seen_m[rows], self.weight[rows], self.offset_m[rows], *one, self.tie_lever_m[rows], self.start[rows]
        )


def cost_and_gradient(task: Task, mixture: Mixture, weights: Weights, numbers: Numbers) -> tuple[Values, Numbers]:
    """In units of a negative logarithm."""
    value, slope = point_cost(task, weights, numbers)
    body = numbers[:, 6:]
    for factor, (more, its_slope) in ((weights.prior, mixture.cost(body)), (weights.hinge, hinge_cost(body))):
        value = value + factor * more
        slope[:, 6:] += factor * its_slope
    return value, slope


def pose_of(task: Task, numbers: Numbers) -> Pose:
    """The pose that the numbers stand for."""
    local = roma.rotvec_to_rotmat(numbers[:, 3:].unflatten(-1, (24, 3)))
    local = torch.cat([task.start[:, None] @ local[:, :1], local[:, 1:]], dim=1)
    return Pose(world_from_joints(SMPL_PARENTS, local), numbers[:, :3])


def point_cost(task: Task, weights: Weights, numbers: Numbers) -> tuple[Values, Numbers]:
    """The data's part."""
    turn = numbers[:, 3:].unflatten(-1, (24, 3))
    world, joints_m = _pose(task, numbers[:, :3], roma.rotvec_to_rotmat(turn))
    arm_m = (world[:, task.tie_joint] * task.tie_lever_m[..., None, :]).sum(-1)
    tie_m = task.tie_share[:, None] * joints_m[:, task.tie_joint] + arm_m
    miss_m = torch.zeros_like(task.seen_m).index_add(1, task.tie_point, tie_m) - task.seen_m
    squared, robust = miss_m.square().sum(-1), weights.robust_m**2
    scale = task.weight / (2 * weights.noise_m**2)
    value = (scale * robust * squared / (robust + squared)).sum(-1)
    force = (2 * scale * robust**2 / (robust + squared).square())[..., None] * miss_m
    torque, total = _torques(task, world, joints_m, force[:, task.tie_point], arm_m)
    return value, torch.cat([total, _by_axis_angle(turn, torque).flatten(1)], dim=-1)


def _pose(task: Task, root_m: Tensor, local: Tensor) -> tuple[Tensor, Tensor]:
    """World orientations and places, all joints of one depth at once."""
    world, joints_m = torch.empty_like(local), torch.empty_like(task.offset_m)
    world[:, 0], joints_m[:, 0] = task.start @ local[:, 0], root_m
    for joints, parents in LEVELS:
        above = world[:, parents]
        world[:, joints] = above @ local[:, joints]
        joints_m[:, joints] = joints_m[:, parents] + (above * task.offset_m[:, joints, None, :]).sum(-1)
    return world, joints_m


def _torques(task: Task, world: Tensor, joints_m: Tensor, force: Tensor, arm_m: Tensor) -> tuple[Tensor, Tensor]:
    """The torque about each joint, of all that hangs on it, in the frame that it turns in; the force on the whole."""
    forces = torch.zeros_like(joints_m).index_add(1, task.tie_joint, task.tie_share[:, None] * force)
    torques = torch.zeros_like(joints_m).index_add(1, task.tie_joint, torch.linalg.cross(arm_m, force))
    for joints, parents in reversed(LEVELS):
        index = torch.tensor(parents, device=force.device)
        below = forces[:, joints]
        moment = torch.linalg.cross(joints_m[:, joints] - joints_m[:, parents], below)
        forces.index_add_(1, index, below)
        torques.index_add_(1, index, torques[:, joints] + moment)
    frame = torch.cat([task.start[:, None], world[:, SMPL_PARENTS[1:]]], dim=1)
    return (frame * torques[..., None]).sum(-2), forces[:, 0]


def _by_axis_angle(turn: Tensor, torque: Tensor) -> Tensor:
    """What a small turn on the left becomes for the axis-angle itself: the left Jacobian's transpose."""
    squared = turn.square().sum(-1, keepdim=True)
    angle = squared.clamp_min(1e-8).sqrt()
    small = squared < 1e-4
    first = torch.where(small, 0.5 - squared / 24, (1 - angle.cos()) / angle.square())
    second = torch.where(small, 1 / 6 - squared / 120, (angle - angle.sin()) / angle**3)
    across = torch.linalg.cross(turn, torque)
    return torque - first * across + second * torch.linalg.cross(turn, across)
