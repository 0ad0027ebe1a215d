"""A motion as a uniform cubic B-spline: which control points shape which frame, and what its jerk costs.

In numpy and scipy: the fit that uses it solves banded systems, for which torch has no routine.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse

ORDER: Final = 4
"""Control points that shape one moment of a cubic spline."""


@dataclass(frozen=True, eq=False)
class Basis:
    """Weights of four neighbouring control points in every frame.

    Attributes:
        first_knot: index of the first of the four; rises with time.
        weight: of the four; they sum to 1.
        knot_count: control points needed for all frames.
    """

    first_knot: Int[np.ndarray, " frames"]
    weight: Float[np.ndarray, "frames 4"]
    knot_count: int


def make_basis(times_s: Float[np.ndarray, " frames"], spacing_s: float) -> Basis:
    """Basis whose first interval starts at the first of the rising times."""
    position = (times_s - times_s[0]) / spacing_s
    interval = np.floor(position + 1e-9).astype(np.int64)
    u = np.maximum(position - interval, 0.0)
    weight = np.stack([(1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3], axis=1) / 6
    return Basis(interval, weight, int(interval[-1]) + ORDER)


def frames_from_knots(basis: Basis) -> sparse.csr_array:
    """Matrix that turns control points into frames."""
    return _scatter(basis.first_knot, basis.weight, basis.knot_count).T.tocsr()


def overlap(basis: Basis, apart: int) -> sparse.csr_array:
    """Matrix from frames to knots that holds the product of the weights of knots k and k + apart.

    Multiplied by values of the frames it gives the blocks of a normal matrix, `apart` block rows below its diagonal.
    """
    product = basis.weight[:, : ORDER - apart] * basis.weight[:, apart:]
    return _scatter(basis.first_knot, product, basis.knot_count)


def jerk_operator(knot_count: int, spacing_s: float) -> sparse.csr_array:
    """Matrix from control points to jerk times the root of the spacing; its squared norm is the integral of jerk²."""
    scale = spacing_s**-2.5
    first = np.arange(knot_count - 3)
    return _scatter(first, np.tile(scale * np.array([-1.0, 3.0, -3.0, 1.0]), (len(first), 1)), knot_count).T.tocsr()


def _scatter(
    first_knot: Int[np.ndarray, " frames"], value: Float[np.ndarray, "frames width"], knot_count: int
) -> sparse.csr_array:
    frames, width = value.shape
    row = first_knot[:, None] + np.arange(width)
    column = np.broadcast_to(np.arange(frames)[:, None], row.shape)
    return sparse.coo_array((value.ravel(), (row.ravel(), column.ravel())), shape=(knot_count, frames)).tocsr()
