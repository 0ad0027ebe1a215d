"""Chooses the joint angles that the page plots, and says in words what each is."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Float

from models.joint_angles import included_angles_deg
from stages.contracts import Biomechanics, Motion
from stages.page.bands import Bands, pack_bands
from stages.page.packing import pack_array

BENDS: Final = {"hip": "Hip bend", "knee": "Knee bend", "elbow": "Elbow bend"}

COORDINATES: Final = {
    "pelvis_tilt": "Pelvis tilt", "pelvis_list": "Pelvis list", "pelvis_rotation": "Pelvis rotation",
    "hip_flexion": "Hip flexion", "hip_adduction": "Hip adduction", "hip_rotation": "Hip rotation",
    "knee_angle": "Knee flexion", "ankle_angle": "Ankle dorsiflexion", "subtalar_angle": "Subtalar inversion",
    "mtp_angle": "Toe flexion", "lumbar_extension": "Lumbar extension", "lumbar_bending": "Lumbar bending",
    "lumbar_rotation": "Lumbar rotation", "arm_flex": "Arm flexion", "arm_add": "Arm adduction",
    "arm_rot": "Arm rotation", "elbow_flex": "Elbow flexion", "pro_sup": "Forearm pronation",
    "wrist_flex": "Wrist flexion", "wrist_dev": "Wrist deviation",
}  # fmt: skip
"""What a reader calls the model's coordinates; others are shown by their own names."""

FIRST: Final = ("hip_flexion", "knee_angle", "ankle_angle", "hip_adduction", "pelvis_tilt", "elbow_flex")
"""Shown at once, in this order; the others on request."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One plot.

    Attributes:
        name: of the coordinate or joint, without its side.
        sides: degrees of every frame, by side: left and right, or middle alone.
        is_first: shown at once.
    """

    name: str
    title: str
    sides: dict[str, Float[np.ndarray, " frames"]]
    is_first: bool


def curves_of(motion: Motion, biomechanics: Biomechanics | None) -> list[Curve]:
    """The coordinates of the OpenSim model, or what the joint centres alone can tell."""
    return _bends(motion) if biomechanics is None else _coordinates(biomechanics)


def pack_curves(curves: list[Curve], bands: Bands) -> list[dict[str, Any]]:
    """As JSON for the page's script, each curve with what lies behind it."""
    return [
        {
            "title": curve.title,
            "first": curve.is_first,
            "sides": {side: pack_array(values.astype(np.float32)) for side, values in curve.sides.items()},
            "bands": pack_bands(bands.get(curve.name, {})),
        }
        for curve in curves
    ]


def _bends(motion: Motion) -> list[Curve]:
    angles = included_angles_deg(motion.joints_m)
    return [
        Curve(joint, title, {side: angles[f"{side}_{joint}"] for side in ("left", "right")}, is_first=True)
        for joint, title in BENDS.items()
    ]


def _coordinates(biomechanics: Biomechanics) -> list[Curve]:
    sides: dict[str, dict[str, Float[np.ndarray, " frames"]]] = {}
    for column, full_name in enumerate(biomechanics.coordinate_names.tolist()):
        if biomechanics.is_rotation[column]:
            name, side = _split(full_name)
            sides.setdefault(name, {})[side] = np.degrees(biomechanics.coordinates[:, column])
    first = [name for name in FIRST if name in sides]
    order = [*first, *(name for name in sides if name not in first)]
    return [Curve(name, _title(name), sides[name], name in first) for name in order]


def _split(name: str) -> tuple[str, str]:
    for ending, side in (("_l", "left"), ("_r", "right")):
        if name.endswith(ending):
            return name.removesuffix(ending), side
    return name, "middle"


def _title(name: str) -> str:
    return COORDINATES.get(name, name.replace("_", " ").capitalize())
