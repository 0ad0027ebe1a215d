"""Rotations and root made steady without delay; bones keep their lengths because only these move.

Rotations are smoothed as orientations in the world: a limb's direction was read off its own landmarks, so noise of the
parent does not belong to it.
"""

from typing import Final

import numpy as np
import torch
from torch import Tensor

from models.bodies.body import Body, pose_joints, pose_landmarks
from models.devices import best_precision, find_device, single_thread, to_array
from models.filters import fill_positions, fill_rotations, smooth_positions, smooth_rotations, smoothing_stencil
from models.ik_refine import parent_from_joints
from models.kinematics import world_from_joints
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from stages.contracts import Motion, RawMotion
from stages.denoise.config import Config

CHUNK_FRAMES: Final = 512


_GROUPS: Final = {
    "trunk_s": ("pelvis", "spine", "collar"),
    "legs_s": ("hip", "knee", "ankle", "foot"),
    "arms_s": ("shoulder", "elbow"),
    "hands_s": ("wrist", "hand"),
    "head_s": ("neck", "head"),
}


@single_thread()
def denoise_body(config: Config, raw: RawMotion, body: Body, *, device: str) -> Motion:
    """Smooth a motion of this body; unobserved frames weigh nothing and are filled again between their neighbours."""
    chosen = find_device(device)
    body = body.to(chosen, best_precision(chosen))
    local = torch.from_numpy(raw.parent_from_joint).to(body.template_m)
    trans_m = torch.from_numpy(raw.trans_m).to(body.template_m)
    local = _steady_rotations(config, raw, local)
    trans_m = _steady_positions(config, raw, trans_m)
    joints_m, landmarks_m = _points(body, torch.from_numpy(raw.betas).to(local), local, trans_m)
    return Motion(
        rate_hz=raw.rate_hz,
        timestamps_s=raw.timestamps_s,
        observed=raw.observed,
        parent_from_joint=to_array(local),
        trans_m=to_array(trans_m),
        betas=raw.betas,
        confidence=raw.confidence,
        world_from_camera=raw.world_from_camera,
        camera_matrix=raw.camera_matrix,
        camera_from_steady=raw.camera_from_steady,
        body_model=raw.body_model,
        body_sha256=raw.body_sha256,
        joints_m=joints_m,
        landmarks_m=landmarks_m,
    )


def group_joints(group: str) -> tuple[int, ...]:
    """The joints that a field of Config speaks of."""
    parts = _GROUPS[group]
    return tuple(j for name, j in SMPL_INDEX.items() if name.split("_")[-1].rstrip("123") in parts)


def _steady_rotations(config: Config, raw: RawMotion, local: Tensor) -> Tensor:
    world = world_from_joints(SMPL_PARENTS, local)
    for group in _GROUPS:
        joints = group_joints(group)
        stencil = smoothing_stencil(raw.observed, raw.rate_hz, getattr(config, group)).to(world)
        world[:, joints] = smooth_rotations(world[:, joints], stencil)
    return fill_rotations(parent_from_joints(world), raw.observed)


def _steady_positions(config: Config, raw: RawMotion, trans_m: Tensor) -> Tensor:
    stencil = smoothing_stencil(raw.observed, raw.rate_hz, config.root_s).to(trans_m)
    return fill_positions(smooth_positions(trans_m, stencil), raw.observed)


def _points(body: Body, betas: Tensor, local: Tensor, trans_m: Tensor) -> tuple[np.ndarray, np.ndarray]:
    joints_m: list[np.ndarray] = []
    landmarks_m: list[np.ndarray] = []
    for rotations, shifts_m in zip(local.split(CHUNK_FRAMES), trans_m.split(CHUNK_FRAMES), strict=True):
        joints_m.append(to_array(pose_joints(body, betas, rotations, shifts_m)))
        landmarks_m.append(to_array(pose_landmarks(body, betas, rotations, shifts_m)))
    return np.concatenate(joints_m), np.concatenate(landmarks_m)
