"""The first layer of every network: points, bones and a pose before become features, twice: as seen and mirrored.

The mirror image costs no second input: the weights are mirrored instead.
"""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.nets.directions import BEND_SIGNS, all_bends, all_ways, bend_mirror, directions, table_of, way_mirror
from models.nets.inputs import MIRROR, MIRROR_SIX, BeforeKind, Frames
from models.nets.slots import slot_mirror
from models.skeletons import SMPL_MIRROR

JOINTS: Final = len(SMPL_MIRROR)
POINT_SCALE: Final = 4.0
OFFSET_SCALE: Final = 20.0
"""So that inputs are of the order of one: points vary by decimetres, bones by centimetres."""
LEAST_NOISE_M: Final = 1e-4
IDENTITY_SIX: Final = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


class Entry(nn.Module):
    """The first layer, for a frame and for its mirror image at once."""

    slot_mean_m: Tensor
    offset_mean_m: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        slots = len(slot_mirror())
        self.of_points = nn.Parameter(torch.randn(width, slots, 4) * 0.08)
        self.of_ways = nn.Parameter(torch.randn(width, len(all_ways()), 3) * 0.08)
        self.of_bends = nn.Parameter(torch.randn(width, len(all_bends()), 6) * 0.08)
        self.of_bones = nn.Parameter(torch.randn(width, JOINTS, 3) * 0.05)
        self.of_before = nn.Parameter(torch.randn(width, JOINTS, 6) * 0.05)
        self.of_kind = nn.Parameter(torch.zeros(len(BeforeKind), width))
        self.of_noise = nn.Parameter(torch.randn(width) * 0.2)
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("slot_mean_m", torch.zeros(slots, 3))
        self.register_buffer("offset_mean_m", torch.zeros(JOINTS, 3))

    def forward(self, frames: Frames) -> Float[Tensor, "*batch frames 2 width"]:
        """Features before any other layer; the last axis but one is the frame and its mirror image."""
        seen = (frames.confidence > 0)[..., None]
        placed = (frames.points_m - self.slot_mean_m[frames.slots]) * POINT_SCALE
        points = torch.cat([torch.where(seen, placed, 0.0), frames.confidence[..., None]], dim=-1).flatten(-2)
        twins = torch.tensor(slot_mirror(), device=frames.slots.device)[frames.slots]
        features = in_both(points, self.of_points[:, frames.slots], self.of_points[:, twins], (*MIRROR, 1.0))
        features = features + self._of_directions(frames)
        noise = (frames.disagreement_m + LEAST_NOISE_M).log()[..., None, None] / 3 + 2
        bones = ((frames.offset_m - self.offset_mean_m) * OFFSET_SCALE).flatten(-2)
        twins = list(SMPL_MIRROR)
        of_bones = in_both(bones, self.of_bones, self.of_bones[:, twins], MIRROR)
        features = features + (of_bones + self.bias) + noise * self.of_noise
        if frames.before is None or frames.before_kind is None:
            return features + self.of_kind[BeforeKind.NONE]
        given = (frames.before_kind > 0)[..., None, None]
        known = torch.where(given, frames.before - frames.before.new_tensor(IDENTITY_SIX), 0.0).flatten(-2)
        features = features + in_both(known, self.of_before, self.of_before[:, twins], MIRROR_SIX)
        return features + self.of_kind[frames.before_kind][..., None, :]

    def _of_directions(self, frames: Frames) -> Float[Tensor, "*batch frames 2 width"]:
        table = table_of(tuple(frames.slots.tolist()))
        ways, bends = directions(table, frames.points_m, frames.confidence)
        own, other = list(table.way), [way_mirror()[number] for number in table.way]
        of_ways = in_both(ways.flatten(-2), self.of_ways[:, own], self.of_ways[:, other], MIRROR)
        own, other = list(table.bend), [bend_mirror()[number] for number in table.bend]
        return of_ways + in_both(bends.flatten(-2), self.of_bends[:, own], self.of_bends[:, other], BEND_SIGNS)


def in_both(
    given: Float[Tensor, "*batch inputs"], weight: Tensor, of_twins: Tensor, signs: tuple[float, ...]
) -> Float[Tensor, "*batch 2 width"]:
    """A linear layer's answer to its input and to the input's mirror image.

    Args:
        given: items with as many numbers each as there are signs, flat.
        weight: of the items, width x items x numbers.
        of_twins: the same of their mirror twins.
        signs: what the mirror does to an item's numbers.
    """
    both = torch.cat([weight.flatten(1), (of_twins * weight.new_tensor(signs)).flatten(1)])
    return nn.functional.linear(given, both).unflatten(-1, (2, -1))
