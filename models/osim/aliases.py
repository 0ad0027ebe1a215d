"""One name for one posture: of the two triples of angles that turn alike, the one that the motion before suggests.

Three turns about orthogonal axes by a, b, c equal those by a + pi, pi - b, c + pi. The first frame takes the triple
nearest to zero; every other frame the one, whole turns aside, that is nearest to the frame before. So two solvers that
found the same postures write the same angles.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from models.osim.functions import Polynomial
from models.osim.model import Axis, Joint, Model

SLACK_RAD = 1e-6
"""How far past its range an angle may lie and count as inside."""


@dataclass(frozen=True, eq=False)
class Turns:
    """A joint's three turns about orthogonal axes: angle = sign * coordinate + offset.

    Attributes:
        names: of the three coordinates.
        axes: unit vectors, one in each row.
        sign: 1 or -1.
        offset_rad: of each angle.
    """

    names: tuple[str, str, str]
    axes: Float[np.ndarray, "3 3"]
    sign: Float[np.ndarray, "3"]
    offset_rad: Float[np.ndarray, "3"]


def three_turns(joint: Joint) -> Turns | None:
    """The joint's turns, or None if they are not three one-to-one turns about orthogonal axes."""
    turns = [axis for axis in joint.axes if axis.turns]
    lines = [_line(axis) for axis in turns]
    names = [axis.coordinate for axis in turns if axis.coordinate is not None]
    if len(set(names)) != 3 or len(lines) != 3:
        return None
    axes = np.array([axis.direction for axis in turns])
    straight = [line for line in lines if line is not None]
    if len(straight) != 3 or not np.allclose(axes @ axes.T, np.eye(3), atol=1e-9):
        return None
    offset, sign = np.array(straight).T
    return Turns((names[0], names[1], names[2]), axes, sign, offset)


def canonical(model: Model, poses: Float[np.ndarray, "frames coordinates"]) -> Float[np.ndarray, "frames coordinates"]:
    """The same postures with canonical angles; angles that may not leave their range stay in it.

    Args:
        model: whose joints with three orthogonal turns are renamed, and whose single turns lose whole turns; locked and
            coupled coordinates, and those with several uses in one joint, stay.
        poses: radians, a motion in order.
    """
    renamed = poses.copy()
    if not len(poses):
        return renamed
    bound = {name for coupler in model.couplers for name in (coupler.dependent, coupler.independent)}
    bound |= {coordinate.name for coordinate in model.coordinates if coordinate.locked}
    for joint in model.joints:
        users = [axis.coordinate for axis in joint.axes]
        free = [c for c in joint.coordinates if c.name not in bound and users.count(c.name) == 1]
        turns = three_turns(joint)
        if turns is not None and set(turns.names) <= {c.name for c in free}:
            columns = [model.coordinate_index[name] for name in turns.names]
            path = _nearest_path(turns.sign * poses[:, columns] + turns.offset_rad)
            _take(model, renamed, columns, (path - turns.offset_rad) * turns.sign)
            continue
        for coordinate in free:
            if coordinate.motion == "rotational":
                column = model.coordinate_index[coordinate.name]
                _take(model, renamed, [column], _from_zero(poses[:, [column]]))
    return renamed


def _take(
    model: Model,
    poses: Float[np.ndarray, "frames coordinates"],
    columns: list[int],
    chosen: Float[np.ndarray, "frames some"],
) -> None:
    """Overwrite columns, if that keeps all of them in their ranges."""
    clamped = [model.coordinates[c] for c in columns]
    lower = np.array([c.lower if c.clamped else -np.inf for c in clamped])
    upper = np.array([c.upper if c.clamped else np.inf for c in clamped])
    if ((chosen >= lower - SLACK_RAD) & (chosen <= upper + SLACK_RAD)).all():
        poses[:, columns] = np.clip(chosen, lower, upper)


def _nearest_path(angle: Float[np.ndarray, "frames 3"]) -> Float[np.ndarray, "frames 3"]:
    """Of each frame's two triples, the one nearest to the frame before; whole turns do not count.

    Distances between both triples of neighbouring frames come in pairs, so that a switch is a running parity.
    """
    other = np.stack([angle[:, 0] + np.pi, np.pi - angle[:, 1], angle[:, 2] + np.pi], axis=1)
    stay, switch = _apart(angle[1:], angle[:-1]), _apart(other[1:], angle[:-1])
    first = _apart(other[0], np.zeros(3)) < _apart(angle[0], np.zeros(3))
    odd = np.cumsum(np.append(first, switch < stay)) % 2 == 1
    return _from_zero(np.where(odd[:, None], other, angle))


def _from_zero(angle: Float[np.ndarray, "frames some"]) -> Float[np.ndarray, "frames some"]:
    """Without jumps by whole turns, and starting within half a turn of zero."""
    return np.unwrap(angle, axis=0) - 2 * np.pi * np.round(angle[0] / (2 * np.pi))


def _apart(first: Float[np.ndarray, "*batch 3"], second: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch"]:
    way = first - second
    return np.asarray(np.abs(way - 2 * np.pi * np.round(way / (2 * np.pi))).sum(axis=-1))


def _line(axis: Axis) -> tuple[float, float] | None:
    if isinstance(axis.function, Polynomial) and len(axis.function.coefficients) == 2:
        offset, slope = axis.function.coefficients
        return (offset, slope) if abs(slope) == 1 else None
    return None
