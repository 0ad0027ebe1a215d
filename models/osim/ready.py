"""The solver's compiled loops are loaded before they are needed: some 0.3 s, once in a process."""

import numpy as np

from models.osim.forward import place_markers
from models.osim.full_body import full_body
from models.osim.ik import solve
from models.osim.tasks import even_tasks
from models.osim.trc import Trial

FRAMES = 26
"""Enough for two keyframes, between which poses are carried on."""


def load_loops() -> None:
    """Solve a made motion of the own model, so that every loop is there; compiles where nothing is compiled yet."""
    model = full_body("thorax")
    poses = np.tile(model.default_pose, (FRAMES, 1))
    poses[:, model.coordinate_index["knee_angle_r"]] = np.linspace(0, 1, FRAMES)
    names = tuple(marker.name for marker in model.markers)
    markers_m = place_markers(model, poses, model.markers)
    solve(model, Trial(names, 30.0, np.arange(FRAMES) / 30, markers_m), even_tasks(model))
