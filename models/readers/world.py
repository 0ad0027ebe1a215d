"""Makes points of a file points of a person in the world: unit, axes, gaps and size are settled here, once for all."""

import logging
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from models.errors import InputError
from models.readers.given import UNIT_M, Said, WorldPoints, y_up
from models.readers.names import parts_of

log = logging.getLogger(__name__)

LEG_M: Final = (0.3, 1.4)
TRUNK_M: Final = (0.2, 0.9)
"""From hip to ankle along the bones, and from hips to shoulders: of small children and of giants, with room."""
STANDING: Final = 0.7
"""Mean share of the way from hips to shoulders that lies along an axis when people stand along it."""
BODY_PER_LEG: Final = 1.9
"""Stature over leg, for the words of an error."""


@dataclass(frozen=True)
class Told:
    """What a file says of its axes and its unit; None where it says nothing."""

    unit: str | None = None
    up: str | None = None


def person_in_world(
    name: str, points: WorldPoints, *, said: Said, told: Told, weight: Float[np.ndarray, "frames points"] | None = None
) -> WorldPoints:
    """Points in metres with Y up, of which none is NaN.

    Args:
        name: what errors call the file.
        points: in the file's unit and axes; NaN where missing.
        told: y, z or -y as the file or its format has them.
        weight: confidence that the file gives, multiplied in.

    Raises:
        InputError: the unit or the axis is said by nobody and cannot be recognised, no frame holds a point, or the
            person is of no person's size.
    """
    unit = said.unit or told.unit
    if unit not in UNIT_M:
        raise InputError(
            f"{name} does not say the unit of its lengths" if unit is None else f"{name} has the unit {unit!r}",
            f"give it with --unit: {', '.join(UNIT_M)}",
        )
    there = np.isfinite(points.points_m).all(axis=-1) & (points.confidence > 0)
    if weight is not None:
        there &= np.nan_to_num(weight) > 0
    if not there.any():
        raise InputError(f"{name} holds no point in any frame", "hand in a file with somebody in it")
    points_m = np.where(there[..., None], np.nan_to_num(points.points_m), 0.0) * UNIT_M[unit]
    _require_size(name, points.set_name, points_m, there, unit)
    axis = said.up or told.up or _recognised_up(name, points.set_name, points_m, there)
    trust = points.confidence if weight is None else points.confidence * np.clip(np.nan_to_num(weight), 0, 1)
    return WorldPoints(
        label=points.label,
        set_name=points.set_name,
        timestamps_s=points.timestamps_s,
        points_m=points_m @ y_up(axis).T,
        confidence=np.where(there, trust, 0.0),
    )


def _require_size(name: str, set_name: str, points_m: np.ndarray, there: np.ndarray, unit: str) -> None:
    """Nobody's leg is longer than LEG_M; a unit that is wrong by ten or a thousand shows here."""
    legs = [
        _length_m(set_name, points_m, there, f"{side}_hip", f"{side}_knee")
        + _length_m(set_name, points_m, there, f"{side}_knee", f"{side}_ankle")
        for side in ("left", "right")
    ]
    trunk = [_length_m(set_name, points_m, there, f"{side}_hip", f"{side}_shoulder") for side in ("left", "right")]
    for lengths_m, bounds_m, factor in ((legs, LEG_M, BODY_PER_LEG), (trunk, TRUNK_M, 3.3)):
        known = [length for length in lengths_m if np.isfinite(length)]
        if known:
            size_m = float(np.median(known))
            if not bounds_m[0] <= size_m <= bounds_m[1]:
                raise InputError(
                    f"the person in {name} would be {size_m * factor:.3g} m tall with lengths in {unit}",
                    f"give the unit with --unit: {', '.join(UNIT_M)}",
                )
            return
    raise InputError(
        f"{name} shows neither a leg nor a side of the trunk, which tell the size of a person",
        "hand in hips and shoulders, or hips, knees and ankles",
    )


def _length_m(set_name: str, points_m: np.ndarray, there: np.ndarray, one: str, other: str) -> float:
    parts = parts_of(set_name)
    if one not in parts or other not in parts:
        return np.nan
    a, b = parts.index(one), parts.index(other)
    both = there[:, a] & there[:, b]
    return float(np.median(np.linalg.norm(points_m[both, a] - points_m[both, b], axis=-1))) if both.any() else np.nan


def _recognised_up(name: str, set_name: str, points_m: np.ndarray, there: np.ndarray) -> str:
    """The axis along which the person stands."""
    parts = parts_of(set_name)
    low = [parts.index(f"{side}_hip") for side in ("left", "right") if f"{side}_hip" in parts]
    high = [parts.index(f"{side}_shoulder") for side in ("left", "right") if f"{side}_shoulder" in parts]
    seen = there[:, low + high].all(axis=1)
    standing = np.zeros(3)
    if seen.any() and low and high:
        way = points_m[seen][:, high].mean(axis=1) - points_m[seen][:, low].mean(axis=1)
        standing = np.mean(way / np.linalg.norm(way, axis=-1, keepdims=True).clip(1e-9), axis=0)
    for axis, along in (("y", standing[1]), ("z", standing[2]), ("-y", -standing[1])):
        if along > STANDING:
            log.info("%s: the person stands along %s, which is taken for up", name, axis)
            return axis
    raise InputError(f"{name} does not show which axis points up", "give it with --up y or --up z")
