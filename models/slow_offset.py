"""The offset between two accounts of the same motion: a constant and a slow drift, seen through noise of every frame.

offset = constant + drift, constant ~ N(0, constant_sd²), drift a stationary AR(1) of standard deviation drift_sd whose
correlation falls to 1/e over drift_frames. The mean of the posterior is exact: a tridiagonal system for the drift
(the precision of an AR(1) couples neighbours only) and one division for the constant.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Slowness:
    """How an offset behaves beforehand, in the unit of the offset."""

    constant_sd: float
    drift_sd: float
    drift_frames: float


def find_offset(
    seen: Float[Tensor, "*batch frames"], precision: Float[Tensor, "*#batch frames"], slowness: Slowness
) -> Float[Tensor, "*batch frames"]:
    """The most likely offset in every frame.

    Args:
        seen: what is measured; of no meaning, but finite, where the precision is 0.
        precision: of each measurement, inverse variance.
    """
    precision = precision.expand(seen.shape)
    diagonal, coupling = _drift_precision(precision, slowness)
    pulled = _solve_tridiagonal(diagonal, coupling, torch.stack([precision * seen, precision], dim=-2))
    of_seen, of_one = pulled.unbind(-2)
    known = 1 / slowness.constant_sd**2 + (precision * (1 - of_one)).sum(-1, keepdim=True)
    constant = (precision * (seen - of_seen)).sum(-1, keepdim=True) / known
    return constant + of_seen - constant * of_one


def _drift_precision(
    precision: Float[Tensor, "*batch frames"], slowness: Slowness
) -> tuple[Float[Tensor, "*batch frames"], float]:
    """The drift's precision, prior and measurements together: its diagonal, and what lies beside it."""
    keep = float(torch.exp(torch.tensor(-1 / slowness.drift_frames)))
    sharpness = 1 / (slowness.drift_sd**2 * (1 - keep**2))
    inner = torch.full_like(precision[..., :], sharpness * (1 + keep**2))
    inner[..., 0] = inner[..., -1] = sharpness
    if precision.shape[-1] == 1:
        inner[..., 0] = 1 / slowness.drift_sd**2
    return inner + precision, -sharpness * keep


def _solve_tridiagonal(
    diagonal: Float[Tensor, "*batch frames"], coupling: float, right: Float[Tensor, "*batch sides frames"]
) -> Float[Tensor, "*batch sides frames"]:
    """Thomas' algorithm; the matrix is symmetric with a constant beside its diagonal."""
    pivots, reduced = [diagonal[..., 0]], [right[..., 0]]
    for frame in range(1, diagonal.shape[-1]):
        share = coupling / pivots[-1]
        pivots.append(diagonal[..., frame] - share * coupling)
        reduced.append(right[..., frame] - share[..., None] * reduced[-1])
    solved = [reduced[-1] / pivots[-1][..., None]]
    for frame in range(len(pivots) - 2, -1, -1):
        solved.append((reduced[frame] - coupling * solved[-1]) / pivots[frame][..., None])
    return torch.stack(solved[::-1], dim=-1)
