"""Solves a sequence frame after frame, each from the pose before it, and does not go astray when the points do.

In every frame two answers compete: one that starts from the solver's own previous pose, one that stands alone. The
guard accepts the first while the points agree with it; takes the second where only that agrees, or much better
(recover); and keeps the last good pose where neither does (hold): garbage, another person, nobody. No true first frame
is needed: the first frame stands alone.
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from models.ik import Solution, solve_pose
from models.keypoints import Keypoints
from models.nets.inputs import TAPS, BeforeKind
from models.nets.pose_net import PoseNet
from models.rig import Pose, Rig, rig_points

MEMORY: Final = -min(TAPS) + 1
"""Frames that the network sees at a time: this one and those before it."""
FEWEST_POINTS: Final = 4
"""Fewer tell no pose."""
FAR_M: Final = 0.12
"""Half of the points this far off the body: not this person, or no person. Noise of 30 mm puts them at 50."""
BETTER: Final = 0.7
"""The answer that stands alone is taken where its points lie this much nearer than the other's."""
CLEAR_M: Final = 0.005
"""And by more than this, or both are good."""
SPEED_M_S: Final = 15.0
"""A pelvis that is faster has been mistaken for another's. An assumption: the fastest runners reach some 12."""
PATIENCE_S: Final = 1.0
"""A pose is held no longer than this against points that hold together: he may be elsewhere by now."""


class Verdict(IntEnum):
    """What became of a frame."""

    ACCEPTED = 0
    RECOVERED = 1
    HELD = 2


@dataclass(frozen=True, eq=False)
class Followed:
    """Attributes:
    pose: of every frame.
    twist_sd_rad: of each joint, as the answer that was taken says.
    residual_m: how far half of the seen points lie from the body at most; infinite with too few of them.
    verdict: see Verdict; the first frame counts as recovered.
    """

    pose: Pose
    twist_sd_rad: Float[Tensor, "*batch frames 24"]
    residual_m: Float[Tensor, "*batch frames"]
    verdict: Int64[Tensor, "*batch frames"]


@dataclass(frozen=True, eq=False)
class _Answer:
    """One frame of each sequence."""

    world_from_joint: Float[Tensor, "*batch 24 3 3"]
    root_m: Float[Tensor, "*batch 3"]
    twist_sd_rad: Float[Tensor, "*batch 24"]
    residual_m: Float[Tensor, "*batch"]
    verdict: Int64[Tensor, "*batch"]


@dataclass(frozen=True, eq=False)
class _Guard:
    """Attributes:
    last: the answer of the frame before.
    held_s: for how long it has been held.
    passed_s: since the sequence began.
    step_s: between two frames.
    """

    last: _Answer
    held_s: Float[Tensor, "*batch"]
    passed_s: float
    step_s: float


def follow(rig: Rig, keypoints: Keypoints, *, net: PoseNet, steps: int) -> Followed:
    """Solve frame after frame; no frame sees a later one.

    Args:
        rig: its shape axes broadcast against the keypoints' batch axes and frames.
        steps: of refinement.
    """
    answers: list[_Answer] = []
    for frame in range(keypoints.points_m.shape[-3]):
        seen = _last_frames(keypoints, frame)
        alone = _answer(rig, seen, solve_pose(rig, seen, net=net, steps=steps, causal=True))
        if not answers:
            answers.append(_begin(alone))
            continue
        before = _poses_before(answers, seen.points_m.shape[-3])
        kept = solve_pose(rig, seen, net=net, steps=steps, before=before, before_kind=BeforeKind.PREVIOUS, causal=True)
        guard = _Guard(
            answers[-1], _held(answers) / keypoints.rate_hz, frame / keypoints.rate_hz, 1 / keypoints.rate_hz
        )
        answers.append(_judge(_answer(rig, seen, kept), alone, guard))
    return Followed(
        pose=Pose(_stack(answers, "world_from_joint"), _stack(answers, "root_m")),
        twist_sd_rad=_stack(answers, "twist_sd_rad"),
        residual_m=torch.stack([answer.residual_m for answer in answers], dim=-1),
        verdict=torch.stack([answer.verdict for answer in answers], dim=-1),
    )


def point_residual(rig: Rig, keypoints: Keypoints, pose: Pose) -> Float[Tensor, "*batch frames"]:
    """The distance within which half of the seen points lie from the body's; infinite for less than FEWEST_POINTS."""
    away_m = (rig_points(rig, pose) - keypoints.points_m).norm(dim=-1)
    there = keypoints.confidence > 0
    count = there.sum(-1)
    ordered = torch.where(there, away_m, torch.inf).sort(dim=-1).values
    middle = ordered.gather(-1, ((count - 1).clamp_min(0) // 2)[..., None])[..., 0]
    return torch.where(count < FEWEST_POINTS, torch.inf, middle)


def _begin(alone: _Answer) -> _Answer:
    """Points that agree with no body show nobody yet."""
    return replace(alone, verdict=torch.where(alone.residual_m < FAR_M, alone.verdict, int(Verdict.HELD)))


def _judge(kept: _Answer, alone: _Answer, guard: _Guard) -> _Answer:
    """Choose for each sequence between the three."""
    better = (alone.residual_m < BETTER * kept.residual_m) & (alone.residual_m < kept.residual_m - CLEAR_M)
    never = guard.held_s >= guard.passed_s - guard.step_s / 2
    best = _choose(better | never, alone, kept)
    near = (best.root_m - guard.last.root_m).norm(dim=-1) < SPEED_M_S * (guard.step_s + guard.held_s)
    good = (best.residual_m < FAR_M) & (near | never | (guard.held_s >= PATIENCE_S))
    fresh = better | never | (guard.held_s > 0)
    verdict = torch.where(fresh, int(Verdict.RECOVERED), int(Verdict.ACCEPTED))
    taken = _choose(good | never, best, guard.last)
    return replace(
        taken, residual_m=best.residual_m, verdict=torch.where(good, verdict, torch.full_like(verdict, Verdict.HELD))
    )


def _choose(first: Bool[Tensor, "*batch"], yes: _Answer, no: _Answer) -> _Answer:
    return _Answer(
        world_from_joint=torch.where(first[..., None, None, None], yes.world_from_joint, no.world_from_joint),
        root_m=torch.where(first[..., None], yes.root_m, no.root_m),
        twist_sd_rad=torch.where(first[..., None], yes.twist_sd_rad, no.twist_sd_rad),
        residual_m=torch.where(first, yes.residual_m, no.residual_m),
        verdict=torch.where(first, yes.verdict, no.verdict),
    )


def _answer(rig: Rig, seen: Keypoints, solution: Solution) -> _Answer:
    """The last frame of a solution."""
    residual_m = point_residual(rig, seen, solution.pose)[..., -1]
    return _Answer(
        world_from_joint=solution.pose.world_from_joint[..., -1, :, :, :],
        root_m=solution.pose.root_m[..., -1, :],
        twist_sd_rad=solution.twist_sd_rad[..., -1, :],
        residual_m=residual_m,
        verdict=torch.full_like(residual_m, int(Verdict.RECOVERED), dtype=torch.int64),
    )


def _last_frames(keypoints: Keypoints, frame: int) -> Keypoints:
    first = max(0, frame - MEMORY + 1)
    return Keypoints(
        keypoints.set_name,
        keypoints.points_m[..., first : frame + 1, :, :],
        keypoints.confidence[..., first : frame + 1, :],
        keypoints.rate_hz,
    )


def _poses_before(answers: list[_Answer], frames: int) -> Pose:
    """For each of the last frames, this one included, the pose of the frame before; the first has its own."""
    known = answers[-frames:]
    known = [known[0]] * (frames - len(known)) + known
    return Pose(_stack(known, "world_from_joint"), _stack(known, "root_m"))


def _held(answers: list[_Answer]) -> Float[Tensor, "*batch"]:
    """For how many frames up to now the last good pose has been kept."""
    count = torch.zeros_like(answers[-1].residual_m)
    held = torch.ones_like(count, dtype=torch.bool)
    for answer in reversed(answers):
        held = held & (answer.verdict == Verdict.HELD)
        if not held.any():
            break
        count = count + held
    return count


def _stack(answers: list[_Answer], name: str) -> Tensor:
    """Frames in front of what belongs to a pose."""
    tail = {"world_from_joint": 4, "root_m": 2, "twist_sd_rad": 2}[name]
    return torch.stack([getattr(answer, name) for answer in answers], dim=-tail)
