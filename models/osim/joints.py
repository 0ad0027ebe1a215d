"""What a joint's class means: which axes its coordinates shift along and turn about.

Ball, gimbal and free joints turn body-fixed X-Y-Z, universal joints X-Y, pins Z; sliders shift along X; planar joints
turn about Z and shift along X and Y; free joints turn first in the list of coordinates and shift in the parent's frame.
Custom joints say it themselves in a SpatialTransform; OpenSim makes all six axes unit vectors.
"""

from typing import Final
from xml.etree.ElementTree import Element

import numpy as np

from models.errors import InputError
from models.osim.document import flag, label, number, numbers, text
from models.osim.functions import IDENTITY, ZERO, Function, Polynomial, read_function
from models.osim.model import Axis, Coordinate, Motion, Vector

KINDS: Final[dict[str, str]] = {
    "WeldJoint": "",
    "PinJoint": "rz",
    "SliderJoint": "tx",
    "UniversalJoint": "rx ry",
    "BallJoint": "rx ry rz",
    "GimbalJoint": "rx ry rz",
    "PlanarJoint": "rz tx ty",
    "FreeJoint": "rx ry rz tx ty tz",
}
"""What each coordinate of a joint does: r turns, t shifts."""
UNIT: Final[dict[str, Vector]] = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
CUSTOM: Final = tuple(
    (f"{what}{k + 1}", what == "rotation", "xyz"[k]) for what in ("rotation", "translation") for k in range(3)
)
COLLINEAR: Final = 1e-6
"""Sine of the angle under which two axes count as one."""


def read_axes(joint: Element, names: list[str]) -> tuple[Axis, ...]:
    """The elementary motions of a joint, shifts first.

    Args:
        joint: the joint's element.
        names: of its coordinates, in order.

    Raises:
        InputError: a class that is not known, too few or too many coordinates, collinear axes, a coordinate or a
            function that is missing or not of one variable.
    """
    if joint.tag == "CustomJoint":
        axes = [_custom_axis(joint, names, *which) for which in CUSTOM]
        _refuse_collinear(joint, axes)
    elif joint.tag in KINDS:
        moves = KINDS[joint.tag].split()
        if len(moves) != len(names):
            problem = f"{label(joint)} has {len(names)} coordinates, a {joint.tag} has {len(moves)}"
            raise InputError(problem, "write one <Coordinate> for each of them")
        axes = [Axis(move[0] == "r", UNIT[move[1]], name, IDENTITY) for move, name in zip(moves, names, strict=True)]
    else:
        raise InputError(f"{label(joint)} is no joint known here", f"use one of CustomJoint, {', '.join(KINDS)}")
    return tuple(sorted(axes, key=lambda axis: axis.turns))


def read_coordinate(element: Element, axes: tuple[Axis, ...]) -> Coordinate:
    """A coordinate, given what it moves.

    Raises:
        InputError: a value that is no number, a default outside the range, a coordinate that follows a prescribed
            function.
    """
    lower, upper = numbers(element, "range", (-10.0, 10.0), 2)
    default = number(element, "default_value", 0.0)
    if flag(element, "prescribed", False):
        raise InputError(f"{label(element)} follows a prescribed function", "set its <prescribed> to false")
    if not lower <= default <= upper:
        problem = f"{label(element)} has the default {default:g} outside its range {lower:g} to {upper:g}"
        raise InputError(problem, "change its <default_value> or its <range>")
    name = element.get("name", "")
    clamped, locked = flag(element, "clamped", False), flag(element, "locked", False)
    return Coordinate(name, _motion(name, axes), default, lower, upper, clamped, locked)


def _motion(name: str, axes: tuple[Axis, ...]) -> Motion:
    plain = {axis.turns for axis in axes if axis.coordinate == name and _is_plain(axis.function)}
    return "rotational" if True in plain else "translational" if False in plain else "coupled"


def _is_plain(function: Function) -> bool:
    return isinstance(function, Polynomial) and len(function.coefficients) == 2 and abs(function.coefficients[1]) == 1


def _custom_axis(joint: Element, names: list[str], which: str, turns: bool, letter: str) -> Axis:
    element = joint.find(f"SpatialTransform/TransformAxis[@name='{which}']")
    if element is None:
        return Axis(turns, UNIT[letter], None, ZERO)
    place = f"{label(joint)}, {which}"
    x, y, z = numbers(element, "axis", UNIT[letter], 3)
    length = float(np.hypot(np.hypot(x, y), z))
    if length == 0:
        raise InputError(f"{place} has no direction", "give the axis a length")
    drivers = text(element, "coordinates").split()
    if len(drivers) > 1:
        raise InputError(f"{place} depends on {len(drivers)} coordinates", "let each axis depend on one coordinate")
    if drivers and drivers[0] not in names:
        raise InputError(f"{place} depends on {drivers[0]!r}, which is none of its coordinates", f"choose from {names}")
    function = _axis_function(element)
    if function is None and drivers:
        raise InputError(f"{place} has a coordinate and no function", "give it a LinearFunction")
    driver = drivers[0] if drivers else None
    return Axis(turns, (x / length, y / length, z / length), driver, function or ZERO)


def _axis_function(element: Element) -> Function | None:
    """Version 3 and 4 wrap the function in <function>; older files do not."""
    for child in element:
        if child.tag == "function" and len(child):
            return read_function(child[0])
        if child.tag not in {"function", "coordinates", "axis"}:
            return read_function(child)
    return None


def _refuse_collinear(joint: Element, axes: list[Axis]) -> None:
    for first in range(6):
        for second in range(first + 1, 3 if first < 3 else 6):
            cosine = sum(a * b for a, b in zip(axes[first].direction, axes[second].direction, strict=True))
            if 1 - cosine**2 < COLLINEAR**2:
                pair = f"{CUSTOM[first][0]} and {CUSTOM[second][0]}"
                raise InputError(f"{label(joint)} has collinear axes, {pair}", "turn one of them, used or not")
