"""Where were all points of a body while it moved? The most probable paths, by Gauss-Newton on a banded matrix.

Points in camera axes over a clip and the lengths of the bones they share are found together: cubic B-splines that pay
for jerk, held to pixels, to a rough shape and to bones of constant length (`trajectory_terms`). Four neighbouring
control points meet in a frame, so the matrix has a narrow band (`trajectory_step`), which the few lengths border.
In numpy and scipy: torch has no banded Cholesky factorisation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from threadpoolctl import ThreadpoolController

from models import spline
from models.trajectory_step import Window, factor_step, make_window
from models.trajectory_terms import Evidence, Model, Skeleton, linearise, make_layout

# The panels of a narrow band are too small to share: alone on two cores a second thread gains nothing, and on busy ones
# waiting for it took seventy times as long. The libraries are looked up here, when they have just been imported: while
# another thread loads one, looking them up can lock both out for good.
_BLAS: Final = ThreadpoolController().select(user_api="blas")

SLACK: Final = (5.0, 2.5, 1.5, 1.0)
"""Bones are held loosely at first: a limb that starts on the wrong side in depth can still pass through."""

FIXED: Final = spline.ORDER - 1
"""Control points that a window takes over from the one before, so that the paths join with two derivatives."""


@dataclass(frozen=True)
class FitOptions:
    """How paths are fitted.

    Attributes:
        spacing_s: between control points.
        jerk: root of the mean squared jerk expected, times the root of a second: m/s³ √s.
        looks_per_second: independent looks of the detector, whatever the frame rate.
        iterations: at most.
        settled_m: stop when no control point moves farther.
        window_s, lag_s: longer clips are fitted window by window, each looking ahead by the lag.
    """

    spacing_s: float = 0.05
    jerk: float = 60.0
    looks_per_second: float = 30.0
    iterations: int = 8
    settled_m: float = 5e-4
    window_s: float = 8.0
    lag_s: float = 1.0


@dataclass(frozen=True, eq=False)
class LengthPrior:
    """What is believed of the lengths beforehand.

    Attributes:
        mean_m: most probable value.
        tolerance_m: standard deviation that belongs to one second of video. The belief weighs in proportion to the
            clip's duration because the errors of a rough shape do not average out over a longer one.
    """

    mean_m: Float[np.ndarray, " lengths"]
    tolerance_m: Float[np.ndarray, " lengths"]


@dataclass(frozen=True, eq=False)
class View:
    """The camera that saw the points, and how often."""

    camera_matrix: Float[np.ndarray, "3 3"]
    rate_hz: int


@dataclass(frozen=True, eq=False)
class Fit:
    """Paths in camera axes and the lengths of the skeleton."""

    points_m: Float[np.ndarray, "frames points 3"]
    length_m: Float[np.ndarray, " lengths"]


def fit_trajectory(
    evidence: Evidence,
    skeleton: Skeleton,
    prior: LengthPrior,
    start_m: Float[np.ndarray, "frames points 3"],
    view: View,
    options: FitOptions,
) -> Fit:
    """Fit paths and lengths; between frames that were seen the paths run on smoothly and mean little.

    Args:
        start_m: a first guess in camera axes, in front of the camera; read where evidence.seen.
    """
    model = Model(skeleton, make_layout(skeleton), view.camera_matrix, options.looks_per_second / view.rate_hz)
    basis = spline.make_basis(np.arange(len(start_m)) / view.rate_hz, options.spacing_s)
    clip = _Clip(model, evidence, basis, prior, options)
    with _BLAS.limit(limits=1):
        controls, length_m = _fit_clip(clip, _first_controls(basis, start_m, evidence.seen))
    points_m = spline.frames_from_knots(basis) @ controls.reshape(len(controls), -1)
    return Fit(points_m.reshape(start_m.shape), length_m)


@dataclass(frozen=True, eq=False)
class _Clip:
    """What every window is cut from."""

    model: Model
    evidence: Evidence
    basis: spline.Basis
    prior: LengthPrior
    options: FitOptions


def _fit_clip(
    clip: _Clip, controls: Float[np.ndarray, "knots points 3"]
) -> tuple[Float[np.ndarray, "knots points 3"], Float[np.ndarray, " lengths"]]:
    step = round(clip.options.window_s / clip.options.spacing_s)
    if len(controls) <= step + round(clip.options.lag_s / clip.options.spacing_s):
        (controls,), length_m = _fit_with_lengths(clip, [_cut(clip, 0, len(controls), 0)], [controls])
        return controls, length_m
    length_m = _sample_lengths(clip, controls, step)
    return _march(clip, controls, length_m, step), length_m


def _first_controls(
    basis: spline.Basis, start_m: Float[np.ndarray, "frames points 3"], seen: Bool[np.ndarray, " frames"]
) -> Float[np.ndarray, "knots points 3"]:
    """Averages of the first guess under each control point's hump; straight lines where nothing was seen."""
    spread = spline.frames_from_knots(basis).T
    weight = spread @ seen.astype(float)
    total = spread @ np.where(seen[:, None], start_m.reshape(len(start_m), -1), 0.0)
    known = np.flatnonzero(weight > 1e-3)
    average = total[known] / weight[known, None]
    every = np.arange(basis.knot_count)
    return np.stack([np.interp(every, known, column) for column in average.T], axis=1).reshape(-1, *start_m.shape[1:])


def _cut(clip: _Clip, first: int, last: int, fixed: int) -> Window:
    """The window of the control points first..last - 1 and of the frames that no others shape."""
    frames = slice(*np.searchsorted(clip.basis.first_knot, [first, last - FIXED]))
    basis = spline.Basis(clip.basis.first_knot[frames] - first, clip.basis.weight[frames], last - first)
    return make_window(clip.evidence.part(frames), basis, clip.options.spacing_s, clip.options.jerk, fixed)


def _fit_with_lengths(
    clip: _Clip, windows: Sequence[Window], controls: list[Float[np.ndarray, "knots points 3"]]
) -> tuple[list[Float[np.ndarray, "knots points 3"]], Float[np.ndarray, " lengths"]]:
    """Paths of some windows together with the lengths they share."""
    duration_s = sum(len(window.evidence.seen) for window in windows) * clip.model.looks / clip.options.looks_per_second
    belief = duration_s / clip.prior.tolerance_m**2
    length_m = clip.prior.mean_m
    for iteration in range(clip.options.iterations):
        slack = SLACK[min(iteration, len(SLACK) - 1)]
        steps = [
            factor_step(window, clip.model, now, _terms(clip, window, now, length_m, slack), lengths_free=True)
            for window, now in zip(windows, controls, strict=True)
        ]
        gradient = sum((step.length_gradient for step in steps), belief * (length_m - clip.prior.mean_m))
        change = -np.linalg.solve(sum((step.length_curvature for step in steps), np.diag(belief)), gradient)
        length_m = length_m + change
        moves = [step.move(change) for step in steps]
        controls = [_moved(now, move) for now, move in zip(controls, moves, strict=True)]
        if iteration >= len(SLACK) and max(np.abs(move).max() for move in moves) < clip.options.settled_m:
            break
    return controls, length_m


def _sample_lengths(
    clip: _Clip, controls: Float[np.ndarray, "knots points 3"], step: int
) -> Float[np.ndarray, " lengths"]:
    """Lengths from four stretches that share one window's time: of each quarter the best seen."""
    short = step // 4
    sharp = np.bincount(clip.basis.first_knot // short, weights=clip.evidence.pixel_information.sum(axis=1))
    chosen = [int(quarter[np.argmax(sharp[quarter])]) for quarter in np.array_split(np.arange(len(sharp) - 1), 4)]
    spans = [(index * short, (index + 1) * short + FIXED) for index in chosen]
    windows = [_cut(clip, first, last, 0) for first, last in spans]
    return _fit_with_lengths(clip, windows, [controls[first:last] for first, last in spans])[1]


def _march(
    clip: _Clip, controls: Float[np.ndarray, "knots points 3"], length_m: Float[np.ndarray, " lengths"], step: int
) -> Float[np.ndarray, "knots points 3"]:
    """Paths window by window; each starts from the last control points of the one before and looks ahead."""
    controls = controls.copy()
    lag = round(clip.options.lag_s / clip.options.spacing_s)
    no_change = np.zeros(0)
    for first in range(0, len(controls) - FIXED, step):
        last = min(first + step + FIXED + lag, len(controls))
        window = _cut(clip, first, last, FIXED if first else 0)
        now = controls[first:last]
        for iteration in range(clip.options.iterations):
            terms = _terms(clip, window, now, length_m, SLACK[min(iteration, len(SLACK) - 1)])
            move = factor_step(window, clip.model, now, terms, lengths_free=False).move(no_change)
            now = _moved(now, move)
            if iteration >= len(SLACK) and np.abs(move).max() < clip.options.settled_m:
                break
        controls[first:last] = now
    return controls


def _terms(clip: _Clip, window: Window, controls: np.ndarray, length_m: np.ndarray, slack: float):
    return linearise(clip.model, window.evidence, window.points_m(controls), length_m, slack)


def _moved(controls: np.ndarray, move: Float[np.ndarray, " unknowns"]) -> np.ndarray:
    """Controls with the free ones, which come last, moved."""
    moved = controls.copy()
    moved.reshape(-1)[controls.size - len(move) :] += move
    return moved
