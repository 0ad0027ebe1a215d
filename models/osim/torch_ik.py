"""Inverse kinematics of models.osim.ik in torch: all frames at once, on a GPU or on the CPU.

The same cost, bounds, starts and stopping rule as the compiled solver's. Instead of following one another, all frames
are solved from several starts; then neighbours hand each other what they found until nobody gains. Worth its while for
many frames on a GPU; for short trials on a CPU the compiled solver is far faster.
"""

from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from models.errors import InputError
from models.osim.aliases import canonical
from models.osim.chain_kernels import AT_BOUND, DAMPING_FLOOR, DAMPING_LIMIT, DAMPING_START, FASTEST_LOSS, RIDGE
from models.osim.forward import obey_couplers
from models.osim.ik import FINE, ROUGH, STARTS, Problem, Solution, pose_problem
from models.osim.model import Model
from models.osim.problem import Limits
from models.osim.seeds import limbs, root_poses, scattered
from models.osim.tasks import Tasks
from models.osim.torch_ik_chain import Assessed, DeviceCase, assess
from models.osim.trc import Trial

CHUNK: Final = {"cpu": 512, "cuda": 1 << 15}
"""Poses that are assessed together: on a CPU as many as fit its cache, on a GPU some 8 GB for a hundred markers."""
ROUNDS: Final = 20
"""How often neighbours may hand on a better minimum."""


def solve_batched(model: Model, trial: Trial, tasks: Tasks, device: torch.device) -> Solution:
    """As models.osim.ik.solve, which finds the same poses where a frame has one minimum.

    Args:
        model, trial, tasks: as there.
        device: one with double precision.

    Raises:
        InputError: as there.
    """
    problem = pose_problem(model, trial, tasks)
    observed = np.asarray(problem.case.goal.weight.any(axis=1))
    if not observed.any():
        raise InputError("no followed marker is ever seen", "hand in a trial with measured markers")
    case, frames = DeviceCase(*problem.case, device), np.flatnonzero(observed)
    poses, costs = _from_starts(case, problem, frames)
    _hand_on(case, poses, costs, case.put(frames))
    nearest = np.abs(np.arange(len(observed))[:, None] - frames).argmin(axis=1)
    found = poses.cpu().numpy()[nearest]
    cost = np.where(observed, costs.cpu().numpy()[nearest], 0.0)
    return Solution(canonical(model, obey_couplers(model, found)), cost, observed)


def settle(
    case: DeviceCase,
    starts: Float[Tensor, "batch coordinates"],
    frames: Int64[Tensor, " batch"],
    limits: Limits,
) -> tuple[Float[Tensor, "batch coordinates"], Assessed]:
    """Levenberg's and Marquardt's steps in every frame of a batch until hardly a way is left; see chain_kernels."""
    pose = starts.clone()
    now = assess(case, pose, frames)
    damping = torch.full_like(now.cost, DAMPING_FLOOR)
    before = torch.full_like(now.cost, 2 * limits.stop)
    alive = torch.arange(len(pose), device=pose.device)
    for _ in range(limits.most):
        trial, longest, solvable = _step(case, pose[alive], _rows(now, alive), damping[alive])
        reached = assess(case, trial, frames[alive])
        better = solvable & (reached.cost <= now.cost[alive] * (1 + 1e-13))
        rate = (longest / before[alive]).clamp(max=FASTEST_LOSS)
        eased, raised = (damping[alive] * 0.1).clamp(min=DAMPING_FLOOR), (damping[alive] * 10).clamp(min=DAMPING_START)
        done = torch.where(better, longest * rate / (1 - rate) < limits.stop, raised > DAMPING_LIMIT)
        done = done | (~better & solvable & (longest < AT_BOUND))
        taken = alive[better]
        pose[taken], before[taken] = trial[better], longest[better]
        for part, other in zip(_parts(now), _parts(reached), strict=True):
            part[taken] = other[better]
        damping[alive] = torch.where(better, eased, raised)
        alive = alive[~done]
        if not len(alive):
            break
    return pose, now


def _step(
    case: DeviceCase, pose: Float[Tensor, "batch coordinates"], now: Assessed, damping: Float[Tensor, " batch"]
) -> tuple[Float[Tensor, "batch coordinates"], Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
    """Where a damped step leads, how far its longest variable goes, and whether its equations could be solved.

    A variable at a bound that the slope pushes outward is out of the equations.
    """
    x, (lower, upper, reach) = pose[:, case.variables], case.bounds
    held = ((x <= lower + AT_BOUND) & (now.slope > 0)) | ((x >= upper - AT_BOUND) & (now.slope < 0))
    free = (~held).to(pose.dtype)
    diagonal = torch.diagonal(now.curvature, dim1=-2, dim2=-1) * (1 + damping[:, None]) + RIDGE
    system = now.curvature * free[:, :, None] * free[:, None]
    system = torch.diagonal_scatter(system, torch.where(held, 1.0, diagonal), dim1=-2, dim2=-1)
    factor, failed = torch.linalg.cholesky_ex(system)
    step = torch.cholesky_solve((-now.slope * free)[..., None], factor)[..., 0]
    step = torch.where((failed == 0)[:, None], step, 0.0).clamp(-reach, reach)
    after = (x + step).clamp(lower, upper)
    return pose.index_copy(1, case.variables, after), (after - x).abs().amax(-1), failed == 0


def _from_starts(case: DeviceCase, problem: Problem, frames: np.ndarray) -> tuple[Tensor, Tensor]:
    """Every frame from several starts, with every limb from the start that suits this limb best."""
    goal, chain = problem.case.goal, problem.case.chain
    seen = goal.weight[frames, :, None] > 0
    root = root_poses(problem.model, problem.markers, np.where(seen, goal.target_m[frames], np.nan))
    starts = np.tile(root, (STARTS, 1, 1))
    spread = scattered(problem.model, chain, STARTS)[:, None]
    variables = chain.variable_coordinate
    starts[..., variables] = np.where(np.isnan(spread), starts[..., variables], spread)
    where = case.put(frames)
    rough = [_settle_all(case, case.put(start), where, ROUGH) for start in starts]
    poses = torch.stack([pose for pose, _ in rough])
    errors = torch.stack([now.marker_cost for _, now in rough])
    every = torch.arange(len(frames), device=case.device)
    best = poses[errors.sum(-1).argmin(0), every]
    for mine, markers in limbs(chain):
        columns = case.put(variables[mine].astype(np.int64))
        donor = errors[..., case.put(markers)].sum(-1).argmin(0)
        best[:, columns] = poses[donor, every][:, columns]
    pose, now = _settle_all(case, best, where, FINE)
    return pose, now.cost


def _hand_on(case: DeviceCase, poses: Tensor, costs: Tensor, frames: Tensor) -> None:
    """Every frame tries its neighbours' poses as starts while some gain by it; poses and costs are overwritten."""
    fresh = torch.ones_like(costs, dtype=torch.bool)
    for _ in range(ROUNDS):
        better_now = torch.zeros_like(fresh)
        for way in (1, -1):
            rows = torch.nonzero(torch.roll(fresh | better_now, way))[:, 0]
            pose, now = _settle_all(case, torch.roll(poses, way, 0)[rows], frames[rows], FINE)
            better = now.cost < costs[rows] * (1 - FINE.gain)
            gained = rows[better]
            poses[gained], costs[gained], better_now[gained] = pose[better], now.cost[better], True
        fresh = better_now
        if not fresh.any():
            break


def _settle_all(case: DeviceCase, starts: Tensor, frames: Tensor, limits: Limits) -> tuple[Tensor, Assessed]:
    size = CHUNK.get(case.device.type, CHUNK["cpu"])
    done = [settle(case, s, f, limits) for s, f in zip(starts.split(size), frames.split(size), strict=True)]
    joined = [torch.cat(parts) for parts in zip(*(_parts(now) for _, now in done), strict=True)]
    return torch.cat([pose for pose, _ in done]), Assessed(*joined)


def _parts(now: Assessed) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return now.cost, now.slope, now.curvature, now.marker_cost


def _rows(now: Assessed, rows: Tensor) -> Assessed:
    return Assessed(*(part[rows] for part in _parts(now)))
