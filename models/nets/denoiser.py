"""The network that corrects a window of found motion: what is to be kept of fast movement, and how poses should turn.

A window comes smoothed, with the fast part that this took away. The network says how much of the fast part comes back,
joint by joint and moment by moment (a punch does, a tremor does not), and how each orientation should turn besides.
It sees orientations in axes that stand upright and are turned to where the person looks in the middle of the window,
and how far each bone points along the camera's line of sight, where errors are largest. Left and right are treated
alike because every window is seen in a mirror as well and both answers are averaged.
"""

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from models.nets.inputs import MIRROR, MIRROR_SIX
from models.skeletons import SMPL_MIRROR

RATE_HZ: Final = 30.0
FRAMES: Final = 64
"""Of a window, at RATE_HZ: 2.1 s."""
JOINTS: Final = len(SMPL_MIRROR)
OF_JOINT: Final = 6 + 3 + 1 + 1
OF_FRAME: Final = 3 + 3 + 3 + 3 + 1 + 1
DILATIONS: Final = (1, 2, 4, 1, 2)
TAPS: Final = 9
MIRROR_TURN: Final = (1.0, -1.0, -1.0)
"""Signs of a rotation vector's coordinates in the mirror of MIRROR."""
LOG_ODDS_SIZE: Final = 4.0
FAST_SIZE: Final = 0.1
"""Radians, and metres: brings the fast part to the size of the other inputs."""
LEAST_DOUBT: Final = 1e-3


@dataclass(frozen=True, eq=False)
class Window:
    """What the network is told, in the window's axes.

    Attributes:
        six: first two columns of every joint's orientation, smoothed.
        fast: rotation vectors that turn smoothed orientations into found ones.
        depth: of each bone's unit vector along the line of sight, smoothed.
        confidence: 0..1.
        way_m: the pelvis about its place in the middle of the window, smoothed.
        fast_m: from there to where it was found.
        sight: unit vector from the camera into the scene.
        there: the clip has this frame.
        observed: the person was seen in it; else it was filled.
    """

    six: Float[Tensor, "*batch frames 24 6"]
    fast: Float[Tensor, "*batch frames 24 3"]
    depth: Float[Tensor, "*batch frames 24"]
    confidence: Float[Tensor, "*batch frames 24"]
    way_m: Float[Tensor, "*batch frames 3"]
    fast_m: Float[Tensor, "*batch frames 3"]
    sight: Float[Tensor, "*batch 3"]
    there: Bool[Tensor, "*batch frames"]
    observed: Bool[Tensor, "*batch frames"]


class _Block(nn.Module):
    """Frames look at their neighbours channel by channel, then channels at each other; adds what comes of it."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        reach = dilation * (TAPS // 2)
        self.over_time = nn.Conv1d(width, width, TAPS, padding=reach, dilation=dilation, groups=width)
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, 2 * width)
        self.outer = nn.Linear(2 * width, width)

    def forward(self, features: Float[Tensor, "batch frames width"]) -> Float[Tensor, "batch frames width"]:
        seen = self.over_time(features.mT).mT
        return features + self.outer(nn.functional.silu(self.inner(self.norm(seen))))


class Denoiser(nn.Module):
    """Five blocks of convolutions between two linear layers.

    Args:
        width: of all features.
    """

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.plan = {"width": width}
        self.entry = nn.Linear(JOINTS * OF_JOINT + OF_FRAME, width)
        self.blocks = nn.Sequential(*(_Block(width, dilation) for dilation in DILATIONS))
        self.norm = nn.LayerNorm(width)
        self.exit = nn.Linear(width, JOINTS * 4 + 4)
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)

    def forward(self, window: Window) -> tuple[Float[Tensor, "batch frames 24 3"], Float[Tensor, "batch frames 3"]]:
        """Rotation vectors that turn smoothed orientations, in the window's axes, and shifts of the pelvis."""
        answer = self.exit(self.norm(self.blocks(self.entry(_numbers(window))))).float()
        turn, shift_m = answer[..., : JOINTS * 4].unflatten(-1, (JOINTS, 4)), answer[..., JOINTS * 4 :]
        return _with_fast(turn, window.fast), _with_fast(shift_m, window.fast_m)

    def both(self, window: Window) -> tuple[Float[Tensor, "batch frames 24 3"], Float[Tensor, "batch frames 3"]]:
        """The mean of the answers to the window and to its mirror image, which the mirror leaves as it is."""
        turn, shift_m = self(window)
        other, other_m = self(mirrored(window))
        other = other[..., list(SMPL_MIRROR), :] * other.new_tensor(MIRROR_TURN)
        return (turn + other) / 2, (shift_m + other_m * other_m.new_tensor(MIRROR)) / 2


def mirrored(window: Window) -> Window:
    """The same window with left and right exchanged."""
    twin, flip = list(SMPL_MIRROR), window.way_m.new_tensor(MIRROR)
    return Window(
        six=window.six[..., twin, :] * window.six.new_tensor(MIRROR_SIX),
        fast=window.fast[..., twin, :] * window.fast.new_tensor(MIRROR_TURN),
        depth=window.depth[..., twin],
        confidence=window.confidence[..., twin],
        way_m=window.way_m * flip,
        fast_m=window.fast_m * flip,
        sight=window.sight * flip,
        there=window.there,
        observed=window.observed,
    )


def _numbers(window: Window) -> Float[Tensor, "batch frames numbers"]:
    """One row for each frame."""
    sure = window.confidence.clamp(LEAST_DOUBT, 1 - LEAST_DOUBT).logit() / LOG_ODDS_SIZE
    pace = torch.nn.functional.pad(window.way_m.diff(dim=-2) * RATE_HZ, (0, 0, 1, 0))
    frames = window.way_m.shape[-2]
    each = torch.cat([window.six, window.fast / FAST_SIZE, window.depth[..., None], sure[..., None]], dim=-1).flatten(
        -2
    )
    flags = torch.stack([window.there, window.observed], dim=-1).to(each)
    sight = window.sight[..., None, :].expand(*window.sight.shape[:-1], frames, 3)
    return torch.cat([each, window.way_m, window.fast_m / FAST_SIZE, pace, sight, flags], dim=-1)


def _with_fast(answer: Float[Tensor, "*batch 4"], fast: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3"]:
    """The correction, and the share of the fast part that the fourth number leaves."""
    return answer[..., :3] + answer[..., 3:].sigmoid() * fast
