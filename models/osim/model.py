"""What a model is: bodies in a tree of joints, coordinates that move them, markers on them, coupled coordinates."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from jaxtyping import Float

from models.errors import InputError
from models.osim.document import unique
from models.osim.functions import Function

GROUND: Final = "ground"
Vector = tuple[float, float, float]
Motion = Literal["rotational", "translational", "coupled"]


@dataclass(frozen=True)
class Body:
    """A rigid body.

    Attributes:
        name: unique among bodies.
        mass_kg: its mass.
        mass_centre_m: in the body's frame.
        inertia_kgm2: xx, yy, zz, xy, xz, yz about the centre of mass.
    """

    name: str
    mass_kg: float = 0.0
    mass_centre_m: Vector = (0.0, 0.0, 0.0)
    inertia_kgm2: tuple[float, float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Frame:
    """A frame fixed in a body; the orientation is body-fixed X-Y-Z."""

    body: str
    translation_m: Vector = (0.0, 0.0, 0.0)
    orientation_rad: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Coordinate:
    """One number of a pose, in radians or metres.

    Attributes:
        name: unique in the model.
        motion: rotational if it turns a joint one to one, translational if it shifts one so, else coupled.
        default: its value before anything is known, and for ever where it is locked.
        lower: end of its range.
        upper: other end of its range.
        clamped: the range binds inverse kinematics.
        locked: it stays at its default.
    """

    name: str
    motion: Motion
    default: float = 0.0
    lower: float = -10.0
    upper: float = 10.0
    clamped: bool = False
    locked: bool = False


@dataclass(frozen=True)
class Axis:
    """One elementary motion of a joint: a turn about or a shift along a unit axis by a function of a coordinate."""

    turns: bool
    direction: Vector
    coordinate: str | None
    function: Function


@dataclass(frozen=True)
class Joint:
    """How a child frame moves in a parent frame: shifted along fixed axes first, then turned about carried axes.

    Attributes:
        name: its name.
        kind: OpenSim's class, such as "CustomJoint".
        parent: where it starts.
        child: where it ends.
        coordinates: in OpenSim's order.
        axes: shifts, then turns.
    """

    name: str
    kind: str
    parent: Frame
    child: Frame
    coordinates: tuple[Coordinate, ...]
    axes: tuple[Axis, ...]


@dataclass(frozen=True)
class Marker:
    """A point on a body; a fixed one is never moved to where it was measured."""

    name: str
    body: str
    location_m: Vector
    fixed: bool = False


@dataclass(frozen=True)
class Coupler:
    """dependent = function(independent), always."""

    dependent: str
    independent: str
    function: Function


@dataclass(frozen=True)
class Branch:
    """A joint in the tree: the body that it moves, the body that carries it, and whether it runs child to parent."""

    joint: Joint
    carrier: str
    moved: str
    backward: bool


@dataclass(frozen=True)
class Model:
    """A model whose joints form one tree from the ground; make it with `build`.

    Attributes:
        name: its name.
        bodies: without the ground.
        joints: in the file's order, which is that of the coordinates.
        tree: the same joints, carriers first.
        markers: in the file's order.
        couplers: those that are enforced, independent coordinates resolved first.
    """

    name: str
    bodies: tuple[Body, ...]
    joints: tuple[Joint, ...]
    tree: tuple[Branch, ...]
    markers: tuple[Marker, ...]
    couplers: tuple[Coupler, ...]

    @cached_property
    def coordinates(self) -> tuple[Coordinate, ...]:
        """All coordinates, in the order of poses and of OpenSim's motion files."""
        return tuple(coordinate for joint in self.joints for coordinate in joint.coordinates)

    @cached_property
    def coordinate_index(self) -> dict[str, int]:
        """Where each coordinate stands in a pose."""
        return {coordinate.name: index for index, coordinate in enumerate(self.coordinates)}

    @cached_property
    def body_index(self) -> dict[str, int]:
        """Where each body stands among placed bodies: the ground first, then the file's order."""
        return {name: index for index, name in enumerate((GROUND, *(body.name for body in self.bodies)))}

    @property
    def default_pose(self) -> Float[np.ndarray, " coordinates"]:
        """The default value of every coordinate; couplers not applied."""
        return np.array([coordinate.default for coordinate in self.coordinates])


def build(
    name: str,
    bodies: Sequence[Body],
    joints: Sequence[Joint],
    markers: Sequence[Marker] = (),
    couplers: Sequence[Coupler] = (),
) -> Model:
    """Check the parts against each other and put joints and couplers in order.

    Raises:
        InputError: a name that comes twice or that nothing bears, no coordinates, bodies that no joint holds or two
            joints hold, couplers in a circle.
    """
    unique([body.name for body in bodies], "body", "bodies")
    unique([coordinate.name for joint in joints for coordinate in joint.coordinates], "coordinate", "coordinates")
    unique([marker.name for marker in markers], "marker", "markers")
    known = {GROUND} | {body.name for body in bodies}
    for what, thing, body in [
        *(("joint", joint.name, frame.body) for joint in joints for frame in (joint.parent, joint.child)),
        *(("marker", marker.name, marker.body) for marker in markers),
    ]:
        if body not in known:
            raise InputError(f"{what} {thing!r} lies on {body!r}, which is no body", f"choose from {sorted(known)}")
    if not any(joint.coordinates for joint in joints):
        raise InputError("the model has no coordinates", "hand in a model with joints that move")
    order = _order_couplers(couplers, {c.name for joint in joints for c in joint.coordinates})
    return Model(name, tuple(bodies), tuple(joints), _grow(bodies, joints), tuple(markers), order)


def _grow(bodies: Sequence[Body], joints: Sequence[Joint]) -> tuple[Branch, ...]:
    """Order the joints from the ground outward; a joint whose child is reached first runs backward."""
    tree: list[Branch] = []
    reached, waiting = {GROUND}, list(joints)
    while waiting:
        for joint in waiting:
            ends = joint.parent.body, joint.child.body
            if (ends[0] in reached) != (ends[1] in reached):
                backward = ends[1] in reached
                carrier, moved = ends[::-1] if backward else ends
                tree.append(Branch(joint, carrier, moved, backward))
                reached.add(moved)
                waiting.remove(joint)
                break
            if ends[0] in reached:
                problem = f"joint {joint.name!r} closes a loop at body {ends[1]!r}"
                raise InputError(problem, "cut the loop: every body hangs on one joint")
        else:
            names = ", ".join(repr(joint.name) for joint in waiting)
            raise InputError(f"joints {names} do not hang on the ground", "join their bodies to the ground")
    loose = [body.name for body in bodies if body.name not in reached]
    if loose:
        raise InputError(f"no joint holds the bodies {', '.join(loose)}", "give each of them a joint")
    return tuple(tree)


def _order_couplers(couplers: Sequence[Coupler], coordinates: set[str]) -> tuple[Coupler, ...]:
    for coupler in couplers:
        for name in (coupler.dependent, coupler.independent):
            if name not in coordinates:
                raise InputError(f"a coupler names {name!r}, which is no coordinate", "name coordinates of the model")
    twice = [name for name, count in Counter(coupler.dependent for coupler in couplers).items() if count > 1]
    if twice:
        raise InputError(f"two couplers hold the coordinate {twice[0]!r}", "leave one of them")
    ordered: list[Coupler] = []
    waiting = list(couplers)
    while waiting:
        open_ends = {coupler.dependent for coupler in waiting}
        ready = [coupler for coupler in waiting if coupler.independent not in open_ends]
        if not ready:
            raise InputError(f"the couplers of {', '.join(sorted(open_ends))} form a circle", "leave one of them out")
        ordered += ready
        waiting = [coupler for coupler in waiting if coupler not in ready]
    return tuple(ordered)
