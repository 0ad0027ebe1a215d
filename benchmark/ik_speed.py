"""How many poses a second each method of inverse kinematics solves, all in one run on one machine.

Poses are those of the noisy cell with 10 mm; a batch of a thousand is 32 sequences of 32 frames. The first call of
each does not count; calls of all methods take turns, so that a slow minute hits all; medians count.
"""

import copy
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch

from benchmark.baselines.smplify_prior import load_mixture
from benchmark.baselines.smplify_smplx import smplify_with_smplx
from benchmark.ik_cases import draw_windows, make_case
from benchmark.ik_cells import OURS, Row
from benchmark.ik_methods import KNOW_THE_TRUTH, SLOW, Contender, kinetrace
from benchmark.ik_problem import Problem
from models.bodies.body import Body
from models.keypoints import Keypoints
from models.nets.pose_net import PoseNet
from models.rig import Pose, Rig
from training.corrupt import PointDamage
from training.mocap import TrueMotion

SHAPES: Final[Mapping[int, tuple[int, int]]] = {1: (1, 1), 32: (1, 32), 1024: (32, 32)}
"""Batches as sequences times frames."""
GPU_BATCH: Final = (2048, 32)
ROUNDS: Final = 5
SLOW_BATCHES: Final = (1, 1024)
AS_PUBLISHED: Final = "smplify_smplx"
"""SMPLify-3D with smplx as others run it, one pose after the other."""
THREADS: Final = (1, 2)
STEPS: Final = (0, 1, 3)


@dataclass(frozen=True)
class Racer:
    """A method as it is timed.

    Attributes:
        steps: of refinement; None for a method without.
    """

    name: str
    contender: Contender
    steps: int | None = None


def speed(
    body: Body, motions: Sequence[TrueMotion], contenders: Mapping[str, Contender], net: PoseNet | None
) -> list[Row]:
    """Poses a second by method, batch and threads; beside each how many times as many as SMPLify-3D's.

    The number of threads is put back in the end.

    Args:
        net: of our own solver; None leaves it out.
    """
    racers = [
        Racer(name, contender)
        for name, contender in contenders.items()
        if not name.startswith(OURS) and name not in KNOW_THE_TRUTH
    ]
    if net is not None:
        racers += [Racer(OURS, kinetrace(net, steps), steps) for steps in STEPS]
    before = torch.get_num_threads()
    rows: list[dict[str, object]] = []
    for threads in THREADS:
        torch.set_num_threads(threads)
        for batch, (sequences, frames) in SHAPES.items():
            rows += _race(racers, _problem(body, motions, sequences, frames), threads, batch)
    torch.set_num_threads(before)
    return [*_beside_smplify(rows), *(_on_gpu(body, motions, net) if net is not None else [])]


def _race(racers: Sequence[Racer], problem: Problem, threads: int, batch: int) -> list[dict[str, object]]:
    quick = [racer for racer in racers if racer.name not in SLOW]
    taken: dict[int, list[float]] = {id(racer): [] for racer in quick}
    for turn in range(ROUNDS + 1):
        for racer in quick:
            seconds = _timed(racer, problem)
            if turn:
                taken[id(racer)].append(seconds)
    rows = [_row(racer, statistics.median(taken[id(racer)]), "cpu", threads, batch) for racer in quick]
    if batch in SLOW_BATCHES and threads == max(THREADS):
        slow = [racer for racer in racers if racer.name in SLOW]
        if slow and batch == 1:
            slow.append(Racer(AS_PUBLISHED, lambda problem, truth: smplify_with_smplx(load_mixture(), problem)))
        rows += [_row(racer, _timed(racer, problem), "cpu", threads, batch) for racer in slow]
    return rows


def _row(racer: Racer, seconds: float, device: str, threads: int, batch: int) -> dict[str, object]:
    return {
        "method": racer.name,
        "steps": racer.steps,
        "batch": batch,
        "device": device,
        "threads": threads,
        "poses_per_s": float(f"{batch / seconds:.4g}"),
        "latency_ms": float(f"{1e3 * seconds:.4g}"),
    }


def _beside_smplify(rows: Sequence[dict[str, object]]) -> list[Row]:
    """How many times as fast as SMPLify-3D: one pose after the other, a thousand at once, and as published."""
    references = {
        "times_smplify_one_by_one": ("smplify", 1),
        "times_smplify_batched": ("smplify", 1024),
        f"times_{AS_PUBLISHED}": (AS_PUBLISHED, 1),
    }
    pace = {(row["method"], row["batch"]): float(str(row["poses_per_s"])) for row in rows}
    known = {name: pace[key] for name, key in references.items() if key in pace}
    return [row | {name: _times(row, reference) for name, reference in known.items()} for row in rows]


def _times(row: Row, poses_per_s: float) -> float:
    return round(float(str(row["poses_per_s"])) / poses_per_s, 1)


def _on_gpu(body: Body, motions: Sequence[TrueMotion], net: PoseNet) -> list[Row]:
    if not torch.cuda.is_available():
        return []
    fast = copy.deepcopy(net).cuda()
    problem = _to_gpu(_problem(body, motions, *GPU_BATCH))
    rows: list[Row] = []
    for steps in STEPS:
        racer = Racer(OURS, kinetrace(fast, steps), steps)
        seconds = statistics.median([_timed(racer, problem) for _ in range(ROUNDS + 1)][1:])
        rows.append(_row(racer, seconds, torch.cuda.get_device_name(), 0, 65536))
    return rows


def _problem(body: Body, motions: Sequence[TrueMotion], sequences: int, frames: int) -> Problem:
    """Long batches repeat what they have of the motions' pieces."""
    windows = draw_windows(motions, sequences, seed=0, frames=frames)
    return make_case(body, windows, "smpl24", PointDamage(noise_sd_m=0.01), seed=0).problem


def _to_gpu(problem: Problem) -> Problem:
    rig, seen = problem.rig, problem.keypoints
    return replace(
        problem,
        betas=problem.betas.cuda(),
        rig=Rig(
            rig.set_name, rig.pelvis_m.cuda(), rig.offset_m.cuda(), rig.point.cuda(), rig.joint.cuda(),
            rig.share.cuda(), rig.lever_m.cuda(),
        ),
        keypoints=Keypoints(seen.set_name, seen.points_m.cuda(), seen.confidence.cuda(), seen.rate_hz),
        first=None,
    )  # fmt: skip


def _timed(racer: Racer, problem: Problem) -> float:
    nothing = Pose(torch.zeros(0, 24, 3, 3), torch.zeros(0, 3))
    began = time.perf_counter()
    racer.contender(problem, nothing)
    if problem.betas.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - began
