"""Limited-memory BFGS for many small problems at once, each with its own history, step length and end.

Liu and Nocedal 1989, two-loop recursion; steps are halved until the value falls enough (Armijo). Every evaluation is of
all problems that are still running: one accepts its step while another shortens its own, and nobody waits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

Values = Float[Tensor, " rows"]
Vectors = Float[Tensor, "rows numbers"]
Cost = Callable[[Vectors, Int64[Tensor, " rows"]], tuple[Values, Vectors]]
"""Value and gradient of some of the problems.

Args: where, one row each; which of the problems they are.
"""

HISTORY: Final = 10
ARMIJO: Final = 1e-4
SHORTER: Final = 0.4
FIRST_STEP: Final = 0.1
"""Length of the first step along the gradient, in the unknowns' own unit (radians, mostly)."""
LEAST_STEP: Final = 1e-6
"""A step shortened to less than this share ends the search."""


@dataclass(frozen=True)
class Rule:
    """When a problem ends.

    Attributes:
        tolerance: a step that is taken and gains less than this share of the value (and at least of 1).
        evaluations: none gets more.
    """

    tolerance: float
    evaluations: int


@dataclass(frozen=True, eq=False)
class _State:
    """The problems that still run; `step` and `way` lead from `at` to the next trial."""

    row: Int64[Tensor, " rows"]
    at: Vectors
    value: Values
    slope: Vectors
    way: Vectors
    step: Values
    moves: Float[Tensor, "history rows numbers"]
    turns: Float[Tensor, "history rows numbers"]

    def keep(self, chosen: Bool[Tensor, " rows"]) -> "_State":
        """Those of the problems alone."""
        return _State(
            self.row[chosen],
            self.at[chosen],
            self.value[chosen],
            self.slope[chosen],
            self.way[chosen],
            self.step[chosen],
            self.moves[:, chosen],
            self.turns[:, chosen],
        )


def minimise(cost: Cost, start: Vectors, rule: Rule) -> Vectors:
    """Where each problem's value is least, as far as the rule goes; never worse than the start."""
    best = start.clone()
    state = _begin(cost, start)
    for _ in range(rule.evaluations - 1):
        trial = state.at + state.step[:, None] * state.way
        value, slope = cost(trial, state.row)
        fall = (state.way * state.slope).sum(-1)
        good = value <= state.value + ARMIJO * state.step * fall
        gain = state.value - value
        ended = (good & (gain <= rule.tolerance * value.abs().clamp_min(1))) | (~good & (state.step < LEAST_STEP))
        state = _advance(state, trial, (value, slope), good)
        if ended.any():
            best[state.row] = state.at
            state = state.keep(~ended)
        if not len(state.row):
            return best
    best[state.row] = state.at
    return best


def _begin(cost: Cost, start: Vectors) -> _State:
    row = torch.arange(len(start), device=start.device)
    value, slope = cost(start, row)
    step = FIRST_STEP / slope.norm(dim=-1).clamp_min(1e-12)
    empty = start.new_zeros(HISTORY, *start.shape)
    return _State(row, start.clone(), value, slope, -slope, step, empty, empty.clone())


def _advance(state: _State, trial: Vectors, found: tuple[Values, Vectors], good: Bool[Tensor, " rows"]) -> _State:
    """Those whose value fell move on and look for a new way; the others shorten their step."""
    value, slope = found
    move, turn = trial - state.at, slope - state.slope
    useful = good & ((move * turn).sum(-1) > 1e-10 * turn.square().sum(-1))
    moves = _remember(state.moves, move, useful)
    turns = _remember(state.turns, turn, useful)
    kept = good[:, None]
    slope = torch.where(kept, slope, state.slope)
    way = torch.where(kept, -_steepen(slope, moves, turns), state.way)
    lost = good & ((way * slope).sum(-1) >= 0)
    way = torch.where(lost[:, None], -slope, way)
    first = FIRST_STEP / slope.norm(dim=-1).clamp_min(1e-12)
    known = moves[-1].square().sum(-1) > 0
    fresh = torch.where(lost | ~known, first, torch.ones_like(first))
    return _State(
        state.row,
        torch.where(kept, trial, state.at),
        torch.where(good, value, state.value),
        slope,
        way,
        torch.where(good, fresh, SHORTER * state.step),
        moves,
        turns,
    )


def _remember(kept: Tensor, new: Vectors, useful: Bool[Tensor, " rows"]) -> Tensor:
    return torch.where(useful[:, None], torch.cat([kept[1:], new[None]]), kept)


def _steepen(slope: Vectors, moves: Tensor, turns: Tensor) -> Vectors:
    """The inverse of the Hessian, as far as the history tells it, times the slope."""
    product = (moves * turns).sum(-1)
    rho = torch.where(product > 0, 1 / product.clamp_min(1e-30), torch.zeros_like(product))
    way, alphas = slope, [torch.zeros_like(rho[0])] * HISTORY
    for past in reversed(range(HISTORY)):
        alphas[past] = rho[past] * (moves[past] * way).sum(-1)
        way = way - alphas[past][:, None] * turns[past]
    scale = product[-1] / turns[-1].square().sum(-1).clamp_min(1e-30)
    way = way * torch.where(product[-1] > 0, scale, torch.ones_like(scale))[:, None]
    for past in range(HISTORY):
        beta = rho[past] * (turns[past] * way).sum(-1)
        way = way + (alphas[past] - beta)[:, None] * moves[past]
    return way
