"""Markers become coordinates: batched inverse kinematics with the cost of OpenSim's, solved to the bottom.

Keyframes are solved from several starts, each limb keeps the start that suits it, and neighbours hand each other what
they found. The frames between follow one another. At last a better minimum is carried on for as long as it stays
better. Only clamped coordinates are bounded, as in OpenSim; couplers hold exactly.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from models.errors import InputError
from models.osim import chain_kernels as kernels
from models.osim.aliases import canonical
from models.osim.chain import driven_pose, forge
from models.osim.forward import obey_couplers
from models.osim.model import Marker, Model
from models.osim.problem import Case, Goal, Limits
from models.osim.seeds import limbs, root_poses, scattered
from models.osim.tasks import Tasks
from models.osim.trc import Trial

FINE = Limits(stop=3e-5, most=300, gain=1e-5)
ROUGH = Limits(stop=1e-2, most=30, gain=0.0)
STARTS = 4
FRAMES_PER_KEY, MOST_KEYS = 12, 24
SUSPECT, NOTHING_M2 = 3.0, 1e-8
"""A frame may sit in a wrong minimum if it costs this many times the median, and more than nothing."""


@dataclass(frozen=True, eq=False)
class Solution:
    """Coordinates over time.

    Attributes:
        poses: radians and metres, in the order of `Model.coordinates`; canonical angles, couplers obeyed.
        cost: of each frame, as `models.osim.tasks` defines it; square metres.
        observed: whether any followed marker was seen; elsewhere the pose is the neighbour's.
    """

    poses: Float[np.ndarray, "frames coordinates"]
    cost: Float[np.ndarray, " frames"]
    observed: Bool[np.ndarray, " frames"]


@dataclass(frozen=True, eq=False)
class Problem:
    """A model, the markers that it follows, and the same as arrays for the compiled loops."""

    model: Model
    markers: tuple[Marker, ...]
    case: Case


def solve(model: Model, trial: Trial, tasks: Tasks) -> Solution:
    """Find the poses whose markers lie nearest to the measured ones.

    A coordinate that no followed marker shows keeps its default. A marker that is NaN does not count in that frame.

    Args:
        model: the model, scaled.
        trial: the markers.
        tasks: weights and wanted values.

    Raises:
        InputError: model, trial and tasks have no marker in common, or none of them is ever seen.
    """
    problem = pose_problem(model, trial, tasks)
    observed = np.asarray(problem.case.goal.weight.any(axis=1))
    if not observed.any():
        raise InputError("no followed marker is ever seen", "hand in a trial with measured markers")
    keys = _keyframes(problem.case.goal.weight)
    poses = np.tile(driven_pose(model), (len(observed), 1))
    poses[keys], _ = _solve_keys(problem, keys)
    poses, cost = kernels.follow(problem.case, poses, keys, FINE)
    _carry_on(problem, poses, cost, keys[keys > 0] - 1, keys[keys > 0])
    suspects = _suspects(cost)
    if len(suspects):
        others, reached = _solve_keys(problem, suspects)
        better = reached < cost[suspects] * (1 - FINE.gain)
        found = suspects[better]
        poses[found], cost[found] = others[better], reached[better]
        _carry_on(problem, poses, cost, found, found)
    return Solution(canonical(model, obey_couplers(model, poses)), cost, observed)


def cost_of(problem: Problem, poses: Float[np.ndarray, "frames coordinates"]) -> Float[np.ndarray, " frames"]:
    """The cost of given poses, whoever found them; couplers are obeyed first."""
    return kernels.assess(problem.case, poses)[0]


def pose_problem(model: Model, trial: Trial, tasks: Tasks) -> Problem:
    """Pick the markers that model, trial and tasks share, and lay the problem out flat.

    Raises:
        InputError: there are none, or a task is for a coordinate that the model does not have.
    """
    strange = [name for name in tasks.coordinate if name not in model.coordinate_index]
    if strange:
        raise InputError(f"a task is for {strange[0]!r}, which is no coordinate", "name coordinates of the model")
    column = {name: k for k, name in enumerate(trial.names)}
    markers = tuple(m for m in model.markers if m.name in column and tasks.marker_weight.get(m.name, 0.0) > 0)
    if not markers:
        problem = f"of {len(column)} measured markers none is followed on model {model.name!r}"
        raise InputError(
            problem, f"measure, and weight, markers such as {', '.join(m.name for m in model.markers[:8])}"
        )
    target = trial.markers_m[:, [column[m.name] for m in markers]]
    weight = np.array([tasks.marker_weight[m.name] for m in markers]) * ~np.isnan(target).any(axis=2)
    total = weight.sum(axis=1, keepdims=True)
    value, pull = model.default_pose, np.zeros(len(model.coordinates))
    for name, task in tasks.coordinate.items():
        index = model.coordinate_index[name]
        pull[index] = task.weight
        value[index] = value[index] if task.value is None else task.value
    # one memory layout: the loops are compiled, and loaded, once for each
    target, weight = (np.ascontiguousarray(a) for a in (np.nan_to_num(target), weight / np.where(total > 0, total, 1)))
    goal = Goal(target, weight, pull, value)
    return Problem(model, markers, Case(forge(model, markers, tuple(tasks.coordinate)), goal))


def _keyframes(weight: Float[np.ndarray, "frames markers"]) -> Int[np.ndarray, " keys"]:
    """In each stretch of the trial, the frame that sees most markers."""
    count = int(np.clip(len(weight) // FRAMES_PER_KEY, 1, MOST_KEYS))
    seen = (weight > 0).sum(axis=1)
    stretches = np.array_split(np.arange(len(weight)), count)
    best = np.array([stretch[seen[stretch].argmax()] for stretch in stretches])
    return best[seen[best] > 0]


def _suspects(cost: Float[np.ndarray, " frames"]) -> Int[np.ndarray, " suspects"]:
    """Frames that fit far worse than most, thinned to as many as there may be keyframes."""
    found = np.flatnonzero(cost > SUSPECT * np.median(cost) + NOTHING_M2)
    return found[:: max(1, -(-len(found) // MOST_KEYS))]


def _carry_on(
    problem: Problem,
    poses: Float[np.ndarray, "frames coordinates"],
    cost: Float[np.ndarray, " frames"],
    forward: Int[np.ndarray, " some"],
    backward: Int[np.ndarray, " some"],
) -> None:
    """Carry better minima from these frames on into their neighbours; poses and cost are overwritten."""
    kernels.improve(problem.case, poses, cost, forward, 1, FINE)
    kernels.improve(problem.case, poses, cost, backward, -1, FINE)


def _solve_keys(
    problem: Problem, keys: Int[np.ndarray, " keys"]
) -> tuple[Float[np.ndarray, "keys coordinates"], Float[np.ndarray, " keys"]]:
    (chain, goal), seen = problem.case, problem.case.goal.weight[keys, :, None] > 0
    root = root_poses(problem.model, problem.markers, np.where(seen, goal.target_m[keys], np.nan))
    spread = scattered(problem.model, chain, STARTS)[:, None]
    variables = chain.variable_coordinate
    starts = np.tile(root, (STARTS, 1, 1))
    starts[..., variables] = np.where(np.isnan(spread), starts[..., variables], spread)
    poses, _ = _settle(problem, starts, keys, ROUGH)
    poses, cost = _settle(problem, _best_limbs(problem, poses, keys)[None], keys, FINE)
    for way in (1, -1):
        others, reached = _settle(problem, np.roll(poses, way, axis=1), keys, FINE)
        better = reached < cost * (1 - FINE.gain)
        poses, cost = np.where(better[..., None], others, poses), np.where(better, reached, cost)
    return poses[0], cost[0]


def _settle(
    problem: Problem,
    starts: Float[np.ndarray, "starts keys coordinates"],
    keys: Int[np.ndarray, " keys"],
    limits: Limits,
) -> tuple[Float[np.ndarray, "starts keys coordinates"], Float[np.ndarray, "starts keys"]]:
    flat, frames = starts.reshape(-1, starts.shape[-1]), np.tile(keys, len(starts))
    poses, costs = kernels.settle_each(problem.case, flat, frames, limits)
    return poses.reshape(starts.shape), costs.reshape(starts.shape[:2])


def _best_limbs(
    problem: Problem, poses: Float[np.ndarray, "starts keys coordinates"], keys: Int[np.ndarray, " keys"]
) -> Float[np.ndarray, "keys coordinates"]:
    """In each keyframe the best start as a whole, with every limb from the start that suits this limb best."""
    chain, (starts, count, coordinates) = problem.case.chain, poses.shape
    flat, frames = poses.reshape(-1, coordinates), np.tile(keys, starts)
    errors = kernels.marker_costs(problem.case, flat, frames).reshape(starts, count, -1)
    every = np.arange(count)
    best = poses[errors.sum(axis=2).argmin(axis=0), every]
    for variables, markers in limbs(chain):
        columns = chain.variable_coordinate[variables]
        donor = errors[..., markers].sum(axis=2).argmin(axis=0)
        best[:, columns] = poses[donor, every][:, columns]
    return best
