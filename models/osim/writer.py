"""A Model becomes an .osim file that OpenSim 4.5 and later open without a warning.

Bodies, joints, coordinates, couplers and markers are written, every number to the last bit. Muscles, forces and meshes
are not part of a Model, so a model that was read with them is written without; bones are drawn as ellipsoids.
"""

from typing import Final
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from models.osim.elements import document, put
from models.osim.functions import Function, Polynomial
from models.osim.geometry import Ellipsoid, bones
from models.osim.model import GROUND, Axis, Body, Coordinate, Coupler, Frame, Joint, Marker, Model

AXES: Final = ("rotation1", "rotation2", "rotation3", "translation1", "translation2", "translation3")


def write_model(model: Model) -> str:
    """The text of a model file."""
    top = Element("Model", name=model.name)
    SubElement(top, "Ground", name=GROUND)
    drawn = bones(model)
    _set(top, "BodySet", [_body(body, drawn[body.name]) for body in model.bodies])
    _set(top, "JointSet", [_joint(joint) for joint in model.joints])
    _set(top, "ConstraintSet", [_coupler(coupler) for coupler in model.couplers])
    _set(top, "MarkerSet", [_marker(marker) for marker in model.markers])
    return document(top)


def _set(parent: Element, tag: str, elements: list[Element]) -> None:
    objects = SubElement(SubElement(parent, tag, name=tag.lower()), "objects")
    objects.extend(elements)


def _path(body: str) -> str:
    return "/ground" if body == GROUND else f"/bodyset/{body}"


def _body(body: Body, drawn: tuple[Ellipsoid, ...]) -> Element:
    element = Element("Body", name=body.name)
    frames = SubElement(element, "components")
    for index, bone in enumerate(drawn):
        frame = SubElement(frames, "PhysicalOffsetFrame", name=f"{body.name}_bone_{index}")
        shape = SubElement(SubElement(frame, "attached_geometry"), "Ellipsoid", name="bone")
        put(shape, "socket_frame", "..")
        put(shape, "radii", *bone.radii_m)
        put(frame, "socket_parent", "..")
        put(frame, "translation", *bone.frame.translation_m)
        put(frame, "orientation", *bone.frame.orientation_rad)
    put(element, "mass", body.mass_kg)
    put(element, "mass_center", *body.mass_centre_m)
    put(element, "inertia", *body.inertia_kgm2)
    return element


def _joint(joint: Joint) -> Element:
    element = Element(joint.kind, name=joint.name)
    ends = (("parent", joint.parent), ("child", joint.child))
    for side, frame in ends:
        put(element, f"socket_{side}_frame", _frame_name(side, frame))
    if joint.coordinates:
        SubElement(element, "coordinates").extend([_coordinate(coordinate) for coordinate in joint.coordinates])
    frames = SubElement(element, "frames")
    for side, frame in ends:
        offset = SubElement(frames, "PhysicalOffsetFrame", name=_frame_name(side, frame))
        put(offset, "socket_parent", _path(frame.body))
        put(offset, "translation", *frame.translation_m)
        put(offset, "orientation", *frame.orientation_rad)
    if joint.kind == "CustomJoint":
        transform = SubElement(element, "SpatialTransform")
        # a Model lists shifts before turns, a file turns before shifts
        for name, axis in zip(AXES, sorted(joint.axes, key=lambda axis: not axis.turns), strict=True):
            transform.append(_axis(name, axis))
    return element


def _frame_name(side: str, frame: Frame) -> str:
    return f"{frame.body}_{side}"


def _coordinate(coordinate: Coordinate) -> Element:
    element = Element("Coordinate", name=coordinate.name)
    put(element, "default_value", coordinate.default)
    put(element, "range", coordinate.lower, coordinate.upper)
    put(element, "clamped", coordinate.clamped)
    put(element, "locked", coordinate.locked)
    return element


def _axis(name: str, axis: Axis) -> Element:
    element = Element("TransformAxis", name=name)
    put(element, "coordinates", axis.coordinate or "")
    put(element, "axis", *axis.direction)
    element.append(_function(axis.function, "function"))
    return element


def _function(function: Function, name: str) -> Element:
    if isinstance(function, Polynomial):
        falling = function.coefficients[::-1]
        tag = {1: "Constant", 2: "LinearFunction"}.get(len(falling), "PolynomialFunction")
        element = Element(tag, name=name)
        put(element, "value" if tag == "Constant" else "coefficients", *falling)
        return element
    # a straight piece has no second and third derivative; a spline is told by its knots, for scaling keeps it one
    bent = bool(np.any(function.terms[:, 2:]))
    element = Element("SimmSpline" if bent else "PiecewiseLinearFunction", name=name)
    put(element, "x", *function.knots.tolist())
    put(element, "y", *function.terms[:, 0].tolist())
    return element


def _coupler(coupler: Coupler) -> Element:
    element = Element("CoordinateCouplerConstraint", name=f"{coupler.dependent}_coupler")
    SubElement(element, "coupled_coordinates_function").append(_function(coupler.function, "function"))
    put(element, "independent_coordinate_names", coupler.independent)
    put(element, "dependent_coordinate_name", coupler.dependent)
    return element


def _marker(marker: Marker) -> Element:
    element = Element("Marker", name=marker.name)
    put(element, "socket_parent_frame", _path(marker.body))
    put(element, "location", *marker.location_m)
    put(element, "fixed", marker.fixed)
    return element
