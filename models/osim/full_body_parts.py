"""How joints of the own model are put together: a right side that is mirrored, ranges in degrees, axes in order."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from models.osim.functions import IDENTITY, ZERO, Function, Polynomial
from models.osim.joints import KINDS, UNIT
from models.osim.model import Axis, Coordinate, Frame, Joint, Vector

ORIGIN: Final[Vector] = (0.0, 0.0, 0.0)
MINUS: Final = Polynomial((0.0, -1.0))
SIDES: Final = (("r", 1.0), ("l", -1.0))
"""Suffix of names, and the sign of z there."""
Range = tuple[float, float]
Turn = tuple[str | None, Vector, Function]
"""A coordinate, or none, and what turns about, or shifts along, which axis."""


def mirrored(vector: Vector, sign: float) -> Vector:
    """A place on the right, or its image on the left."""
    return vector[0], vector[1], sign * vector[2]


def mirrored_turn(angles: Vector, sign: float) -> Vector:
    """An orientation or an axis of turning on the right, or its image on the left."""
    return sign * angles[0], sign * angles[1], angles[2]


def angle(name: str, range_deg: Range, *, locked: bool = False) -> Coordinate:
    """A clamped angle."""
    lower, upper = (math.radians(end) for end in range_deg)
    return Coordinate(name, "rotational", 0.0, lower, upper, clamped=True, locked=locked)


def angles(ranges_deg: Mapping[str, Range], suffix: str = "") -> tuple[Coordinate, ...]:
    """Clamped angles, in order."""
    return tuple(angle(name + suffix, range_deg) for name, range_deg in ranges_deg.items())


def custom(
    name: str,
    ends: tuple[Frame, Frame],
    coordinates: Sequence[Coordinate],
    turns: Sequence[Turn],
    shifts: Sequence[Turn] = (),
) -> Joint:
    """A CustomJoint; every turn or shift that is missing stands still along an axis that is left."""
    axes = [_axis(False, shift) for shift in _filled(shifts)] + [_axis(True, turn) for turn in _filled(turns)]
    return Joint(name, "CustomJoint", *ends, tuple(coordinates), tuple(axes))


def stock(kind: str, name: str, ends: tuple[Frame, Frame], coordinates: Sequence[Coordinate] = ()) -> Joint:
    """A joint whose class says how it moves, such as a PinJoint."""
    moves = KINDS[kind].split()
    axes = [Axis(m[0] == "r", UNIT[m[1]], c.name, IDENTITY) for m, c in zip(moves, coordinates, strict=True)]
    return Joint(name, kind, *ends, tuple(coordinates), tuple(axes))


def turns_zxy(names: Sequence[str], sign: float = 1.0) -> tuple[Turn, ...]:
    """Turns about z, then x, then y; on the left the last two go the other way round."""
    about_x, about_y = (mirrored_turn(UNIT[letter], sign) for letter in "xy")
    return (names[0], UNIT["z"], IDENTITY), (names[1], about_x, IDENTITY), (names[2], about_y, IDENTITY)


def _filled(moves: Sequence[Turn]) -> list[Turn]:
    used = {tuple(abs(part) for part in axis) for _, axis, _ in moves}
    left = [axis for axis in UNIT.values() if axis not in used]
    return [*moves, *((None, axis, ZERO) for axis in left[: 3 - len(moves)])]


def _axis(turns: bool, move: Turn) -> Axis:
    coordinate, direction, function = move
    return Axis(turns, direction, coordinate, function)
