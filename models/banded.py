"""Least squares over time whose unknowns meet only their next neighbours: a banded matrix, filled by blocks.

In numpy and LAPACK: torch has no banded Cholesky factorisation.
"""

import numpy as np
from jaxtyping import Float
from scipy.linalg import solveh_banded

REACH = 2
"""Frames farther apart share no term."""


class BandedSystem:
    """Normal equations of `frames` times `width` unknowns; curvature in LAPACK's lower storage."""

    def __init__(self, frames: int, width: int) -> None:
        """Nothing is known yet."""
        self._shape = (frames, width)
        self._bands = np.zeros(((REACH + 1) * width, frames, width))
        self.gradient: Float[np.ndarray, "frames unknowns"] = np.zeros((frames, width))
        a, b = np.indices((width, width))
        self._offset, self._column = a - b, b

    def add_block(self, apart: int, block: Float[np.ndarray, "some unknowns unknowns"]) -> None:
        """Add the second derivatives by the unknowns of frame t + apart (rows) and of frame t (columns)."""
        width = self._shape[1]
        offset = self._offset + apart * width
        kept = offset >= 0
        self._bands[offset[kept], : len(block), self._column[kept]] += block[:, kept].T

    def add_diagonal(self, apart: int, value: Float[np.ndarray, "some unknowns"]) -> None:
        """The same for blocks that are diagonal."""
        self._bands[apart * self._shape[1], : len(value)] += value

    def solve(self) -> Float[np.ndarray, "frames unknowns"]:
        """The step that leads down to where the gradient vanishes."""
        step = solveh_banded(self._bands.reshape(len(self._bands), -1), -self.gradient.reshape(-1), lower=True)
        return step.reshape(self._shape)
