"""Any .osim file of stock joints becomes a Model, whatever program wrote it: document versions 3 and 4.

Muscles, forces, geometry and controllers are passed over: they move no body. A model that other constraints than
couplers hold together is refused, for its poses would be wrong without them.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

from models.errors import InputError
from models.osim.document import flag, label, number, numbers, parse_xml, read_file, text
from models.osim.functions import inner_function, scaled
from models.osim.joints import read_axes, read_coordinate
from models.osim.model import GROUND, Body, Coupler, Frame, Joint, Marker, Model, Vector, build

FIRST, LAST, FOUR, NEXT = 30000, 30500, 40000, 50000
"""From FIRST to before LAST, bodies hold the joints; from FOUR to before NEXT, joints are a set of their own."""
COUPLER: Final = "CoordinateCouplerConstraint"
STILL: Final[Vector] = (0.0, 0.0, 0.0)


def load_model(path: Path) -> Model:
    """Read a file; see `read_model`."""
    return read_file(path, read_model, binary=True)


def read_model(content: str | bytes) -> Model:
    """Read a document.

    Raises:
        InputError: no XML, no model, a version, joint, function or constraint that is not known, or parts that do not
            fit together; see `models.osim.model.build`.
    """
    return model_of(parse_xml(content))


def model_of(root: Element) -> Model:
    """The same of a document that is parsed already."""
    version, model = _version(root), root.find("Model")
    if model is None:
        raise InputError("the document holds no <Model>", "hand in an .osim file")
    for part in ("BodySet", "JointSet", "MarkerSet", "ConstraintSet"):
        element = model.find(part)
        if element is not None and element.get("file"):
            raise InputError(f"{label(element)} lies in another file", "save the model from OpenSim as one file")
    old = version < FOUR
    parts = _Old(model) if old else _New(model)
    bodies = [_body(element, old) for element in model.findall("BodySet/objects/Body") if element.get("name") != GROUND]
    markers = [_marker(element, parts) for element in model.findall("MarkerSet/objects/Marker")]
    name = model.get("name", "model")
    return build(name, bodies, [_joint(*found) for found in parts.joints()], markers, _couplers(model, old))


@dataclass(frozen=True)
class _Old:
    """Version 3: a body holds the joint to its parent, offsets stand in the joint."""

    model: Element

    def joints(self) -> list[tuple[Element, Frame, Frame, str]]:
        found: list[tuple[Element, Frame, Frame, str]] = []
        for body in self.model.findall("BodySet/objects/Body"):
            if body.get("name") == GROUND:
                continue
            joint = next(iter(body.findall("Joint/*")), None)
            if joint is None:
                raise InputError(f"no joint holds the body {body.get('name')!r}", "give it a joint")
            parent = _frame(joint, text(joint, "parent_body"), "location_in_parent", "orientation_in_parent")
            child = _frame(joint, body.get("name", ""), "location", "orientation")
            ends = (child, parent) if flag(joint, "reverse", False) else (parent, child)
            found.append((joint, *ends, "CoordinateSet/objects/Coordinate"))
        return found

    def marker_frame(self, marker: Element) -> Frame:
        return Frame(text(marker, "body"))


@dataclass(frozen=True)
class _New:
    """Version 4: a set of joints, whose ends are bodies or offset frames that are named by path."""

    model: Element

    def joints(self) -> list[tuple[Element, Frame, Frame, str]]:
        return [
            (joint, self._end(joint, "parent"), self._end(joint, "child"), "coordinates/Coordinate")
            for joint in self.model.findall("JointSet/objects/*")
        ]

    def marker_frame(self, marker: Element) -> Frame:
        return self._resolve(text(marker, "socket_parent_frame"), None)

    def _end(self, joint: Element, side: str) -> Frame:
        return self._resolve(text(joint, f"socket_{side}_frame"), joint)

    def _resolve(self, path: str, joint: Element | None) -> Frame:
        """The body or offset frame that the last part of a path names; a joint's own frames come first."""
        name = path.rsplit("/", 1)[-1]
        own = joint.findall("frames/PhysicalOffsetFrame") if joint is not None else []
        frame = next((frame for frame in own if frame.get("name") == name), None)
        if frame is not None:
            return _frame(frame, text(frame, "socket_parent").rsplit("/", 1)[-1], "translation", "orientation")
        return self.shared.get(name, Frame(name))

    @cached_property
    def shared(self) -> dict[str, Frame]:
        """Offset frames outside joints, by name."""
        found: dict[str, Frame] = {}
        owners = [(frame, None) for frame in self.model.findall("ComponentSet/objects/PhysicalOffsetFrame")]
        for body in self.model.findall("BodySet/objects/Body"):
            owners += [(frame, body.get("name", "")) for frame in body.findall("components/PhysicalOffsetFrame")]
        for frame, owner in owners:
            body = text(frame, "socket_parent").rsplit("/", 1)[-1]
            # ".." is the owner of a frame that stands among a body's components
            body = owner if body == ".." and owner is not None else body
            found[frame.get("name", "")] = _frame(frame, body, "translation", "orientation")
        return found


def _version(root: Element) -> int:
    words = root.get("Version", "")
    version = int(words) if words.isdecimal() and root.tag == "OpenSimDocument" else 0
    if not (FIRST <= version < LAST or FOUR <= version < NEXT):
        problem = f"<{root.tag}> has the version {words!r}, not 3xx00 or 4xx00"
        raise InputError(problem, "save it again from OpenSim 3 or 4")
    return version


def _vector(element: Element, tag: str) -> Vector:
    x, y, z = numbers(element, tag, STILL, 3)
    return x, y, z


def _frame(element: Element, body: str, translation: str, orientation: str) -> Frame:
    return Frame(body, _vector(element, translation), _vector(element, orientation))


def _body(element: Element, old: bool) -> Body:
    mass, centre = number(element, "mass", 0.0), _vector(element, "mass_center")
    if old:
        names = ("xx", "yy", "zz", "xy", "xz", "yz")
        xx, yy, zz, xy, xz, yz = (number(element, f"inertia_{name}", 0.0) for name in names)
    else:
        xx, yy, zz, xy, xz, yz = numbers(element, "inertia", (0.0,) * 6, 6)
    return Body(element.get("name", ""), mass, centre, (xx, yy, zz, xy, xz, yz))


def _joint(element: Element, parent: Frame, child: Frame, where: str) -> Joint:
    found = element.findall(where)
    axes = read_axes(element, [coordinate.get("name", "") for coordinate in found])
    coordinates = [read_coordinate(coordinate, axes) for coordinate in found]
    if element.tag == "CustomJoint":
        # OpenSim orders the coordinates of a custom joint as its turns, then its shifts, use them
        users = [axis.coordinate for axis in sorted(axes, key=lambda axis: not axis.turns)]
        coordinates.sort(key=lambda c: users.index(c.name) if c.name in users else len(users))
    return Joint(element.get("name", ""), element.tag, parent, child, tuple(coordinates), axes)


def _marker(element: Element, parts: _Old | _New) -> Marker:
    frame = parts.marker_frame(element)
    if frame.translation_m != STILL or frame.orientation_rad != STILL:
        raise InputError(f"{label(element)} lies on the offset frame of {frame.body!r}", "put it on the body itself")
    return Marker(element.get("name", ""), frame.body, _vector(element, "location"), flag(element, "fixed", False))


def _couplers(model: Element, old: bool) -> list[Coupler]:
    couplers: list[Coupler] = []
    for element in model.findall("ConstraintSet/objects/*"):
        if flag(element, "isDisabled", False) if old else not flag(element, "isEnforced", True):
            continue
        if element.tag != COUPLER:
            raise InputError(f"{label(element)} is no constraint known here", f"disable it, or use a {COUPLER}")
        drivers = text(element, "independent_coordinate_names").split()
        if len(drivers) != 1:
            raise InputError(f"{label(element)} has {len(drivers)} independent coordinates", "couple one to one")
        function = scaled(inner_function(element, "coupled_coordinates_function"), number(element, "scale_factor", 1.0))
        couplers.append(Coupler(text(element, "dependent_coordinate_name"), drivers[0], function))
    return couplers
