"""The exact part of inverse kinematics for batches of any shape: a guess becomes a pose that fits its points."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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
    """The swing pass and a number of steps, in double precision within.

    Compiled on the CPU, in torch where CUDA has the points; points on another device are solved on the CPU.
    """
    batch = keypoints.confidence.shape[:-1]
    given = (
        keypoints.points_m, keypoints.confidence, guess.world_from_joint, guess.swing_sd_rad, guess.twist_sd_rad,
        guess.noise_m,
    )  # fmt: skip
    rows = [tensor.detach().reshape(batch.numel(), *tensor.shape[len(batch) :]) for tensor in given]
    plan, shapes = make_plan(rig), rig.offset_m.shape[:-2]
    chosen = torch.arange(shapes.numel(), device=rig.offset_m.device).reshape(shapes).expand(batch).reshape(-1)
    rigs = [tensor.reshape(shapes.numel(), *tensor.shape[-2:]) for tensor in (rig.offset_m, plan.lever_m)]
    solve = _on_cuda if keypoints.points_m.device.type == "cuda" else _on_cpu
    found = solve(plan, rigs, chosen, rows, steps)
    return Fit(*(tensor.to(keypoints.points_m).reshape(*batch, *tensor.shape[1:]) for tensor in found))


def _on_cuda(
    plan: Plan, rigs: list[Tensor], chosen: Tensor, rows: list[Tensor], steps: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    from models.ik_twin import solve_in_torch  # noqa: PLC0415 - numba loads for 0.6 s

    points_m, confidence, *guess = (tensor.double() for tensor in rows)
    offset_m, lever_m = (tensor.double()[chosen] for tensor in rigs)
    # What is read number by number stays near.
    here = replace(plan, start=plan.start.cpu(), share=plan.share.double(), pull=plan.pull.double(), lever_m=lever_m)
    return solve_in_torch(here, offset_m, Keypoints("", points_m, confidence, 0.0), Guess(*guess), steps)


def _on_cpu(
    plan: Plan, rigs: list[Tensor], chosen: Tensor, rows: list[Tensor], steps: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    given = [_single(tensor) for tensor in rows]
    out = [np.empty((len(chosen), *shape), np.float32) for shape in ((24, 3, 3), (3,), (24,), (), ())]
    _run_in_threads(plan, [_single(tensor) for tensor in rigs], chosen.cpu().numpy(), given, out, steps)
    world, root_m, twist_sd, residual_m, pressed = (torch.from_numpy(array) for array in out)
    return world, root_m, twist_sd, residual_m, pressed


def _single(tensor: Tensor) -> np.ndarray:
    return tensor.cpu().float().contiguous().numpy()


def _run_in_threads(
    plan: Plan, rigs: list[np.ndarray], chosen: np.ndarray, given: list[np.ndarray], out: list[np.ndarray], steps: int
) -> None:
    """As many threads as torch has: the kernel holds no lock."""
    from models.ik_kernels import solve_each  # noqa: PLC0415 - numba loads for 0.6 s

    doubles = (plan.share.double(), plan.pull.double())
    ties = tuple(t.cpu().numpy() for t in (plan.start, plan.point, *doubles, plan.alone))

    def run(part: slice) -> None:
        points_m, confidence, *guess = (array[part] for array in given)
        written = tuple(array[part] for array in out)
        solve_each(ties, tuple(rigs), chosen[part], (points_m, confidence), tuple(guess), limit_table(), steps, written)

    in_parts(run, len(chosen))


def in_parts(run: Callable[[slice], None], count: int, poses: int = 1) -> None:
    """Do something to parts of a count in as many threads as torch has; each of the count is worth so many poses."""
    threads = min(torch.get_num_threads(), count, max(1, count * poses // LEAST_POSES))
    if threads <= 1:
        run(slice(0, count))
        return
    edges = np.linspace(0, count, threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, (slice(start, end) for start, end in pairwise(edges.tolist()))))
