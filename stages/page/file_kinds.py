"""What each result is good for, in a few words."""

import re
from typing import Final

SIDECAR: Final = re.compile(r"_p\d+\.json$")

KINDS: Final = (
    ("motion.npz", "The motion itself, for scripts (numpy)"),
    (".bvh", "Skeleton animation: Blender, MotionBuilder"),
    (".glb", "Animated body: Blender, Unity, Unreal, browsers"),
    ("_smpl.npz", "SMPL-format parameters, as in AMASS"),
    ("_mesh.npz", "The skin in every frame (numpy)"),
    ("_obj.zip", "The skin, one OBJ for every frame"),
    ("_ply.zip", "The skin, one PLY for every frame"),
    ("_joints.trc", "Joint centres for OpenSim"),
    (".trc", "Markers for OpenSim"),
    (".mot", "Joint coordinates for OpenSim"),
    ("_generic.osim", "OpenSim model before it was scaled"),
    (".osim", "OpenSim model of this person"),
    ("_scales.csv", "Scale factors of that model"),
    ("_joints.csv", "Joint centres as a table"),
    ("_gait.csv", "Steps and strides as a table"),
    ("_gait_curves.csv", "Joint coordinates over the gait cycle"),
    ("_biomech.json", "How the OpenSim results were made"),
    ("_angles.csv", "Joint angles as a table"),
    (".c3d", "Landmarks and joint centres for gait laboratories"),
    ("setup.xml", "Setup for an OpenSim tool"),
    ("overlay.mp4", "The video with the body over it"),
)
"""Endings of names, the more special first."""


def describe(path: str) -> str:
    """What the file is good for; empty for those that only the program itself reads."""
    if SIDECAR.search(path):
        return "Confidence and foot contacts of every frame"
    return next((words for ending, words in KINDS if path.endswith(ending)), "")
