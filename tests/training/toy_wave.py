"""A made motion: every joint swings to and fro about an axis of its own while the pelvis walks along."""

import numpy as np
import roma
import torch

from training.true_motion import TrueMotion


def wave(clip: str = "wave", frames: int = 60) -> TrueMotion:
    """A whole person at 30 frames a second; another name is another motion."""
    random = np.random.default_rng(len(clip) + frames)
    axis, phase = random.normal(size=(24, 3)) * 0.4, random.uniform(0, 6, 24)
    angle = np.sin(np.arange(frames)[:, None] / 10 + phase)
    local = roma.rotvec_to_rotmat(torch.from_numpy(angle[..., None] * axis)).numpy()
    pelvis_m = np.stack([np.arange(frames) / 30, np.full(frames, 0.9), np.zeros(frames)], axis=1)
    return TrueMotion(
        clip=clip, subject="somebody", family="waves", action="wave", rate_hz=30.0, parent_from_joint=local,
        pelvis_m=pelvis_m, whole=True,
    )  # fmt: skip
