"""A made track: the toy body moves smoothly from pose to pose and is out of sight for a while."""

import numpy as np
import torch
from torch import Tensor

from models.bodies.body import Body, pose_landmarks
from models.rotations import part_way
from stages.contracts import JointTrack
from tests.models.toy_body import plausible_pose

FRAMES = 90
RATE_HZ = 30
BETAS = torch.linspace(-1, 1, 10, dtype=torch.float64)


def moving_pose(seed: int = 0) -> tuple[Tensor, Tensor]:
    """Rotations (FRAMES, 24, 3, 3) and translations (FRAMES, 3)."""
    keys = plausible_pose(FRAMES // 30 + 2, seed)
    time = torch.arange(FRAMES, dtype=torch.float64) / 30
    key = time.long()
    pose = part_way(keys[key], keys[key + 1], (time - key)[:, None].expand(FRAMES, 24))
    return pose, torch.stack([time, 0 * time, -time], dim=-1)


def toy_track(body: Body, observed: np.ndarray | None = None) -> JointTrack:
    """What a perfect lift would give of moving_pose; unobserved frames are NaN."""
    observed = np.ones(FRAMES, dtype=bool) if observed is None else observed
    betas = torch.linspace(-1, 1, body.beta_count, dtype=torch.float64)
    landmarks_m = pose_landmarks(body, betas, *moving_pose()).numpy().copy()
    landmarks_m[~observed] = np.nan
    return JointTrack(
        rate_hz=RATE_HZ,
        timestamps_s=np.arange(FRAMES) / RATE_HZ,
        observed=observed,
        landmarks_m=landmarks_m,
        landmarks_px=landmarks_m[..., :2] * 100,
        confidence=np.where(observed[:, None], np.linspace(0.5, 1.0, 33), 0.0),
        swapped=np.zeros(FRAMES, dtype=bool),
        world_from_camera=np.eye(4),
        camera_matrix=np.eye(3),
    )
