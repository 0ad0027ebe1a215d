"""People to show the detector: everyday poses, loosened at random, on random shapes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.bodies.body import Body, pose_joints, pose_vertices, rest_joints, rest_vertices
from models.kinematics import world_from_joints
from models.skeletons import SMPL_INDEX, SMPL_JOINTS, SMPL_MIRROR, SMPL_PARENTS
from training.appearance import dress

Degrees = tuple[float, float, float]

ARMS_DOWN: Final[Mapping[str, Degrees]] = {"left_shoulder": (0, 0, -74), "right_shoulder": (0, 0, 74)}
POSES_DEG: Final[Mapping[str, Mapping[str, Degrees]]] = {
    "stand": ARMS_DOWN,
    "arms out": {},
    "step": {
        "left_hip": (-30, 0, 0), "left_knee": (10, 0, 0), "right_hip": (18, 0, 0), "right_knee": (20, 0, 0),
        "right_foot": (-20, 0, 0), "left_shoulder": (25, 0, -72), "right_shoulder": (-25, 0, 72),
        "left_elbow": (0, -20, 0), "right_elbow": (0, 25, 0),
    },
    "swing": {
        **ARMS_DOWN, "left_hip": (-35, 0, 0), "left_knee": (60, 0, 0), "right_hip": (5, 0, 0),
        "left_elbow": (0, -40, 0), "right_elbow": (0, 30, 0),
    },
    "squat": {
        "left_hip": (-85, 8, 8), "right_hip": (-85, -8, -8), "left_knee": (95, 0, 0), "right_knee": (95, 0, 0),
        "left_ankle": (-18, 0, 0), "right_ankle": (-18, 0, 0), "spine1": (15, 0, 0), "spine2": (10, 0, 0),
        "left_shoulder": (0, -70, -10), "right_shoulder": (0, 70, 10),
    },
    "sit": {
        "left_hip": (-80, 5, 5), "right_hip": (-80, -5, -5), "left_knee": (82, 0, 0), "right_knee": (82, 0, 0),
        "left_shoulder": (0, -35, -60), "right_shoulder": (0, 35, 60), "left_elbow": (0, -60, 0),
        "right_elbow": (0, 60, 0),
    },
    "lunge": {
        **ARMS_DOWN, "left_hip": (-60, 0, 0), "left_knee": (65, 0, 0), "right_hip": (22, 0, 0),
        "right_knee": (20, 0, 0), "right_foot": (-30, 0, 0),
    },
    "reach ahead": {"left_shoulder": (0, -80, -5), "right_shoulder": (0, 80, 5)},
    "reach up": {
        "left_collar": (0, 0, 12), "right_collar": (0, 0, -12), "left_shoulder": (0, 0, 55),
        "right_shoulder": (0, 0, -55),
    },
    "wave": {"left_shoulder": (0, -10, 5), "left_elbow": (0, -100, 0), "right_shoulder": (0, 0, 72)},
    "elbows bent": {
        **ARMS_DOWN, "left_elbow": (0, -90, 0), "right_elbow": (0, 90, 0),
    },
    "hands on hips": {
        "left_shoulder": (0, 15, -48), "right_shoulder": (0, -15, 48), "left_elbow": (0, -95, -35),
        "right_elbow": (0, 95, 35),
    },
    "bend": {
        "left_hip": (-35, 0, 0), "right_hip": (-35, 0, 0), "spine1": (12, 0, 0), "spine2": (12, 0, 0),
        "spine3": (8, 0, 0), "left_shoulder": (0, -40, -60), "right_shoulder": (0, 40, 60),
    },
}  # fmt: skip
"""Rotations about the rest's axes: x to the subject's left, y up, z ahead."""
LOOSENESS_DEG: Final = 9.0
STIFF_JOINTS: Final = ("spine1", "spine2", "spine3", "left_foot", "right_foot", "left_hand", "right_hand")
STIFFNESS: Final = 0.3


@dataclass(frozen=True, eq=False)
class Model:
    """Somebody in a pose, standing on the floor; metres, Y up.

    Attributes:
        pose: its name in POSES_DEG.
        rest_m: skin of the same shape at rest.
        rest_joints_m, joints_m: joints at rest and in the pose.
        world_from_joint: orientations in the pose.
    """

    pose: str
    rest_m: Float[np.ndarray, "vertices 3"]
    rest_joints_m: Float[np.ndarray, "24 3"]
    skin_m: Float[np.ndarray, "vertices 3"]
    joints_m: Float[np.ndarray, "24 3"]
    world_from_joint: Float[np.ndarray, "24 3 3"]
    colours: Float[np.ndarray, "vertices 3"]


def draw_model(body: Body, index: int) -> Model:
    """Somebody at random on a float64 body.

    The index chooses the pose in turn and seeds shape, clothes and looseness; every second one is mirrored.
    """
    rng = np.random.default_rng(index)
    names = list(POSES_DEG)
    name = names[index % len(names)]
    turns = _loosened(POSES_DEG[name], rng)
    if rng.random() < 0.5:
        turns = turns[list(SMPL_MIRROR)] * (1, -1, -1)
    turns[0] = (0, rng.uniform(0, 360), 0)
    local = torch.from_numpy(Rotation.from_rotvec(np.radians(turns)).as_matrix())
    betas = torch.from_numpy(np.clip(rng.normal(0, 1, body.beta_count), -2, 2))
    nowhere = torch.zeros(3, dtype=torch.float64)
    skin_m = pose_vertices(body, betas, local, nowhere).numpy()
    joints_m = pose_joints(body, betas, local, nowhere).numpy()
    rest_m = rest_vertices(body, betas).numpy()
    floor_m = np.array([0, skin_m[:, 1].min(), 0])
    return Model(
        pose=name,
        rest_m=rest_m,
        rest_joints_m=rest_joints(body, betas).numpy(),
        skin_m=skin_m - floor_m,
        joints_m=joints_m - floor_m,
        world_from_joint=world_from_joints(SMPL_PARENTS, local).numpy(),
        colours=dress(body, rest_m, index),
    )


def _loosened(pose_deg: Mapping[str, Degrees], rng: np.random.Generator) -> Float[np.ndarray, "24 3"]:
    """The pose with every joint turned a little more."""
    turns = rng.normal(0, LOOSENESS_DEG, (len(SMPL_JOINTS), 3))
    turns[[SMPL_INDEX[name] for name in STIFF_JOINTS]] *= STIFFNESS
    for name, turn_deg in pose_deg.items():
        turns[SMPL_INDEX[name]] += turn_deg
    return turns
