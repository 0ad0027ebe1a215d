"""A model as the solver sees it: only what moves followed markers, welds folded, laid out in flat arrays."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from models.osim.forward import Rigid, after, inverse, obey_couplers, rigid
from models.osim.functions import Cubics, Function, Polynomial, evaluate, scaled
from models.osim.model import GROUND, Axis, Branch, Marker, Model
from models.osim.problem import Chain, Tables

log = logging.getLogger(__name__)

REACH_RAD = 0.7
"""The longest turn of one coordinate in one step of the solver: a linear model of a turn is worthless beyond."""


def forge(model: Model, markers: Sequence[Marker], held: Sequence[str] = ()) -> Chain:
    """Fold a model down to what these markers feel.

    Args:
        model: the model.
        markers: those to follow.
        held: coordinates that a task wants somewhere, so that they are variables even where no marker feels them.
    """
    smith = _Smith(model, {marker.body for marker in markers}, held)
    for branch in model.tree:
        smith.add(branch)
    return smith.finish(markers)


@dataclass(frozen=True, eq=False)
class _Place:
    """A body: its segment, and its frame there."""

    segment: int
    inside: Rigid


class _Smith:
    """Collects segments, steps and functions branch by branch; lives as long as `forge` runs."""

    def __init__(self, model: Model, felt: set[str], held: Sequence[str]) -> None:
        self.model, self.held = model, held
        self.felt = felt | {GROUND}
        for branch in reversed(model.tree):
            wanted = any(coordinate.name in held for coordinate in branch.joint.coordinates)
            if branch.moved in self.felt or wanted:
                self.felt |= {branch.moved, branch.carrier}
        still = (np.eye(3), np.zeros(3))
        self.places = {GROUND: _Place(0, still)}
        self.carriers, self.starts, self.first_step = [0], [still], [0, 0]
        self.steps: list[tuple[Axis, int]] = []
        self.functions: list[Function] = []
        self.columns: list[tuple[int, int]] = []

    def add(self, branch: Branch) -> None:
        """Put the moved body on a new segment, or on its carrier's where the joint cannot move."""
        if branch.moved not in self.felt:
            return
        joint, carrier = branch.joint, self.places[branch.carrier]
        ends = (joint.child, joint.parent) if branch.backward else (joint.parent, joint.child)
        start = after(carrier.inside, rigid(ends[0]))
        end = inverse(*rigid(ends[1]))
        steps = [axis for axis in (_backward(joint.axes) if branch.backward else joint.axes) if not _is_zero(axis)]
        if not steps:
            self.places[branch.moved] = _Place(carrier.segment, after(start, end))
            return
        segment = len(self.carriers)
        self.places[branch.moved] = _Place(segment, end)
        self.carriers.append(carrier.segment)
        self.starts.append(start)
        for axis in steps:
            self.steps.append((axis, len(self.functions)))
            self.functions.append(axis.function)
        self.first_step.append(len(self.steps))
        self.columns += [(self.model.coordinate_index[c.name], segment) for c in joint.coordinates]

    def finish(self, markers: Sequence[Marker]) -> Chain:
        """Number columns and variables, and lay everything out flat."""
        index, coordinates = self.model.coordinate_index, self.model.coordinates
        leader = {index[c.dependent]: index[c.independent] for c in self.model.couplers}
        drivers = [_driver(coordinate, leader) for coordinate, _ in self.columns]
        free = list(dict.fromkeys(driver for driver in drivers if not coordinates[driver].locked))
        couplers = enumerate(self.model.couplers, len(self.functions))
        couple = [(index[c.dependent], index[c.independent], function) for function, c in couplers]
        functions = [*self.functions, *(coupler.function for coupler in self.model.couplers)]
        inside = [_after_point(self.places[marker.body].inside, marker.location_m) for marker in markers]
        bounds = np.array(_bounds(self.model)).reshape(-1, 2)[free]
        shifts = np.array([coordinates[v].motion == "translational" for v in free], bool)
        return Chain(
            carrier=np.array(self.carriers),
            turn=np.array([turn for turn, _ in self.starts]),
            shift_m=np.array([shift for _, shift in self.starts]),
            first_step=np.array(self.first_step),
            step_turns=np.array([axis.turns for axis, _ in self.steps], bool),
            step_axis=np.array([axis.direction for axis, _ in self.steps]).reshape(-1, 3),
            step_coordinate=np.array([-1 if a.coordinate is None else index[a.coordinate] for a, _ in self.steps], int),
            step_function=np.array([function for _, function in self.steps], int),
            tables=_tables(functions),
            column_coordinate=np.array([coordinate for coordinate, _ in self.columns], int),
            column_segment=np.array([segment for _, segment in self.columns], int),
            column_variable=np.array([free.index(d) if d in free else -1 for d in drivers], int),
            pair=self._pairs(),
            variable_coordinate=np.array(free, int),
            lower=bounds[:, 0],
            upper=bounds[:, 1],
            reach=np.where(shifts, np.inf, REACH_RAD),
            couple=np.array(couple, int).reshape(-1, 3),
            marker_segment=np.array([self.places[marker.body].segment for marker in markers], int),
            marker_m=np.array(inside).reshape(-1, 3),
        )

    def _pairs(self) -> Int[np.ndarray, "pairs 2"]:
        pairs: list[tuple[int, int]] = []
        for outer, (_, segment) in enumerate(self.columns):
            path = [segment]
            while path[-1]:
                path.append(self.carriers[path[-1]])
            pairs += [(outer, inner) for inner in range(outer + 1) if self.columns[inner][1] in path]
        return np.array(pairs, int).reshape(-1, 2)


def driven_pose(model: Model) -> Float[np.ndarray, " coordinates"]:
    """The default pose, couplers obeyed."""
    return obey_couplers(model, model.default_pose)


def _bounds(model: Model) -> list[tuple[float, float]]:
    """Of every coordinate; one that drives others by a straight line also keeps those inside theirs."""
    bounds = [(c.lower, c.upper) if c.clamped else (-np.inf, np.inf) for c in model.coordinates]
    for coupler in reversed(model.couplers):
        driven, driver = model.coordinate_index[coupler.dependent], model.coordinate_index[coupler.independent]
        line = coupler.function.coefficients if isinstance(coupler.function, Polynomial) else ()
        if len(line) == 2 and line[1] != 0:
            ends = sorted((bound - line[0]) / line[1] for bound in bounds[driven])
            bounds[driver] = max(bounds[driver][0], ends[0]), min(bounds[driver][1], ends[1])
        elif np.isfinite(bounds[driven]).any():
            log.info("the range of %s does not bind: a curve couples it to %s", coupler.dependent, coupler.independent)
    return bounds


def _driver(coordinate: int, leader: dict[int, int]) -> int:
    while coordinate in leader:
        coordinate = leader[coordinate]
    return coordinate


def _is_zero(axis: Axis) -> bool:
    if axis.coordinate is None:
        return float(evaluate(axis.function, np.zeros(()))[0]) == 0.0
    return isinstance(axis.function, Polynomial) and not any(axis.function.coefficients)


def _backward(axes: Sequence[Axis]) -> list[Axis]:
    """The steps that undo a joint: turns in reverse order first, then shifts in the frame so turned."""
    return [Axis(a.turns, a.direction, a.coordinate, scaled(a.function, -1.0)) for a in reversed(axes)]


def _after_point(place: Rigid, point: Sequence[float]) -> Float[np.ndarray, "3"]:
    return place[0] @ np.asarray(point) + place[1]


def _tables(functions: Sequence[Function]) -> Tables:
    coefficients: list[float] = []
    terms: list[Float[np.ndarray, "knots 5"]] = [np.zeros((0, 5))]
    spans: list[tuple[bool, int, int]] = []
    knots = 0
    for function in functions:
        if isinstance(function, Cubics):
            terms.append(np.column_stack([function.knots, function.terms]))
            spans.append((True, knots, knots + len(function.knots)))
            knots += len(function.knots)
        else:
            spans.append((False, len(coefficients), len(coefficients) + len(function.coefficients)))
            coefficients += function.coefficients
    span = np.array(spans, int).reshape(-1, 3)
    return Tables(span[:, 0].astype(bool), span[:, 1], span[:, 2], np.array(coefficients, float), np.concatenate(terms))
