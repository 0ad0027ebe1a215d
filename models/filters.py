"""Zero-phase smoothing of positions and rotations at a constant rate, and the filling of gaps.

Every frame becomes the value at its own time of the parabola that fits its neighbours best, Gaussian weights falling
with their distance in time (local polynomial regression, Cleveland 1979). Rotations are fitted in the tangent space of
the present estimate. What moves at constant speed comes out unchanged, at the ends and beside gaps as well.
"""

import math
from typing import Final

import numpy as np
import roma
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from models.rotations import part_way

HALF_POWER: Final = 1.4685
"""Root of exp(-x^2 / 2) (1 + x^2 / 2) = 1 / sqrt(2): the Gaussian's sd in radians of the period at half power."""
REACH_SD: Final = 4.0
"""Neighbours beyond this many standard deviations weigh nothing."""
TANGENT_PASSES: Final = 2


def smoothing_stencil(
    observed: Bool[np.ndarray, " frames"], rate_hz: int, period_s: float
) -> Float[Tensor, "frames window"]:
    """How much of each neighbour, from the earliest to the latest, goes into a frame; rows sum to 1.

    Args:
        observed: frames that count; an unobserved frame keeps its own value.
        period_s: of the oscillation that keeps half its power, far from the ends; slower ones pass.
    """
    reach = max(1, math.ceil(REACH_SD * HALF_POWER * period_s / (2 * math.pi) * rate_hz))
    offset = np.arange(-reach, reach + 1)
    gauss = np.exp(-0.5 * (offset / rate_hz * 2 * math.pi / (HALF_POWER * period_s)) ** 2)
    padded = np.pad(observed, reach)
    seen = np.lib.stride_tricks.sliding_window_view(padded, len(offset))
    patterns, which = np.unique(seen, axis=0, return_inverse=True)
    powers = (offset[:, None] / reach) ** np.arange(3)
    weighted = patterns[:, :, None] * (gauss[:, None] * powers)
    first_row = np.linalg.pinv(weighted.transpose(0, 2, 1) @ powers, rcond=1e-10, hermitian=True)[:, :1]
    stencil = (first_row @ weighted.transpose(0, 2, 1))[:, 0][which.reshape(-1)]
    stencil[~observed] = offset == 0
    return torch.from_numpy(stencil)


def smooth_positions(
    position_m: Float[Tensor, "frames *rest"], stencil: Float[Tensor, "frames window"]
) -> Float[Tensor, "frames *rest"]:
    """Positions, or any numbers that may be averaged, drawn through a stencil."""
    total = torch.zeros_like(position_m)
    for column, neighbour in _neighbours(stencil):
        total = total + _wide(stencil[:, column], position_m) * position_m[neighbour]
    return total


def smooth_rotations(
    rotation: Float[Tensor, "frames *rest 3 3"], stencil: Float[Tensor, "frames window"]
) -> Float[Tensor, "frames *rest 3 3"]:
    """Rotations drawn through a stencil; neighbours must lie less than half a turn apart."""
    given = roma.rotmat_to_unitquat(rotation)
    smooth = given
    for _ in range(TANGENT_PASSES):
        turn = torch.zeros_like(given[..., :3])
        for column, neighbour in _neighbours(stencil):
            away = roma.quat_product(roma.quat_conjugation(smooth), given[neighbour])
            turn = turn + _wide(stencil[:, column], turn) * roma.unitquat_to_rotvec(away)
        smooth = roma.quat_product(smooth, roma.rotvec_to_unitquat(turn))
    return roma.unitquat_to_rotmat(smooth)


def fill_rotations(
    rotation: Float[Tensor, "frames *rest 3 3"], observed: Bool[np.ndarray, " frames"]
) -> Float[Tensor, "frames *rest 3 3"]:
    """Unobserved frames turned at constant speed between their observed neighbours; held before and after all."""
    before, after, share = _gap_ends(observed, rotation)
    between = part_way(rotation[before], rotation[after], _wide(share, rotation[..., 0, 0]).expand(rotation.shape[:-2]))
    return torch.where(_wide(share, rotation) > 0, between, rotation[before])


def fill_positions(
    position_m: Float[Tensor, "frames *rest"], observed: Bool[np.ndarray, " frames"]
) -> Float[Tensor, "frames *rest"]:
    """Unobserved frames on the straight line between their observed neighbours; held before and after all."""
    before, after, share = _gap_ends(observed, position_m)
    start_m = position_m[before]
    return torch.where(
        _wide(share, position_m) > 0, start_m + _wide(share, position_m) * (position_m[after] - start_m), start_m
    )


def _gap_ends(observed: np.ndarray, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For each frame the observed frames on both sides (itself if observed) and how far it is between them."""
    frames, seen = np.arange(len(observed)), np.flatnonzero(observed)
    after = seen[np.searchsorted(seen, frames).clip(max=len(seen) - 1)]
    before = seen[(np.searchsorted(seen, frames, side="right") - 1).clip(min=0)]
    share = np.clip((frames - before) / np.maximum(after - before, 1), 0.0, 1.0)
    share[before >= after] = 0.0
    return (
        torch.from_numpy(before).to(like.device),
        torch.from_numpy(after).to(like.device),
        torch.from_numpy(share).to(like),
    )


def _neighbours(stencil: Tensor) -> list[tuple[int, Tensor]]:
    """Each column of a stencil with the frame it stands for; beyond the ends the last one, which weighs nothing."""
    frames, width = stencil.shape
    here = torch.arange(frames, device=stencil.device)
    return [(column, (here + column - width // 2).clamp(0, frames - 1)) for column in range(width)]


def _wide(per_frame: Tensor, like: Tensor) -> Tensor:
    return per_frame.reshape(-1, *[1] * (like.ndim - 1))
