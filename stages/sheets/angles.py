"""Sheets of numbers about a pose: rotations, OpenSim coordinates, quality."""

import dataclasses
import math
from typing import Final

import numpy as np

from models.skeletons import SMPL_JOINTS
from stages.contracts import Biomechanics, Quality, RawMotion
from stages.sheets import Backdrop
from stages.sheets.figures import MIDDLE, Figure, heat, page

_COLUMNS: Final = 6


def draw_rotations(raw: RawMotion, backdrop: Backdrop | None) -> Figure:
    """How far each joint is turned, how fast it turns, the root and the shape."""
    figure, panels = page(f"solve: {len(raw.timestamps_s)} frames, body {raw.body_model}", 2, 2, height_in=4.0)
    heat(panels[0], _angle_deg(raw.parent_from_joint), SMPL_JOINTS)
    panels[0].set_title("rotation against the parent (degrees)")
    step = np.swapaxes(raw.parent_from_joint[:-1], -1, -2) @ raw.parent_from_joint[1:]
    heat(panels[1], _angle_deg(step) * raw.rate_hz, SMPL_JOINTS)
    panels[1].set_title("angular speed (degrees/s)")
    panels[2].plot(raw.timestamps_s, raw.trans_m, label=list("xyz"))
    panels[2].set(title="translation (m)", xlabel="s")
    panels[2].legend(fontsize=7)
    panels[3].bar(range(len(raw.betas)), raw.betas)
    panels[3].set(title="betas")
    return figure


def draw_coordinates(biomechanics: Biomechanics, backdrop: Backdrop | None) -> Figure:
    """Every coordinate over time, the distances of the markers and the scale factors."""
    count = len(biomechanics.coordinate_names)
    rows = math.ceil((count + 2) / _COLUMNS)
    figure, panels = page(f"biomech: {count} coordinates (degrees, metres)", rows, _COLUMNS, height_in=1.6)
    scale = np.where(biomechanics.is_rotation, np.degrees(1.0), 1.0)
    curves = zip(biomechanics.coordinate_names, (biomechanics.coordinates * scale).T, strict=True)
    for axes, (name, values) in zip(panels, curves, strict=False):
        axes.plot(biomechanics.timestamps_s, values, linewidth=1)
        axes.set_title(str(name), fontsize=7)
        axes.tick_params(labelsize=6)
    distance_mm = np.linalg.norm(biomechanics.markers_m - biomechanics.model_markers_m, axis=-1) * 1e3
    panels[count].plot(biomechanics.timestamps_s, distance_mm, linewidth=0.3, color=MIDDLE)
    panels[count].set_title("markers to model (mm)", fontsize=7)
    panels[count + 1].plot(biomechanics.scale_factors, ".")
    panels[count + 1].set_title("scale factors by body", fontsize=7)
    for axes in panels[count + 2 :]:
        axes.set_axis_off()
    return figure


def draw_quality(quality: Quality, backdrop: Backdrop | None) -> Figure:
    """The numbers as they are."""
    figure, (axes,) = page("report", 1, 1)
    axes.set_axis_off()
    lines = [
        f"{name:24s}{value:>10s}" if isinstance(value, str) else f"{name:24s}{value:10.4f}"
        for name, value in dataclasses.asdict(quality).items()
    ]
    axes.text(0, 1, "\n".join(lines), family="monospace", va="top")
    return figure


def _angle_deg(rotation: np.ndarray) -> np.ndarray:
    cosine = (np.trace(rotation, axis1=-2, axis2=-1) - 1) / 2
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))
