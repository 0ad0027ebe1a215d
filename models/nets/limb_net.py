"""How an arm or a leg is bent, and where it goes next, from the path of its end alone: a small network on a window.

It only knows LEFT limbs; models/limbs.py shows it right ones in a mirror. Everything is seen in the trunk's frame,
about the limb's root, in units of the limb's length.
"""

from dataclasses import dataclass
from typing import Final

import roma
import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.rotations import across, shortest_arc, unit

RATE_HZ: Final = 30.0
"""Of the window's taps; other paths are read between their frames."""
TAPS: Final = tuple(range(-10, 11))
NOW: Final = TAPS.index(0)
HORIZONS: Final = (5, 10)
"""Frames ahead, at RATE_HZ, for which the end and the pose are predicted."""
STEP_SCALE: Final = 3.0
"""Brings the way from tap to tap to the size of the other inputs."""
_IN: Final = 3 + 1 + 4 * len(TAPS) + 7 + 7
_POSE: Final = 12
_EASY: Final = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""The unturned frame's first two columns."""


@dataclass(frozen=True, eq=False)
class LimbView:
    """What the network sees of left limbs.

    Attributes:
        end: the window's ends over the limb's length; of no meaning where it is not seen.
        seen: 1 or 0 for each tap.
        trunk_from_end: the orientation of the hand or foot now; of no meaning where not given.
        end_known: 1 where it is given, else 0.
        upper, lower: the two bones at rest over the limb's length.
    """

    end: Float[Tensor, "*batch taps 3"]
    seen: Float[Tensor, "*batch taps"]
    trunk_from_end: Float[Tensor, "*batch 3 3"]
    end_known: Float[Tensor, "*batch"]
    upper: Float[Tensor, "*batch 3"]
    lower: Float[Tensor, "*batch 3"]


@dataclass(frozen=True, eq=False)
class LimbGuess:
    """Now and at the HORIZONS, stacked.

    Attributes:
        end: over the limb's length; now what was seen, later what is predicted.
        trunk_from_upper, trunk_from_lower: orientations of the bones, which need not reach the end yet.
    """

    end: Float[Tensor, "*batch times 3"]
    trunk_from_upper: Float[Tensor, "*batch times 3 3"]
    trunk_from_lower: Float[Tensor, "*batch times 3 3"]


class LimbNet(nn.Module):
    """Residual blocks on the flattened window.

    Args:
        width: of the hidden layers.
        blocks: how many.
    """

    def __init__(self, width: int = 176, blocks: int = 3) -> None:
        super().__init__()
        self.enter = nn.Linear(_IN, width)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.pose = nn.Linear(width, _POSE * (1 + len(HORIZONS)))
        self.ahead = nn.Linear(width, 3 * len(HORIZONS))

    def forward(self, view: LimbView) -> LimbGuess:
        """Guess the orientations now and later, and where the end will be."""
        latent = self.enter(_features(view))
        for block in self.blocks:
            latent = latent + block(latent)
        latent = self.norm(latent)
        columns = self.pose(latent).unflatten(-1, (1 + len(HORIZONS), 2, 3, 2))
        easy = columns.new_tensor(_EASY).reshape(3, 2)
        turn = roma.special_gramschmidt(columns + easy)
        now = view.end[..., NOW, :]
        later = now[..., None, :] + self.ahead(latent).unflatten(-1, (len(HORIZONS), 3))
        return LimbGuess(torch.cat([now[..., None, :], later], dim=-2), turn[..., 0, :, :], turn[..., 1, :, :])


class _Block(nn.Sequential):
    def __init__(self, width: int) -> None:
        super().__init__(nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))


def reach_end(
    guess: LimbGuess, upper: Float[Tensor, "*batch 3"], lower: Float[Tensor, "*batch 3"]
) -> tuple[LimbGuess, Float[Tensor, "*batch times 3"]]:
    """Bend limbs so that they reach their ends exactly; what lies out of reach is reached for.

    The bend (elbow or knee) lies on the circle that both bones allow, where the guessed upper bone comes nearest to
    it; both bones then turn onto their places by the shortest arc.

    Args:
        upper, lower: the bones at rest, in the guess's unit.

    Returns:
        the guess with orientations that fit, its end where it can be; and the bend.
    """
    upper, lower = (bone[..., None, :].expand_as(guess.end) for bone in (upper, lower))
    pole = (guess.trunk_from_upper @ upper[..., None])[..., 0]
    bend, end = _bend_between(guess.end, pole, upper.norm(dim=-1), lower.norm(dim=-1))
    from_upper = _turn_onto(guess.trunk_from_upper, upper, bend)
    from_lower = _turn_onto(guess.trunk_from_lower, lower, end - bend)
    return LimbGuess(end, from_upper, from_lower), bend


def _bend_between(
    end: Float[Tensor, "*batch 3"],
    pole: Float[Tensor, "*batch 3"],
    upper: Float[Tensor, "*batch"],
    lower: Float[Tensor, "*batch"],
) -> tuple[Float[Tensor, "*batch 3"], Float[Tensor, "*batch 3"]]:
    """The law of cosines between root and end; a path through the root itself goes on along the pole."""
    way = unit(end)
    way = torch.where(way.square().sum(-1, keepdim=True) > 0.5, way, unit(pole))
    nearest = (upper - lower).abs().clamp_min(1e-4)
    distance = torch.minimum(torch.maximum((end * way).sum(-1), nearest), upper + lower)
    along = (distance.square() + upper.square() - lower.square()) / (2 * distance)
    aside = (upper.square() - along.square()).clamp_min(1e-12).sqrt()
    side = across(pole, way)
    other = across(torch.roll(way, 1, dims=-1) * way.new_tensor([1.0, -1.0, 1.0]), way)
    side = torch.where(side.square().sum(-1, keepdim=True) > 1e-10, side, other)
    bend = along[..., None] * way + aside[..., None] * unit(side)
    return bend, distance[..., None] * way


def _turn_onto(
    turn: Float[Tensor, "*batch 3 3"], bone: Float[Tensor, "*batch 3"], way: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch 3 3"]:
    posed = (turn @ bone[..., None])[..., 0]
    return shortest_arc(posed, way, across(turn[..., 2], unit(posed)) + 0.1 * turn[..., 1]) @ turn


def _features(view: LimbView) -> Float[Tensor, "*batch features"]:
    now = view.end[..., NOW, :]
    steps = STEP_SCALE * (view.end - now[..., None, :]) * view.seen[..., None]
    turn = view.trunk_from_end[..., :2].flatten(-2) * view.end_known[..., None]
    ratio = (view.upper.norm(dim=-1, keepdim=True) - 0.5) * 10
    return torch.cat(
        [
            now,
            now.norm(dim=-1, keepdim=True),
            steps.flatten(-2),
            view.seen,
            turn,
            view.end_known[..., None],
            unit(view.upper),
            unit(view.lower),
            ratio,
        ],
        dim=-1,
    )
