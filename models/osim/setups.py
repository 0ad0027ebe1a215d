"""Setups with which OpenSim's own tools repeat our work: the ScaleTool by given factors, inverse kinematics by weights.

Paths in them are names alone: OpenSim looks for files where the setup lies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from models.osim.elements import document, put
from models.osim.model import Vector

ACCURACY: Final = 1e-7
"""Picked by hand (no command repeats it): OpenSim's default of 1e-5 stopped 0.3 degrees before the bottom on average,
and degrees in a toe; 1e-9 took thrice as long as this and turned nothing by more than a hundredth of a degree."""
SLACK_S: Final = 1e-6
"""How far a time range reaches past its ends: files round times."""


@dataclass(frozen=True)
class Scaling:
    """What the ScaleTool is told.

    Attributes:
        generic_file: the model to scale.
        scaled_file: what it writes.
        factors: by body.
        mass_kg: of the scaled model.
        height_m: for people; the tool does not use it.
    """

    generic_file: str
    scaled_file: str
    factors: Mapping[str, Vector]
    mass_kg: float
    height_m: float


@dataclass(frozen=True)
class Following:
    """What the inverse kinematics tool is told.

    Attributes:
        model_file: scaled.
        marker_file: markers to follow.
        motion_file: what it writes.
        weights: by marker.
        time_range_s: first and last frame.
    """

    model_file: str
    marker_file: str
    motion_file: str
    weights: Mapping[str, float]
    time_range_s: tuple[float, float]


def write_scale_setup(name: str, scaling: Scaling) -> str:
    """The text of a setup of the ScaleTool; markers move with their bodies and are not placed anew."""
    tool = Element("ScaleTool", name=name)
    put(tool, "mass", scaling.mass_kg)
    put(tool, "height", 1000 * scaling.height_m)
    maker = SubElement(tool, "GenericModelMaker")
    put(maker, "model_file", scaling.generic_file)
    scaler = SubElement(tool, "ModelScaler")
    put(scaler, "apply", "true")
    put(scaler, "scaling_order", "manualScale")
    scales = SubElement(SubElement(scaler, "ScaleSet"), "objects")
    for body, factors in scaling.factors.items():
        scale = SubElement(scales, "Scale")
        put(scale, "scales", *factors)
        put(scale, "segment", body)
        put(scale, "apply", "true")
    put(scaler, "preserve_mass_distribution", "false")
    put(scaler, "output_model_file", scaling.scaled_file)
    put(SubElement(tool, "MarkerPlacer"), "apply", "false")
    return document(tool)


def write_ik_setup(name: str, following: Following) -> str:
    """The text of a setup of the inverse kinematics tool."""
    tool = Element("InverseKinematicsTool", name=name)
    put(tool, "model_file", following.model_file)
    put(tool, "marker_file", following.marker_file)
    put(tool, "time_range", following.time_range_s[0] - SLACK_S, following.time_range_s[1] + SLACK_S)
    put(tool, "accuracy", ACCURACY)
    put(tool, "report_errors", "false")
    put(tool, "output_motion_file", following.motion_file)
    tasks = SubElement(SubElement(tool, "IKTaskSet"), "objects")
    for marker, weight in following.weights.items():
        task = SubElement(tasks, "IKMarkerTask", name=marker)
        put(task, "apply", "true" if weight > 0 else "false")
        put(task, "weight", float(weight))
    return document(tool)
