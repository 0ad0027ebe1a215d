"""One Gauss-Newton step for the paths of a window: the banded matrix, its factor, and the lengths that border it.

In numpy and LAPACK: torch has no banded Cholesky factorisation.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy import sparse
from scipy.linalg import get_lapack_funcs

from models import spline
from models.trajectory_terms import Evidence, Layout, Model, Terms

_pbtrf, _tbtrs = get_lapack_funcs(("pbtrf", "tbtrs"), dtype=np.float64)

DAMPING: Final = 0.01
"""Added to the diagonal, 1/m²: one look at a landmark gives some 1,000; it only holds what nothing was seen of."""


@dataclass(frozen=True, eq=False)
class Window:
    """A stretch of control points with the frames they shape.

    Attributes:
        frames_from_knots, overlaps, jerk: see `spline`; jerk in units of what is expected.
        fixed: so many of the first control points are given and stay.
    """

    evidence: Evidence
    frames_from_knots: sparse.csr_array
    overlaps: tuple[sparse.csr_array, ...]
    jerk: sparse.csr_array
    fixed: int

    def points_m(self, controls: Float[np.ndarray, "knots points 3"]) -> Float[np.ndarray, "frames points 3"]:
        """The paths that control points describe."""
        return (self.frames_from_knots @ controls.reshape(len(controls), -1)).reshape(-1, *controls.shape[1:])


def make_window(evidence: Evidence, basis: spline.Basis, spacing_s: float, jerk: float, fixed: int) -> Window:
    """Prepare a window whose basis counts its own control points from zero."""
    return Window(
        evidence,
        spline.frames_from_knots(basis),
        tuple(spline.overlap(basis, apart) for apart in range(spline.ORDER)),
        spline.jerk_operator(basis.knot_count, spacing_s) / jerk,
        fixed,
    )


@dataclass(frozen=True, eq=False)
class Step:
    """A factored step of one window, waiting for the change of the lengths.

    Attributes:
        factor: banded lower Cholesky factor L in LAPACK's storage.
        gradient, coupling: L⁻¹ times the gradient and times the mixed derivatives with the lengths.
        length_gradient, length_curvature: what this window adds to the equations of the lengths, paths eliminated.
    """

    factor: Float[np.ndarray, "width unknowns"]
    gradient: Float[np.ndarray, "unknowns 1"]
    coupling: Float[np.ndarray, "unknowns lengths"]
    length_gradient: Float[np.ndarray, " lengths"]
    length_curvature: Float[np.ndarray, "lengths lengths"]

    def move(self, length_change: Float[np.ndarray, " lengths"]) -> Float[np.ndarray, " unknowns"]:
        """Change of the free control points that goes with a change of the lengths."""
        right = np.asfortranarray(self.gradient + self.coupling @ length_change[:, None])
        solution, info = _tbtrs(self.factor, right, uplo="L", trans="T")
        _check(info)
        return -solution[:, 0]


def factor_step(
    window: Window, model: Model, controls: Float[np.ndarray, "knots points 3"], terms: Terms, lengths_free: bool
) -> Step:
    """Factor the matrix of a window and eliminate its paths from the equations of the lengths."""
    knots, unknowns = controls.shape[0] - window.fixed, controls[0].size
    band = _assemble(window, model.layout, terms, unknowns)
    factor, info = _pbtrf(band.reshape(knots * unknowns, -1).T, lower=1, overwrite_ab=1)
    _check(info)
    jerk = window.jerk @ controls.reshape(len(controls), -1)
    pull = (window.frames_from_knots.T @ terms.gradient.reshape(len(terms.gradient), -1)) + window.jerk.T @ jerk
    length_count = len(terms.length_gradient) if lengths_free else 0
    mixed = terms.coupling[..., :length_count]
    spread = window.frames_from_knots.T @ mixed.reshape(len(mixed), -1)
    right = np.concatenate(
        [pull[window.fixed :].reshape(-1, 1), spread[window.fixed :].reshape(knots * unknowns, length_count)], axis=1
    )
    solved, info = _tbtrs(factor, np.asfortranarray(right), uplo="L")
    _check(info)
    gradient, coupling = solved[:, :1], solved[:, 1:]
    return Step(
        factor,
        gradient,
        coupling,
        terms.length_gradient[:length_count] - (coupling.T @ gradient)[:, 0],
        np.diag(terms.length_curvature[:length_count]) - coupling.T @ coupling,
    )


def _assemble(window: Window, layout: Layout, terms: Terms, unknowns: int) -> Float[np.ndarray, "knots unknowns width"]:
    """Lower band of the matrix, transposed: entry (row - column) of each column lies last, as LAPACK wants it."""
    row, column, source = _entries(layout)
    values = terms.blocks.reshape(len(terms.blocks), -1)
    smoothness = window.jerk.T @ window.jerk
    knots = smoothness.shape[0] - window.fixed
    band = np.zeros((knots, unknowns, spline.ORDER * unknowns))
    for apart, overlap in enumerate(window.overlaps):
        summed = (overlap @ values)[window.fixed :]
        below = np.flatnonzero(row + apart * unknowns >= column)
        band[:, column[below], (row + apart * unknowns - column)[below]] = summed[:, source[below]]
        smooth = smoothness.diagonal(-apart)[window.fixed :]
        band[: len(smooth), :, apart * unknowns] += smooth[:, None]
    band[:, :, 0] += DAMPING
    return band


def _entries(layout: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, column and place among the blocks' values of every entry of one frame's symmetric matrix."""
    axis = np.arange(3)
    row = (3 * layout.first[:, None, None] + axis[:, None] + 0 * axis).ravel()
    column = (3 * layout.second[:, None, None] + 0 * axis[:, None] + axis).ravel()
    source = np.arange(len(row))
    off = row // 3 != column // 3
    return (
        np.concatenate([row, column[off]]),
        np.concatenate([column, row[off]]),
        np.concatenate([source, source[off]]),
    )


def _check(info: int) -> None:
    if info != 0:
        raise ArithmeticError(f"the matrix of the trajectory is not positive definite (LAPACK says {info})")
