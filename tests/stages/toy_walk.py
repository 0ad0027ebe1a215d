"""A made walk of the free body: hips and knees swing, the pelvis goes ahead; one second to a stride."""

import numpy as np
from scipy.spatial.transform import Rotation

from models.skeletons import SMPL_INDEX
from stages.contracts import Motion
from tests.stages.toy_motion import make_body_motion

SPEED_M_S, CYCLE_S = 1.2, 1.0
ARMS_DOWN_DEG = {"left_shoulder": -70.0, "right_shoulder": 70.0}


def make_walk(seconds: float = 3.0, heading_deg: float = 0.0, speed_m_s: float = SPEED_M_S) -> Motion:
    """Who walks toward +Z of the world, turned about y by the heading."""
    t = np.arange(0, seconds, 1 / 30)
    angle = np.zeros((len(t), 24, 3))
    for side, phase in (("right", 0.0), ("left", np.pi)):
        swing = 2 * np.pi * t / CYCLE_S + phase
        angle[:, SMPL_INDEX[f"{side}_hip"], 0] = -25 * np.sin(swing) - 5
        angle[:, SMPL_INDEX[f"{side}_knee"], 0] = 30 - 25 * np.cos(swing)
        angle[:, SMPL_INDEX[f"{side}_elbow"], 1] = (1 if side == "right" else -1) * (25 + 10 * np.sin(swing))
    for joint, down in ARMS_DOWN_DEG.items():
        angle[:, SMPL_INDEX[joint], 2] = down
    rotation = Rotation.from_euler("xyz", angle.reshape(-1, 3), degrees=True).as_matrix().reshape(-1, 24, 3, 3)
    turn = Rotation.from_euler("y", heading_deg, degrees=True).as_matrix()
    rotation[:, 0] = turn @ rotation[:, 0]
    root_m = np.column_stack([0 * t, 0.95 + 0 * t, speed_m_s * t]) @ turn.T
    return make_body_motion(rotation, root_m)
