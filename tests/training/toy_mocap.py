"""A made source of motion: a person of sticks whose rest pose, joint frames and bone lengths are not SMPL's."""

import numpy as np
from scipy.spatial.transform import Rotation

from training.mocap_clips import MocapClip

PARTS = {
    "pelvis": (-1, (0, 0, 0)), "l_hip": (0, (0.1, -0.08, 0.02)), "l_knee": (1, (0.06, -0.43, 0)),
    "l_ankle": (2, (0.06, -0.42, 0)), "l_toe": (3, (0.01, -0.06, 0.13)), "r_hip": (0, (-0.1, -0.08, 0.02)),
    "r_knee": (5, (-0.06, -0.43, 0)), "r_ankle": (6, (-0.06, -0.42, 0)), "r_toe": (7, (-0.01, -0.06, 0.13)),
    "chest": (0, (0, 0.3, 0)), "neck": (9, (0, 0.18, 0)), "head": (10, (0, 0.1, 0.01)),
    "l_shoulder": (9, (0.18, 0.14, 0)), "l_elbow": (12, (0.05, -0.28, 0)), "l_wrist": (13, (0.05, -0.24, 0)),
    "r_shoulder": (9, (-0.18, 0.14, 0)), "r_elbow": (15, (-0.05, -0.28, 0)), "r_wrist": (16, (-0.05, -0.24, 0)),
}  # fmt: skip


def stick_clip(frames: int = 60, speed_m_s: float = 1.2, heading_rad: float = 0.7) -> MocapClip:
    """A stiff but alternating walk: hips swing, knees and elbows bend, the chest turns."""
    phase = np.arange(frames) / 30 * 2 * np.pi
    turns = {name: np.zeros((frames, 3)) for name in PARTS}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        turns[f"{side}_hip"][:, 0] = -0.45 * sign * np.cos(phase)
        turns[f"{side}_knee"][:, 0] = 0.5 - 0.35 * sign * np.sin(phase)
        turns[f"{side}_shoulder"][:, 0] = 0.4 * sign * np.cos(phase)
        turns[f"{side}_elbow"][:, 0] = -0.5 - 0.2 * sign * np.cos(phase)
    turns["chest"][:, 1] = 0.15 * np.cos(phase)
    turns["pelvis"][:, 1] = heading_rad
    way = np.arange(frames)[:, None] / 30 * speed_m_s * np.array([np.sin(heading_rad), 0, np.cos(heading_rad)])
    way[:, 1] = 0.93
    rotation = np.stack([Rotation.from_rotvec(turns[name]).as_matrix() for name in PARTS], axis=1)
    return MocapClip(
        family="sticks", name="walk", subject="nobody", action="walk", rate_hz=30, joints=tuple(PARTS),
        parents=tuple(parent for parent, _ in PARTS.values()),
        offset_m=np.array([offset for _, offset in PARTS.values()], dtype=float),
        parent_from_joint=rotation, root_m=way, joint_of={name: i for i, name in enumerate(PARTS)},
    )  # fmt: skip
