"""The chain of `models.osim.problem` in torch, over batches of frames: cost, slope and curvature of given poses.

The formulation is that of the compiled loops, with the Jacobian written out instead of summed over subtrees: batches
are what a GPU is good at. A loop over segments and their steps, none over frames.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor

from models.osim.problem import Chain, Goal


@dataclass(frozen=True, eq=False)
class Placed:
    """Segments in the ground, and the twists of coordinates about the ground's origin."""

    turn: Float[Tensor, "batch segments 3 3"]
    origin_m: Float[Tensor, "batch segments 3"]
    spin: Float[Tensor, "batch coordinates 3"]
    glide: Float[Tensor, "batch coordinates 3"]
    lean: Float[Tensor, "batch coordinates"]


@dataclass(frozen=True, eq=False)
class Assessed:
    """Half of the cost's slope and curvature, as `models.osim.chain_kernels` counts; the cost of each marker."""

    cost: Float[Tensor, " batch"]
    slope: Float[Tensor, "batch variables"]
    curvature: Float[Tensor, "batch variables variables"]
    marker_cost: Float[Tensor, "batch markers"]


@dataclass(frozen=True, eq=False)
class DeviceCase:
    """A case whose large arrays lie on a device; indices that steer loops stay where they are."""

    chain: Chain
    goal: Goal
    device: torch.device

    def put(self, array: np.ndarray) -> Tensor:
        """An array on the device; numbers in double precision."""
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    @cached_property
    def target_m(self) -> Float[Tensor, "frames markers 3"]:
        """Measured markers."""
        return self.put(self.goal.target_m)

    @cached_property
    def weight(self) -> Float[Tensor, "frames markers"]:
        """Of measured markers."""
        return self.put(self.goal.weight)

    @cached_property
    def task(self) -> Float[Tensor, "2 coordinates"]:
        """Weights and wanted values of coordinates."""
        return self.put(np.stack([self.goal.task_weight, self.goal.task_value]))

    @cached_property
    def segment(self) -> Int64[Tensor, " markers"]:
        """Of each marker."""
        return self.put(self.chain.marker_segment.astype(np.int64))

    @cached_property
    def marker_m(self) -> Float[Tensor, "markers 3"]:
        """Of each marker in its segment."""
        return self.put(self.chain.marker_m)

    @cached_property
    def leaning(self) -> Int[np.ndarray, " leaning"]:
        """The columns that lean on a variable; others stand still."""
        return np.flatnonzero(self.chain.column_variable >= 0)

    @cached_property
    def moves(self) -> Float[Tensor, "markers leaning"]:
        """1 where a column moves a marker, else 0."""
        carrier = self.chain.carrier
        path = np.eye(len(carrier))
        for s in range(1, len(carrier)):
            path[s] += path[carrier[s]]
        return self.put(path[self.chain.marker_segment][:, self.chain.column_segment[self.leaning]])

    @cached_property
    def start(self) -> tuple[Float[Tensor, "segments 3 3"], Float[Tensor, "segments 3"]]:
        """Turn and shift of each segment's joint in its carrier."""
        return self.put(self.chain.turn), self.put(self.chain.shift_m)

    @cached_property
    def axis(self) -> tuple[Float[Tensor, "steps 3"], Float[Tensor, "steps 3 3"]]:
        """Of each step, and as the matrix of its cross product."""
        axis = self.chain.step_axis
        return self.put(axis), self.put(np.cross(axis[:, None], np.eye(3)).swapaxes(1, 2))

    @cached_property
    def terms(self) -> dict[int, Float[Tensor, "knots 5"]]:
        """Of each function that consists of cubics."""
        tables = self.chain.tables
        found = np.flatnonzero(tables.cubic).tolist()
        return {index: self.put(tables.terms[tables.start[index] : tables.stop[index]]) for index in found}

    @cached_property
    def columns(self) -> Int64[Tensor, "2 leaning"]:
        """Coordinate and variable of each column that leans on one."""
        chain = self.chain
        return self.put(np.stack([chain.column_coordinate, chain.column_variable])[:, self.leaning].astype(np.int64))

    @cached_property
    def variables(self) -> Int64[Tensor, " variables"]:
        """The coordinate of each variable."""
        return self.put(self.chain.variable_coordinate.astype(np.int64))

    @cached_property
    def bounds(self) -> Float[Tensor, "3 variables"]:
        """Lower, upper, and the reach of one step."""
        return self.put(np.stack([self.chain.lower, self.chain.upper, self.chain.reach]))


def function(case: DeviceCase, index: int, x: Float[Tensor, " batch"]) -> tuple[Tensor, Tensor]:
    """Value and slope of a function of one coordinate."""
    if index not in case.terms:
        tables = case.chain.tables
        coefficients = tables.coefficients[tables.start[index] : tables.stop[index]].tolist()
        value, slope = torch.full_like(x, coefficients[-1]), torch.zeros_like(x)
        for coefficient in coefficients[-2::-1]:
            value, slope = value * x + coefficient, slope * x + value
        return value, slope
    terms = case.terms[index]
    piece = (torch.searchsorted(terms[:, 0].contiguous(), x.contiguous(), right=True) - 1).clamp(0, len(terms) - 1)
    knot, y, b, c, d = terms[piece].unbind(-1)
    u = x - knot
    inside = (x >= terms[0, 0]) & (x < terms[-1, 0])
    c, d = torch.where(inside, c, 0.0), torch.where(inside, d, 0.0)
    return y + u * (b + u * (c + u * d)), b + u * (2 * c + 3 * u * d)


def place(case: DeviceCase, pose: Float[Tensor, "batch coordinates"]) -> Placed:
    """Place segments and twists; dependent coordinates in `pose` are overwritten."""
    chain, batch = case.chain, len(pose)
    lean = torch.ones_like(pose)
    for dependent, independent, index in chain.couple.tolist():
        pose[:, dependent], slope = function(case, index, pose[:, independent])
        lean[:, dependent] = slope * lean[:, independent]
    turns = [torch.eye(3, dtype=pose.dtype, device=pose.device).expand(batch, 3, 3)]
    origins = [pose.new_zeros(batch, 3)]
    spin, glide = pose.new_zeros(*pose.shape, 3), pose.new_zeros(*pose.shape, 3)
    (start_turn, start_m), (axes, crosses) = case.start, case.axis
    for s in range(1, len(chain.carrier)):
        carrier = int(chain.carrier[s])
        turn, origin = turns[carrier] @ start_turn[s], origins[carrier] + turns[carrier] @ start_m[s]
        for n in range(int(chain.first_step[s]), int(chain.first_step[s + 1])):
            c = int(chain.step_coordinate[n])
            x = pose[:, c] if c >= 0 else pose.new_zeros(batch)
            value, slope = function(case, int(chain.step_function[n]), x)
            along = turn @ axes[n]
            if not chain.step_turns[n]:
                origin = origin + value[:, None] * along
                if c >= 0:
                    glide[:, c] += slope[:, None] * along
                continue
            if c >= 0:
                turned = slope[:, None] * along
                spin[:, c] += turned
                glide[:, c] += torch.linalg.cross(origin, turned)
            turn = turn @ _rotation(crosses[n], value)
        turns.append(turn)
        origins.append(origin)
    return Placed(torch.stack(turns, 1), torch.stack(origins, 1), spin, glide, lean)


def assess(case: DeviceCase, pose: Float[Tensor, "batch coordinates"], frames: Int64[Tensor, " batch"]) -> Assessed:
    """Cost, slope and curvature after Gauss and Newton; dependent coordinates in `pose` are overwritten."""
    placed = place(case, pose)
    points = placed.origin_m[:, case.segment] + (placed.turn[:, case.segment] @ case.marker_m[..., None])[..., 0]
    weight = case.weight[frames]
    off = points - case.target_m[frames]
    column, variable = case.columns
    lean = placed.lean[:, column]
    spin, glide = (twist[:, column].mT[:, None] for twist in (placed.spin, placed.glide))
    moved = (torch.linalg.cross(spin, points[..., None], dim=2) + glide) * (case.moves * lean[:, None])[:, :, None]
    root = weight.sqrt()[..., None]
    count = len(case.variables)
    rows = (moved * root[..., None]).flatten(1, 2)
    slopes = rows.new_zeros(*rows.shape[:2], count).index_add_(2, variable, rows)
    pull, wanted = case.task[:, column]
    pulled = torch.stack([pull * lean * (pose[:, column] - wanted), pull * lean.square()])
    slope, bend = pose.new_zeros(2, len(pose), count).index_add_(2, variable, pulled)
    marker_cost = weight * off.square().sum(-1)
    tasks = (case.task[0] * (pose - case.task[1]).square()).sum(-1)
    return Assessed(
        cost=marker_cost.sum(-1) + tasks,
        slope=slope + (slopes.mT @ (off * root).flatten(1)[..., None])[..., 0],
        curvature=slopes.mT @ slopes + torch.diag_embed(bend),
        marker_cost=marker_cost,
    )


def _rotation(cross: Float[Tensor, "3 3"], angle: Float[Tensor, " batch"]) -> Float[Tensor, "batch 3 3"]:
    """About a unit axis, given as the matrix of its cross product, by Rodrigues."""
    sine, versine = torch.sin(angle)[:, None, None], (1 - torch.cos(angle))[:, None, None]
    return torch.eye(3, dtype=cross.dtype, device=cross.device) + sine * cross + versine * (cross @ cross)
