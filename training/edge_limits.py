"""Takes too much stretch out of a posed skin: edges stay between a shortest and a longest share of their length."""

from typing import Final

import numpy as np
import scipy.sparse
from jaxtyping import Float, Int
from scipy.sparse.linalg import splu

SHARES: Final = (0.3, 1.7)
"""Creases may fold to the first, skin may stretch to the second."""
STIFFNESS_M: Final = 0.3
"""Over about this distance an edge beyond its limits drags the skin along."""
ROUNDS: Final = 40
TOLERANCE: Final = 0.03


def edges_of(faces: Int[np.ndarray, "faces 3"]) -> Int[np.ndarray, "edges 2"]:
    """Every pair of neighbours once, the smaller index first."""
    sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return np.unique(np.sort(sides, axis=1), axis=0)


def edge_lengths(
    skin_m: Float[np.ndarray, "*batch vertices 3"], edges: Int[np.ndarray, "edges 2"]
) -> Float[np.ndarray, "*batch edges"]:
    """How far apart neighbours are."""
    return np.linalg.norm(skin_m[..., edges[:, 0], :] - skin_m[..., edges[:, 1], :], axis=-1)


class EdgeLimits:
    """Limits of one mesh, by projection (Bouaziz et al. 2014): cut each edge, then meet all cuts and the skin at best.

    The system to solve depends on the mean shape alone and is factored once.
    """

    def __init__(self, template_m: Float[np.ndarray, "vertices 3"], edges: Int[np.ndarray, "edges 2"]) -> None:
        length_m = edge_lengths(template_m, edges)
        count, rows = len(edges), np.arange(len(edges))
        entries = np.concatenate([np.ones(count), -np.ones(count)])
        places = (np.concatenate([rows, rows]), edges.T.ravel())
        self._difference = scipy.sparse.csr_array((entries, places), shape=(count, len(template_m)))
        self._pull = (self._difference.T @ scipy.sparse.diags_array(1 / length_m)).tocsr()
        mass = np.bincount(edges.ravel(), np.repeat(length_m / 2, 2), minlength=len(template_m))
        self._hold = mass[:, None] / STIFFNESS_M**2
        self._edges = edges
        self._solve = splu((scipy.sparse.diags_array(self._hold[:, 0]) + self._pull @ self._difference).tocsc()).solve

    def relaxed(
        self, posed_m: Float[np.ndarray, "vertices 3"], rest_m: Float[np.ndarray, "vertices 3"]
    ) -> Float[np.ndarray, "vertices 3"]:
        """The posed skin with its edges near the limits at most, moved as little as that takes."""
        rest_length_m = edge_lengths(rest_m, self._edges)
        near_m = posed_m
        for _ in range(ROUNDS):
            edge_m = self._difference @ near_m
            share = np.linalg.norm(edge_m, axis=1) / rest_length_m
            kept = np.clip(share, *SHARES)
            if np.abs(share - kept).max() < TOLERANCE:
                break
            cut_m = edge_m * (kept / np.maximum(share, 1e-9))[:, None]
            near_m = self._solve(self._hold * posed_m + self._pull @ cut_m)
        return near_m
