"""How the features of a frame learn of the frames around it: three ways, and none."""

from collections.abc import Callable, Mapping
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.nets.entry import in_both, mirrored
from models.nets.inputs import MIRROR, MIRROR_SIX, TAPS, Neighbours

LATENT: Final = 32
"""How much of a frame its neighbours see."""
WAY_SIGNS: Final = (*MIRROR_SIX, *MIRROR, 1.0)
"""What the mirror does to the numbers that say how a neighbour stands to a frame: turn, shift, whether it is there."""


class Block(nn.Module):
    """Adds to the features what two layers make of them, normalised before."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)

    def forward(self, features: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch width"]:
        return features + self.outer(nn.functional.silu(self.inner(self.norm(features))))


class Glance(nn.Module):
    """Six neighbours, each summed up in a few numbers and told where it stands; nothing where there are none."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.summary = nn.Linear(width, LATENT)
        self.of_neighbours = nn.Linear(LATENT * len(TAPS), width, bias=False)
        self.of_ways = nn.Parameter(torch.randn(width, len(TAPS), len(WAY_SIGNS)) * 0.1)

    def forward(
        self, features: Float[Tensor, "*batch frames 2 width"], around: Neighbours | None
    ) -> Float[Tensor, "*batch frames 2 width"]:
        if around is None:
            return features
        summary = self.summary(self.norm(features))[..., around.index, :, :] * around.there[..., None, None]
        there = around.there[..., None].to(features).expand(*around.turn.shape[:-1], 1)
        ways = torch.cat([around.turn, around.shift_m * 4, there], dim=-1).flatten(-2)
        taps = range(len(TAPS))
        from_ways = in_both(ways, mirrored(self.of_ways, taps, taps, WAY_SIGNS))
        return features + self.of_neighbours(summary.transpose(-3, -2).flatten(-2)) + from_ways


class Alone(nn.Module):
    """Every frame for itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.block = Block(width)

    def forward(
        self, features: Float[Tensor, "*batch frames 2 width"], around: Neighbours | None
    ) -> Float[Tensor, "*batch frames 2 width"]:
        return self.block(features)


class Convolution(nn.Module):
    """Two convolutions over five frames each; frames that are not there count as zeros."""

    def __init__(self, width: int, inner: int = 64) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.narrow = nn.Conv1d(width, inner, 5, padding=2)
        self.widen = nn.Conv1d(inner, width, 5, padding=2)

    def forward(
        self, features: Float[Tensor, "*batch frames 2 width"], around: Neighbours | None
    ) -> Float[Tensor, "*batch frames 2 width"]:
        series = self.norm(features).movedim(-3, -1)
        mixed = self.widen(nn.functional.silu(self.narrow(series.flatten(0, -3))))
        return features + mixed.unflatten(0, series.shape[:-2]).movedim(-1, -3)


class Recurrence(nn.Module):
    """A gated recurrent unit from the first frame to the last."""

    def __init__(self, width: int, inner: int = 128) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.unit = nn.GRU(width, inner, batch_first=True)
        self.widen = nn.Linear(inner, width)

    def forward(
        self, features: Float[Tensor, "*batch frames 2 width"], around: Neighbours | None
    ) -> Float[Tensor, "*batch frames 2 width"]:
        series = self.norm(features).transpose(-3, -2)
        state, _ = self.unit(series.flatten(0, -3))
        return features + self.widen(state).unflatten(0, series.shape[:-2]).transpose(-3, -2)


MIXERS: Final[Mapping[str, Callable[[int], nn.Module]]] = {
    "glance": Glance,
    "alone": Alone,
    "convolution": Convolution,
    "recurrence": Recurrence,
}
