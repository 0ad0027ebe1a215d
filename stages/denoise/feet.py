"""Planted feet of a motion stand: contacts are found, and root and legs solved once more so that soles keep them."""

import numpy as np
import torch
from torch import Tensor

from models.bodies.body import Body, pose_landmarks, rest_joints
from models.contact_net import find_contacts
from models.foot_chain import LEG_JOINTS, Chain, LegPose, place
from models.foot_lock import lock_legs
from models.kinematics import bone_offsets
from models.skeletons import SMPL_PARENTS
from models.soles import find_soles
from models.stance import find_stance
from stages.contracts import RawMotion

CHUNK_FRAMES = 512


def lock_feet(raw: RawMotion, body: Body, local: Tensor, trans_m: Tensor) -> tuple[Tensor, Tensor]:
    """Rotations against the parent and translations of SMPL, changed as little as standing takes; see models.foot_lock.

    Nothing changes where no foot stands for long.

    Args:
        raw: whose body, times and camera count.
        local, trans_m: (frames, 24, 3, 3) and (frames, 3), steady already.
    """
    if len(local) < 3:
        return local, trans_m
    landmarks_m = _landmarks(raw, body, local, trans_m)
    camera_m = raw.world_from_camera[:3, 3]
    stands = find_contacts(landmarks_m, raw.timestamps_s, camera_m) & raw.observed[:, None, None]
    chain, pelvis_m = _chain(raw, body)
    start = _legs(local, trans_m, pelvis_m)
    stance = find_stance(stands, place(chain, start).sole_m[:, :, :2], camera_m, float(raw.rate_hz))
    pose = lock_legs(chain, start, stance, camera_m, float(raw.rate_hz))
    if pose is start:
        return local, trans_m
    changed = local.clone()
    for leg, joints in enumerate(LEG_JOINTS):
        changed[:, joints] = torch.from_numpy(pose.parent_from_joint[:, leg]).to(local)
    return changed, torch.from_numpy(pose.root_m - pelvis_m).to(trans_m)


def _landmarks(raw: RawMotion, body: Body, local: Tensor, trans_m: Tensor) -> np.ndarray:
    betas = torch.from_numpy(raw.betas).to(local)
    chunks = zip(local.split(CHUNK_FRAMES), trans_m.split(CHUNK_FRAMES), strict=True)
    parts = [pose_landmarks(body, betas, turns, shifts_m) for turns, shifts_m in chunks]
    return torch.cat(parts).double().cpu().numpy()


def _chain(raw: RawMotion, body: Body) -> tuple[Chain, np.ndarray]:
    """The legs of the body at rest, and its pelvis."""
    joints_m = rest_joints(body, torch.from_numpy(raw.betas).to(body.template_m)).double().cpu()
    offset_m = bone_offsets(SMPL_PARENTS, joints_m).numpy()
    legs_m = np.stack([offset_m[list(joints)] for joints in LEG_JOINTS])
    return Chain(legs_m, find_soles(body, raw.betas)), joints_m[0].numpy()


def _legs(local: Tensor, trans_m: Tensor, pelvis_m: np.ndarray) -> LegPose:
    turns = local.double().cpu().numpy()
    legs = np.stack([turns[:, list(joints)] for joints in LEG_JOINTS], axis=1)
    return LegPose(trans_m.double().cpu().numpy() + pelvis_m, turns[:, 0], legs)
