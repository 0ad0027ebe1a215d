"""Directions of bones and of the axes they bend about: what an orientation is made of, told to a network outright."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from models.bodies.points import Inside, Place, Seen, Vertex
from models.nets.slots import slot_mirror, slot_places

Way = tuple[Place, Place]


def _joints(start: str, end: str) -> Way:
    return Inside({start: 1.0}), Inside({end: 1.0})


def _landmarks(start: str, end: str) -> Way:
    return Seen(start), Seen(end)


_THIGH, _SHIN, _FOOT = (
    _joints(*pair) for pair in (("left_hip", "left_knee"), ("left_knee", "left_ankle"), ("left_ankle", "left_foot"))
)
_UPPER, _FORE, _HAND = (
    _joints(*pair)
    for pair in (("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"), ("left_wrist", "left_hand"))
)
_SEEN_THIGH, _SEEN_SHIN, _SEEN_FOOT = (
    _landmarks(*pair)
    for pair in (("left_hip", "left_knee"), ("left_knee", "left_ankle"), ("left_ankle", "left_foot_index"))
)
_SEEN_UPPER, _SEEN_FORE, _INDEX, _PINKY = (
    _landmarks(f"left_{start}", f"left_{end}")
    for start, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("wrist", "index"), ("wrist", "pinky"))
)
_SOLE, _SOLE_OUTSIDE = (Vertex("LHeel"), Vertex("LBigToe")), (Vertex("LHeel"), Vertex("LSmallToe"))
_SHIN_TO_TOE = (Inside({"left_ankle": 1.0}), Vertex("LBigToe"))
_EARS, _FACE = _landmarks("left_ear", "right_ear"), _landmarks("left_ear", "nose")

_LEFT_WAYS: Final[tuple[Way, ...]] = (
    _THIGH, _SHIN, _FOOT, _UPPER, _FORE, _HAND, _SEEN_THIGH, _SEEN_SHIN, _SEEN_FOOT, _SEEN_UPPER, _SEEN_FORE, _INDEX,
    _PINKY, _SOLE, _SOLE_OUTSIDE, _SHIN_TO_TOE, _EARS, _FACE,
    _joints("left_collar", "left_shoulder"), _joints("left_hip", "right_hip"),
    _joints("left_shoulder", "right_shoulder"), _landmarks("left_heel", "left_foot_index"),
)  # fmt: skip
_MIDDLE_WAYS: Final[tuple[Way, ...]] = (
    _joints("neck", "head"), _joints("pelvis", "spine1"), _joints("spine1", "spine2"), _joints("spine2", "spine3"),
    _joints("spine3", "neck"),
)  # fmt: skip
_LEFT_BENDS: Final[tuple[tuple[Way, Way], ...]] = (
    (_THIGH, _SHIN), (_SHIN, _FOOT), (_UPPER, _FORE), (_FORE, _HAND), (_SEEN_THIGH, _SEEN_SHIN),
    (_SEEN_SHIN, _SEEN_FOOT), (_SEEN_UPPER, _SEEN_FORE), (_SEEN_FORE, _INDEX), (_INDEX, _PINKY),
    (_SHIN, _SHIN_TO_TOE), (_SOLE, _SOLE_OUTSIDE), (_EARS, _FACE),
)  # fmt: skip

BEND_SIGNS: Final = (1.0, -1.0, -1.0, 1.0, -1.0, -1.0)
"""What the mirror does to an axis and to another: a cross product's sign changes where a vector's does not."""
SOFT_SINE: Final = 0.05
"""Below this sine of the bend, a unit axis fades."""
TINY: Final = 1e-10


@dataclass(frozen=True)
class Table:
    """Which slots the directions join, all of them or those that a choice of slots allows.

    Attributes:
        way, bend: the number of each among all.
        start, end: of each way, among the chosen slots.
        first, second: of each bend, among the chosen ways.
    """

    way: tuple[int, ...]
    start: tuple[int, ...]
    end: tuple[int, ...]
    bend: tuple[int, ...]
    first: tuple[int, ...]
    second: tuple[int, ...]


@lru_cache(maxsize=1)
def all_ways() -> tuple[tuple[int, int], ...]:
    """Start and end of every direction, as slots; what has a left side has a right side next to it."""
    places, twin = slot_places(), slot_mirror()
    found: list[tuple[int, int]] = []
    for start, end in _LEFT_WAYS:
        way = places.index(start), places.index(end)
        found += [way, (twin[way[0]], twin[way[1]])]
    return (*found, *((places.index(start), places.index(end)) for start, end in _MIDDLE_WAYS))


@lru_cache(maxsize=1)
def all_bends() -> tuple[tuple[int, int], ...]:
    """The two ways of every bend."""
    found: list[tuple[int, int]] = []
    for first, second in _LEFT_BENDS:
        pair = 2 * _LEFT_WAYS.index(first), 2 * _LEFT_WAYS.index(second)
        found += [pair, (pair[0] + 1, pair[1] + 1)]
    return tuple(found)


def way_mirror() -> tuple[int, ...]:
    """The number of each way's mirror twin."""
    sided = 2 * len(_LEFT_WAYS)
    return (*(number ^ 1 for number in range(sided)), *range(sided, len(all_ways())))


def bend_mirror() -> tuple[int, ...]:
    """The number of each bend's mirror twin."""
    return tuple(number ^ 1 for number in range(len(all_bends())))


@lru_cache(maxsize=64)
def table_of(slots: tuple[int, ...]) -> Table:
    """The directions between the slots that are there."""
    ways = [number for number, (start, end) in enumerate(all_ways()) if start in slots and end in slots]
    bends = [number for number, (first, second) in enumerate(all_bends()) if first in ways and second in ways]
    return Table(
        way=tuple(ways),
        start=tuple(slots.index(all_ways()[number][0]) for number in ways),
        end=tuple(slots.index(all_ways()[number][1]) for number in ways),
        bend=tuple(bends),
        first=tuple(ways.index(all_bends()[number][0]) for number in bends),
        second=tuple(ways.index(all_bends()[number][1]) for number in bends),
    )


def directions(
    table: Table, points_m: Float[Tensor, "*batch points 3"], confidence: Float[Tensor, "*batch points"]
) -> tuple[Float[Tensor, "*batch ways 3"], Float[Tensor, "*batch bends 6"]]:
    """Unit vectors along the ways; of each bend the cross product, as it is and almost normalised; 0 where unseen."""
    start, end = list(table.start), list(table.end)
    along_m = points_m[..., end, :] - points_m[..., start, :]
    there = ((confidence[..., end] > 0) & (confidence[..., start] > 0))[..., None]
    unit = torch.where(there, along_m * (along_m.square().sum(-1, keepdim=True) + TINY).rsqrt(), 0.0)
    axis = torch.linalg.cross(unit[..., list(table.first), :], unit[..., list(table.second), :])
    almost = axis * (axis.square().sum(-1, keepdim=True) + SOFT_SINE**2).rsqrt()
    return unit, torch.cat([axis, almost], dim=-1)
