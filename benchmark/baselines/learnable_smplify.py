"""Learnable SMPLify: each pose is the one before it, turned by what a network sees between their keypoints.

Sequential use as in the paper and its public code (Charrrrrlie/Learnable-SMPLify): from the true first pose where it
is given; else from the analytic solution of the first frame (hinge), which the network then refines in STARTS passes.
From the 61st frame on its guard takes the best of three by keypoint error: the step from the last pose, the step from
the first pose, and staying. What the paper does not say: a missing point counts as not having moved and has confidence
0; the pelvis is where the points fit best.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Final

import roma
import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor

from benchmark.baselines.hinge import hinge
from benchmark.baselines.learnable_smplify_net import SmplifyNet, net_of
from benchmark.ik_problem import Method, Problem
from models.bodies.regressors import point_names
from models.kinematics import world_from_joints
from models.rig import Pose, Rig, make_rig, rig_joints, rig_points
from models.rotations import unit
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from models.weights import find_weights

WEIGHTS: Final = Path(__file__).parents[1] / "weights"
STARTS: Final = 2
"""Passes over the first frame where its pose is not given."""
GUARD_FRAME: Final = 60
OUTLIER_M: Final = 0.1
"""A point this far off counts half when the pelvis is placed."""
_HIPS: Final = [SMPL_INDEX["left_hip"], SMPL_INDEX["right_hip"]]
_ALIGNED: Final = frozenset(("pelvis", "mid_hip", "neck", "left_hip", "right_hip", "left_shoulder", "right_shoulder"))
_SAME: Final = {
    "midhip": "mid_hip", "hip": "mid_hip", "left_foot_index": "left_bigtoe", "right_foot_index": "right_bigtoe",
    "left_foot": "left_ankle", "right_foot": "right_ankle", "neck/nose": "nose",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Step:
    """What is known when a pose is looked for: all for a flat batch.

    Attributes:
        rig, betas: whose pose.
        pose: the known one.
        seen_m: the points of the next one, anywhere.
        confidence: theirs.
    """

    rig: Rig
    betas: Float[Tensor, "batch betas"]
    pose: Pose
    seen_m: Float[Tensor, "batch points 3"]
    confidence: Float[Tensor, "batch points"]


def learnable_smplify() -> Method:
    """The method with its weights for both graphs."""
    return lambda problem: solve_sequences(problem, shipped_net)


@cache
def shipped_net(set_name: str) -> SmplifyNet:
    """The network for body25 or smpl24."""
    path = find_weights(f"learnable_smplify_{set_name}.safetensors", WEIGHTS).path
    return net_of(load_file(path), set_name)


@torch.no_grad()
def solve_sequences(problem: Problem, net_for: Callable[[str], SmplifyNet]) -> Pose:
    """Follow each sequence from its first frame.

    Args:
        net_for: gives the network of a graph, body25 or smpl24.
    """
    points = problem.keypoints
    graph = "smpl24" if points.set_name.startswith("smpl24") else "body25"
    net = net_for(graph)
    first = _frame(hinge(_only_first(problem)), 0) if problem.first is None else problem.first
    poses: list[Pose] = []
    for frame in range(points.points_m.shape[1]):
        look = partial(_look, problem, make_rig(problem.body, problem.betas, graph), frame)
        if problem.first is None and frame == 0:
            for _ in range(STARTS):
                first = advance(net, look(first))
        poses.append(first if frame == 0 else _follow(net, look, poses[-1], first if frame > GUARD_FRAME else None))
    return Pose(torch.stack([p.world_from_joint for p in poses], 1), torch.stack([p.root_m for p in poses], 1))


def advance(net: SmplifyNet, step: Step) -> Pose:
    """The next pose: turns by the network, then the pelvis where the seen points fit best."""
    turns, world_from_human = predict_turns(net, step)
    world = world_from_joints(SMPL_PARENTS, torch.cat([world_from_human @ turns[:, :1], turns[:, 1:]], dim=1))
    return _place(Pose(world, step.pose.root_m), step)


def predict_turns(
    net: Callable[..., Tensor], step: Step
) -> tuple[Float[Tensor, "batch 24 3 3"], Float[Tensor, "batch 1 3 3"]]:
    """Each joint's rotation against its parent, the root's in the human-centric frame; and that frame."""
    old_m = rig_points(step.rig, step.pose)
    human = human_frame(step.rig, step.pose)[:, None]
    moved_m = (step.seen_m - old_m) * (step.confidence > 0)[..., None]
    moved_m = (moved_m - _shift(step, moved_m, human)) * (step.confidence > 0)[..., None]
    middle_m = rig_joints(step.rig, step.pose)[:, _HIPS].mean(1, keepdim=True)
    both_m = torch.stack([old_m, old_m + moved_m], dim=1) - middle_m[:, None]
    sure = torch.stack([torch.ones_like(step.confidence), step.confidence], dim=1)[..., None]
    local = _locals(step.pose.world_from_joint, human)
    turns = local @ net(torch.cat([both_m @ human, sure], dim=-1), local, step.betas)
    # Steps follow steps: without this, rounding grows down the chain and over time until nothing is left.
    return roma.special_gramschmidt(turns[..., :2]), human


def human_frame(rig: Rig, pose: Pose) -> Float[Tensor, "batch 3 3"]:
    """World from the human-centric frame of a pose: x from the right hip to the left, y up the trunk, z ahead."""
    joints_m = rig_joints(rig, pose)
    x = unit(joints_m[:, _HIPS[0]] - joints_m[:, _HIPS[1]])
    z = unit(torch.linalg.cross(x, joints_m[:, SMPL_INDEX["neck"]] - joints_m[:, _HIPS].mean(1)))
    return torch.stack([x, torch.linalg.cross(z, x), z], dim=-1)


@lru_cache
def pairing(set_name: str, graph: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Points of a set and those of a graph's set that stand for the same place, in order."""
    if graph == "smpl24":
        every = tuple(range(len(SMPL_PARENTS)))
        return every, every
    own = [_plain(name) for name in point_names(set_name)]
    ours = [_plain(name) for name in point_names(graph)]
    shared = [name for name in ours if name in own]
    return tuple(own.index(name) for name in shared), tuple(ours.index(name) for name in shared)


def _look(problem: Problem, rig: Rig, frame: int, pose: Pose) -> Step:
    """A frame's points as those of the graph: where the sets differ, as far from the known pose's as seen."""
    points = problem.keypoints
    own, ours = (list(side) for side in pairing(points.set_name, rig.set_name))
    seen_m = rig_points(rig, pose)
    moved_m = points.points_m[:, frame] - rig_points(_flat(problem.rig), pose)
    seen_m[:, ours] = seen_m[:, ours] + moved_m[:, own]
    confidence = torch.zeros_like(seen_m[..., 0])
    confidence[:, ours] = points.confidence[:, frame, own].clamp(0, 1)
    return Step(rig, problem.betas, pose, seen_m, confidence)


def _follow(net: SmplifyNet, look: Callable[[Pose], Step], last: Pose, first: Pose | None) -> Pose:
    """The pose after the last one; with the first given, the guard chooses."""
    step = look(last)
    ahead = advance(net, step)
    if first is None:
        return ahead
    found = [ahead, advance(net, look(first)), _place(last, step)]
    error = torch.stack([_misfit(step, pose) for pose in found])
    best = error.argmin(0)
    rows = torch.arange(len(best))
    world = torch.stack([pose.world_from_joint for pose in found])[best, rows]
    return Pose(world, torch.stack([pose.root_m for pose in found])[best, rows])


def _misfit(step: Step, pose: Pose) -> Float[Tensor, " batch"]:
    apart_m = (rig_points(step.rig, pose) - step.seen_m).abs().sum(-1)
    return (apart_m * (step.confidence > 0)).sum(-1)


def _place(pose: Pose, step: Step) -> Pose:
    """Put the pelvis where the points fit, outliers aside; nothing seen leaves it where it was."""
    apart_m = step.seen_m - rig_points(step.rig, pose)
    known = (step.confidence > 0).to(apart_m)
    shift_m = _shift(step, apart_m, human_frame(step.rig, pose)[:, None])[:, 0]
    for _ in range(2):
        off_m = (apart_m - shift_m[:, None]).norm(dim=-1)
        weight = (known / (1 + (off_m / OUTLIER_M) ** 2))[..., None]
        shift_m = (weight * apart_m).sum(1) / weight.sum(1).clamp_min(1e-9)
    return Pose(pose.world_from_joint, pose.root_m + shift_m)


def _shift(
    step: Step, moved_m: Float[Tensor, "batch points 3"], human: Float[Tensor, "batch 1 3 3"]
) -> Float[Tensor, "batch 1 3"]:
    """How far the trunk has moved: the median of its points that are seen, or of all, or not at all.

    Axis by axis, in a frame that turns with the person.
    """
    known = step.confidence > 0
    trunk = torch.tensor([_plain(name) in _ALIGNED for name in point_names(step.rig.set_name)])
    chosen = torch.where((known & trunk).any(-1, keepdim=True), known & trunk, known)
    along_m = torch.where(chosen[..., None], moved_m @ human[:, 0], torch.nan)
    return along_m.nanmedian(1, keepdim=True).values.nan_to_num() @ human[:, 0].mT


def _locals(world: Float[Tensor, "batch 24 3 3"], human: Float[Tensor, "batch 1 3 3"]) -> Float[Tensor, "batch 24 3 3"]:
    parents = world[:, list(SMPL_PARENTS[1:])]
    return torch.cat([human.mT @ world[:, :1], parents.mT @ world[:, 1:]], dim=1)


def _plain(name: str) -> str:
    """LBigToe as left_bigtoe: what a place is called in every set."""
    if name[0] in "LR" and name[1].isupper():
        name = {"L": "left_", "R": "right_"}[name[0]] + name[1:]
    return _SAME.get(name.lower(), name.lower())


def _flat(rig: Rig) -> Rig:
    """Without the axis for frames."""
    return replace(rig, pelvis_m=rig.pelvis_m[:, 0], offset_m=rig.offset_m[:, 0], lever_m=rig.lever_m[:, 0])


def _only_first(problem: Problem) -> Problem:
    points = problem.keypoints
    return replace(
        problem, keypoints=replace(points, points_m=points.points_m[:, :1], confidence=points.confidence[:, :1])
    )


def _frame(pose: Pose, frame: int) -> Pose:
    return Pose(pose.world_from_joint[:, frame], pose.root_m[:, frame])
