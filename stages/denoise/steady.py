"""Rotations and root made steady without delay; bones keep their lengths because only these move.

Rotations are smoothed as orientations in the world: a limb's direction was read off its own landmarks, so noise of the
parent does not belong to it.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from torch import Tensor

from models.bodies.body import Body, pose_joints, pose_landmarks
from models.devices import best_precision, find_device, single_thread, to_array
from models.filters import fill_positions, fill_rotations, smooth_positions, smooth_rotations, smoothing_stencil
from models.ik_refine import parent_from_joints
from models.kinematics import world_from_joints
from models.nets.denoiser_file import load_denoiser
from models.nets.steadier import Found, steady
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
    local, trans_m = (_learned if config.filter == "learned" else _classical)(config, raw, local, trans_m)
    if config.foot_lock:
        from stages.denoise.feet import lock_feet  # noqa: PLC0415 - scipy takes its time

        local, trans_m = lock_feet(raw, body, local, trans_m)
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


def _learned(config: Config, raw: RawMotion, local: Tensor, trans_m: Tensor) -> tuple[Tensor, Tensor]:
    """What the network makes of it; gaps are filled before, and are corrected like the rest."""
    local, trans_m = fill_rotations(local, raw.observed), fill_positions(trans_m, raw.observed)
    found = Found(
        rate_hz=float(raw.rate_hz),
        world_from_joint=world_from_joints(SMPL_PARENTS, local),
        root_m=trans_m,
        confidence=torch.from_numpy(raw.confidence).to(local),
        observed=torch.from_numpy(raw.observed).to(local.device),
        sight=torch.from_numpy(raw.world_from_camera[:3, 2].copy()).to(local),
    )
    world, trans_m = steady(load_denoiser().to(local.device), found)
    return parent_from_joints(world), trans_m


def _classical(config: Config, raw: RawMotion, local: Tensor, trans_m: Tensor) -> tuple[Tensor, Tensor]:
    """Unobserved frames weigh nothing and are filled again between their neighbours."""
    local, trans_m = fill_rotations(local, raw.observed), fill_positions(trans_m, raw.observed)
    world = world_from_joints(SMPL_PARENTS, local)
    for group in _GROUPS:
        joints = group_joints(group)
        world[:, joints] = _turns_filter(config, raw, getattr(config, group))(world[:, joints])
    trans_m = _places_filter(config, raw, config.root_s)(trans_m)
    return fill_rotations(parent_from_joints(world), raw.observed), fill_positions(trans_m, raw.observed)


def _turns_filter(config: Config, raw: RawMotion, period_s: float) -> Callable[[Tensor], Tensor]:
    if config.filter == "savitzky_golay":
        stencil = smoothing_stencil(raw.observed, raw.rate_hz, period_s)
        return lambda turns: smooth_rotations(turns, stencil.to(turns))
    from models.filter_kinds import filter_rotations, make_filter  # noqa: PLC0415 - scipy.signal takes its time

    chosen = make_filter(config.filter, float(raw.rate_hz), period_s, raw.observed)
    return lambda turns: filter_rotations(turns, chosen)


def _places_filter(config: Config, raw: RawMotion, period_s: float) -> Callable[[Tensor], Tensor]:
    if config.filter == "savitzky_golay":
        stencil = smoothing_stencil(raw.observed, raw.rate_hz, period_s)
        return lambda places_m: smooth_positions(places_m, stencil.to(places_m))
    from models.filter_kinds import filter_positions, make_filter  # noqa: PLC0415

    chosen = make_filter(config.filter, float(raw.rate_hz), period_s, raw.observed)
    return lambda places_m: filter_positions(places_m, chosen)


def _points(body: Body, betas: Tensor, local: Tensor, trans_m: Tensor) -> tuple[np.ndarray, np.ndarray]:
    joints_m: list[np.ndarray] = []
    landmarks_m: list[np.ndarray] = []
    for rotations, shifts_m in zip(local.split(CHUNK_FRAMES), trans_m.split(CHUNK_FRAMES), strict=True):
        joints_m.append(to_array(pose_joints(body, betas, rotations, shifts_m)))
        landmarks_m.append(to_array(pose_landmarks(body, betas, rotations, shifts_m)))
    return np.concatenate(joints_m), np.concatenate(landmarks_m)
