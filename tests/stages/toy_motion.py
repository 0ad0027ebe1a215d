"""Made motions of a made skeleton whose rest pose is, like a real body's, only roughly a T, and of the free body."""

from dataclasses import replace

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from models.bodies import load_body
from models.bodies.body import pose_joints, pose_landmarks
from models.kinematics import place_joints, world_from_joints
from models.skeletons import SMPL_JOINTS, SMPL_PARENTS
from stages.contracts import Motion

REST_OFFSET_M = {
    "pelvis": (0.0, 0.95, 0.0), "left_hip": (0.07, -0.09, -0.01), "left_knee": (0.03, -0.39, 0.01),
    "left_ankle": (-0.01, -0.40, -0.03), "left_foot": (0.03, -0.06, 0.13), "spine1": (0.0, 0.11, -0.03),
    "spine2": (0.0, 0.14, 0.02), "spine3": (0.0, 0.06, 0.03), "neck": (0.0, 0.22, -0.05), "head": (0.01, 0.09, 0.05),
    "left_collar": (0.07, 0.12, -0.02), "left_shoulder": (0.11, 0.04, -0.01), "left_elbow": (0.26, -0.03, -0.02),
    "left_wrist": (0.25, 0.02, 0.01), "left_hand": (0.09, -0.01, -0.02),
}  # fmt: skip


def rest_offsets_m() -> np.ndarray:
    """Of all 24 joints; the right side mirrors the left."""
    mirror = {name.replace("left", "right"): (-x, y, z) for name, (x, y, z) in REST_OFFSET_M.items() if "left" in name}
    offsets = REST_OFFSET_M | mirror
    return np.array([offsets[name] for name in SMPL_JOINTS])


def make_motion(rotation: np.ndarray, root_m: np.ndarray | None = None, rate_hz: int = 30) -> Motion:
    """A motion from local rotations (frames 24 3 3) and places of the pelvis (frames 3)."""
    frames = len(rotation)
    offset_m = rest_offsets_m()
    root_m = np.tile(offset_m[0], (frames, 1)) if root_m is None else root_m
    world = world_from_joints(SMPL_PARENTS, torch.from_numpy(rotation))
    joints_m = place_joints(SMPL_PARENTS, torch.from_numpy(offset_m), torch.from_numpy(root_m), world).numpy()
    rng = np.random.default_rng(5)
    return Motion(
        rate_hz=rate_hz,
        timestamps_s=1.5 + np.arange(frames) / rate_hz,
        observed=rng.random(frames) > 0.1,
        parent_from_joint=rotation,
        trans_m=root_m - offset_m[0],
        betas=rng.normal(size=20),
        confidence=rng.random((frames, 24)),
        world_from_camera=np.eye(4),
        camera_matrix=np.array([[900.0, 0, 320], [0, 900, 240], [0, 0, 1]]),
        body_model="toy",
        body_sha256="0" * 64,
        joints_m=joints_m,
        landmarks_m=joints_m[:, :1] + rng.normal(size=(frames, 33, 3)),
    )


def make_body_motion(rotation: np.ndarray, root_m: np.ndarray | None = None, rate_hz: int = 30) -> Motion:
    """The same motion of the free body, in a shape of its own."""
    made = make_motion(rotation, root_m, rate_hz)
    body = load_body("free").to("cpu", torch.float64)
    pose = [torch.from_numpy(array) for array in (made.betas, rotation, made.trans_m)]
    return replace(
        made,
        body_model=body.name,
        body_sha256=body.sha256,
        joints_m=pose_joints(body, *pose).numpy(),
        landmarks_m=pose_landmarks(body, *pose).numpy(),
    )


def still(frames: int = 2) -> np.ndarray:
    """Local rotations of the rest pose."""
    return np.tile(np.eye(3), (frames, 24, 1, 1))


def random_rotations(frames: int) -> np.ndarray:
    """Any rotation at any joint in any frame."""
    return Rotation.random(frames * 24, random_state=1).as_matrix().reshape(frames, 24, 3, 3)


def smooth_rotations(frames: int, seed: int = 2) -> np.ndarray:
    """Wide, steady swings of every joint while the body turns round and round."""
    rng = np.random.default_rng(seed)
    swing = gaussian_filter1d(rng.normal(size=(frames, 24, 3)), 12, axis=0) * 6
    rotation = Rotation.from_rotvec(swing.reshape(-1, 3)).as_matrix().reshape(frames, 24, 3, 3)
    spin = Rotation.from_euler("Y", np.linspace(0, 6 * np.pi, frames)[:, None]).as_matrix()
    rotation[:, 0] = spin @ rotation[:, 0]
    return rotation


def smooth_roots_m(frames: int) -> np.ndarray:
    """A walk through the room."""
    rng = np.random.default_rng(4)
    return np.array([0.0, 0.95, -3.0]) + gaussian_filter1d(rng.normal(size=(frames, 3)), 10, axis=0) * 5
