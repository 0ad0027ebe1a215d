"""The exact part of inverse kinematics for batches of any shape: a guess becomes a pose that fits its points."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from models.ik_limits import limit_table
from models.ik_plan import Plan, make_plan
from models.keypoints import Keypoints
from models.pose_guess import Guess
from models.rig import Rig

LEAST_POSES = 64
"""Fewer are not worth another thread."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A pose and how well it fits.

    Attributes:
        world_from_joint, root_m: the pose.
        twist_sd_rad: standard deviation of each joint's turn about its bone.
        residual_m: the median of what the seen points lie off by; 0 where none is seen.
        pressed: how far limits moved bones of length 1.
    """

    world_from_joint: Float[Tensor, "*batch 24 3 3"]
    root_m: Float[Tensor, "*batch 3"]
    twist_sd_rad: Float[Tensor, "*batch 24"]
    residual_m: Float[Tensor, "*batch"]
    pressed: Float[Tensor, "*batch"]


def fit_points(rig: Rig, keypoints: Keypoints, guess: Guess, *, steps: int) -> Fit:
    """The swing pass and a number of steps; single precision at the door, double within."""
    batch = keypoints.confidence.shape[:-1]
    plan, count = make_plan(rig), keypoints.confidence[..., 0].numel()
    tensors = [
        _flat(tensor, len(batch), count)
        for tensor in (
            keypoints.points_m, keypoints.confidence, guess.world_from_joint, guess.swing_sd_rad, guess.twist_sd_rad,
            guess.noise_m,
        )
    ]  # fmt: skip
    shapes = rig.offset_m.shape[:-2]
    chosen = torch.arange(shapes.numel()).reshape(shapes).expand(batch).reshape(-1)
    rigs = (_flat(rig.offset_m, len(shapes), shapes.numel()), _flat(plan.lever_m, len(shapes), shapes.numel()))
    out = [np.empty((count, *shape), np.float32) for shape in ((24, 3, 3), (3,), (24,), (), ())]
    _run_in_threads(plan, rigs, chosen.numpy(), tensors, steps, out)
    like = keypoints.points_m
    return Fit(*(torch.from_numpy(array.reshape(*batch, *array.shape[1:])).to(like) for array in out))


def _flat(tensor: Tensor, axes: int, count: int) -> np.ndarray:
    """Single precision on the CPU, its leading axes as one."""
    return tensor.detach().cpu().float().reshape(count, *tensor.shape[axes:]).contiguous().numpy()


def _run_in_threads(
    plan: Plan,
    rigs: tuple[np.ndarray, ...],
    chosen: np.ndarray,
    given: list[np.ndarray],
    steps: int,
    out: list[np.ndarray],
) -> None:
    """As many threads as torch has: the kernel holds no lock."""
    from models.ik_kernels import solve_each  # noqa: PLC0415 - numba loads for 0.6 s

    ties = (
        plan.start.numpy(),
        plan.point.numpy(),
        plan.share.double().numpy(),
        plan.pull.double().numpy(),
        plan.alone.numpy(),
    )

    def run(part: slice) -> None:
        points_m, confidence, *guess = (array[part] for array in given)
        written = tuple(array[part] for array in out)
        solve_each(ties, rigs, chosen[part], (points_m, confidence), tuple(guess), limit_table(), steps, written)

    _in_parts(run, len(chosen))


def _in_parts(run: Callable[[slice], None], count: int) -> None:
    threads = min(torch.get_num_threads(), max(1, count // LEAST_POSES))
    if threads == 1:
        run(slice(0, count))
        return
    edges = np.linspace(0, count, threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, (slice(start, end) for start, end in pairwise(edges.tolist()))))
