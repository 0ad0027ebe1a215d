"""SMPLify-3D: a pose is fitted to points in space by L-BFGS under a prior of poses, each frame on its own.

Bogo et al. 2016, Keep it SMPL, for points in space as the public programs after it have it: first the root (here the
turn and place that bring the rest trunk onto the seen one best, in closed form), then everything, first with a strong
prior and then with a weak one. Betas are given. All frames run side by side (smplify_lbfgs); as published, one frame
after the other with smplx, it is smplify_smplx. A point that is missing has no weight: the prior fills it.
"""

from functools import partial
from typing import Final

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from benchmark.baselines.smplify_cost import Numbers, Task, Weights, cost_and_gradient, pose_of
from benchmark.baselines.smplify_lbfgs import Rule, minimise
from benchmark.baselines.smplify_prior import Mixture, load_mixture
from benchmark.ik_problem import Method, Problem
from models.rig import Pose, rig_points
from models.rotations import turn_onto
from models.skeletons import SMPL_JOINTS

STAGES: Final = (
    (Weights(noise_m=0.005, robust_m=1.0, prior=10.0, hinge=1.0), Rule(tolerance=1e-3, evaluations=40)),
    (Weights(noise_m=0.005, robust_m=0.1, prior=1.0, hinge=1.0), Rule(tolerance=1e-5, evaluations=200)),
)
"""A stage ends for a pose with a step that gains less than the tolerance's share of its cost, or with its evaluations.
Chosen on held-out people of the train split: points' noise of 3, 5 and 8 mm, a hinge of 0.1, 1 and 4, one and two
stages. Most poses end with their last evaluation; 500 more gain 0.2 mm and take twice the time."""
TRUNK: Final = tuple(
    joint
    for joint, name in enumerate(SMPL_JOINTS)
    if name.endswith(("pelvis", "hip", "collar", "shoulder", "neck", "1", "2", "3"))
)
ELSEWHERE: Final = 0.01
"""What points off the trunk count when the root is placed: enough where the trunk shows nothing."""
ROOT_ROUNDS: Final = 2
"""How often Wahba's problem for the root is weighed anew by Geman and McClure's loss."""
ROOT_ROBUST_M: Final = 0.1


def load_smplify() -> Method:
    """Read the prior; raises WeightsError where it is missing or damaged."""
    return partial(smplify, load_mixture())


@torch.no_grad()
def smplify(mixture: Mixture, problem: Problem) -> Pose:
    """Fit every frame of every sequence; finite whatever is missing."""
    task, root_m = make_task(problem)
    mixture = mixture.to(task.seen_m)
    likeliest = mixture.mean[mixture.offset.argmin()].expand(len(root_m), -1)
    numbers = torch.cat([root_m, torch.zeros_like(root_m), likeliest], dim=-1)
    for weights, rule in STAGES:
        numbers = _fit(task, mixture, (weights, rule), numbers)
    pose, batch = pose_of(task, numbers), problem.keypoints.confidence.shape[:-1]
    return Pose(pose.world_from_joint.unflatten(0, batch), pose.root_m.unflatten(0, batch))


def _fit(task: Task, mixture: Mixture, stage: tuple[Weights, Rule], numbers: Numbers) -> Numbers:
    def cost(trial: Numbers, rows: Int64[Tensor, " rows"]) -> tuple[Tensor, Numbers]:
        return cost_and_gradient(task.some(rows), mixture, stage[0], trial)

    return minimise(cost, numbers, stage[1])


def make_task(problem: Problem) -> tuple[Task, Float[Tensor, "poses 3"]]:
    """All frames of all sequences as rows, and where the pelvis stands at first."""
    rig, keypoints = problem.rig, problem.keypoints
    batch = keypoints.confidence.shape[:-1]
    seen_m, weight = keypoints.points_m.flatten(0, -3), keypoints.confidence.square().flatten(0, -2)
    eye = torch.eye(3).to(seen_m).expand(*rig.offset_m.shape, 3)
    rest_m = rig_points(rig, Pose(eye, torch.zeros_like(rig.pelvis_m)))
    on_trunk = torch.zeros(rig.point_count).to(weight)
    on_trunk[rig.point[torch.isin(rig.joint, torch.tensor(TRUNK, device=rig.joint.device))]] = 1
    rest_m = rest_m.expand(*batch, *rest_m.shape[-2:]).flatten(0, -3)
    turn, root_m = _root(rest_m, seen_m, weight * on_trunk.clamp_min(ELSEWHERE))
    task = Task(
        seen_m=seen_m,
        weight=weight,
        offset_m=rig.offset_m.expand(*batch, 24, 3).flatten(0, -3),
        tie_point=rig.point,
        tie_joint=rig.joint,
        tie_share=rig.share,
        tie_lever_m=rig.lever_m.expand(*batch, *rig.lever_m.shape[-2:]).flatten(0, -3),
        start=turn,
    )
    return task, root_m


def _root(
    rest_m: Float[Tensor, "poses points 3"],
    seen_m: Float[Tensor, "poses points 3"],
    weight: Float[Tensor, "poses points"],
) -> tuple[Float[Tensor, "poses 3 3"], Float[Tensor, "poses 3"]]:
    """The turn and the place of the pelvis, from which points at rest are counted, that bring them onto the seen."""
    turn, shift_m = _wahba(rest_m, seen_m, weight)
    for _ in range(ROOT_ROUNDS):
        squared = (rest_m @ turn.mT + shift_m - seen_m).square().sum(-1)
        turn, shift_m = _wahba(rest_m, seen_m, weight / (1 + squared / ROOT_ROBUST_M**2).square())
    return turn, shift_m[:, 0]


def _wahba(rest_m: Tensor, seen_m: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    share = (weight / weight.sum(-1, keepdim=True).clamp_min(1e-9))[..., None]
    rest_mid_m, seen_mid_m = (share * rest_m).sum(-2, keepdim=True), (share * seen_m).sum(-2, keepdim=True)
    turn = turn_onto(rest_m - rest_mid_m, seen_m - seen_mid_m, weight)
    return turn, seen_mid_m - rest_mid_m @ turn.mT
