"""The first layer of every network: points, bones and a pose before become features, twice: as seen and mirrored.

The mirror image costs no second input: the weights are mirrored instead.
"""

from collections.abc import Sequence
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
        noise = (frames.disagreement_m + LEAST_NOISE_M).log()[..., None] / 3 + 2
        given = [*self._of_frame(frames), (noise, self.of_noise[:, None].repeat(2, 1))]
        if frames.before is not None and frames.before_kind is not None:
            known = frames.before - frames.before.new_tensor(IDENTITY_SIX)
            known = torch.where((frames.before_kind > 0)[..., None, None], known, 0.0).flatten(-2)
            given.append((known, mirrored(self.of_before, range(JOINTS), SMPL_MIRROR, MIRROR_SIX)))
            kind = self.of_kind[frames.before_kind][..., None, :]
        else:
            kind = self.of_kind[BeforeKind.NONE]
        inputs, weights = zip(*given, strict=True)
        features = nn.functional.linear(torch.cat(inputs, dim=-1), torch.cat(weights, dim=-1)).unflatten(-1, (2, -1))
        bones = ((frames.offset_m - self.offset_mean_m) * OFFSET_SCALE).flatten(-2)
        of_bones = in_both(bones, mirrored(self.of_bones, range(JOINTS), SMPL_MIRROR, MIRROR))
        return features + (of_bones + self.bias + kind)

    def _of_frame(self, frames: Frames) -> list[tuple[Tensor, Tensor]]:
        """Points and directions, flat, each with its weights."""
        slots = tuple(frames.slots.tolist())
        seen = (frames.confidence > 0)[..., None]
        placed = torch.where(seen, (frames.points_m - self.slot_mean_m[frames.slots]) * POINT_SCALE, 0.0)
        points = torch.cat([placed, frames.confidence[..., None]], dim=-1)
        table = table_of(slots)
        ways, bends = directions(table, frames.points_m, frames.confidence)
        twins = [[twin[number] for number in own] for twin, own in (
            (slot_mirror(), slots), (way_mirror(), table.way), (bend_mirror(), table.bend)
        )]  # fmt: skip
        return [
            (points.flatten(-2), mirrored(self.of_points, slots, twins[0], (*MIRROR, 1.0))),
            (ways.flatten(-2), mirrored(self.of_ways, table.way, twins[1], MIRROR)),
            (bends.flatten(-2), mirrored(self.of_bends, table.bend, twins[2], BEND_SIGNS)),
        ]


def mirrored(
    weight: Float[Tensor, "width items numbers"], own: Sequence[int], twins: Sequence[int], signs: tuple[float, ...]
) -> Float[Tensor, "twice_width inputs"]:
    """The weights of a layer that sees its input, and those of one that sees the input's mirror image.

    Args:
        own, twins: which items are given, and their mirror twins.
        signs: what the mirror does to an item's numbers.
    """
    twin = weight[:, list(twins)] * weight.new_tensor(signs)
    return torch.cat([weight[:, list(own)].flatten(1), twin.flatten(1)])


def in_both(
    given: Float[Tensor, "*batch inputs"], weights: Float[Tensor, "twice_width inputs"]
) -> Float[Tensor, "*batch 2 width"]:
    """What mirrored weights make of an input, for it and for its mirror image."""
    return nn.functional.linear(given, weights).unflatten(-1, (2, -1))
