"""A folder of made motion capture in the compact format: walks of a figure of sticks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from tests.training.toy_mocap import stick_clip
from training.mocap_clips import MocapClip


def write_shard(path: Path, clips: Sequence[MocapClip]) -> None:
    """All clips have one skeleton."""
    turns = np.concatenate([clip.parent_from_joint for clip in clips])
    quaternion = Rotation.from_matrix(turns.reshape(-1, 3, 3)).as_quat(scalar_first=True)
    first = clips[0]
    np.savez(
        path,
        names=np.array(first.joints),
        parents=np.array(first.parents),
        offsets=np.stack([clip.offset_m for clip in clips]).astype(np.float32),
        rot=np.round(quaternion.reshape(*turns.shape[:2], 4) * 32767).astype(np.int16),
        root=np.concatenate([clip.root_m for clip in clips]).astype(np.float32),
        clip_start=np.cumsum([0, *(len(clip.root_m) for clip in clips)]),
        canon=np.array(list(first.joint_of)),
        canon_idx=np.array(list(first.joint_of.values())),
        fps=np.array(first.rate_hz),
        clip=np.array([clip.name for clip in clips]),
        subject=np.array([clip.subject for clip in clips]),
        action=np.array([clip.action for clip in clips]),
    )


def toy_folder(folder: Path, frames: int = 60) -> Path:
    """Three walks of two people."""
    walks = [
        replace(stick_clip(frames, heading_rad=0.7 * index), name=f"walk{index}", subject=f"person{index % 2}")
        for index in range(3)
    ]
    write_shard(folder / "sticks.npz", walks)
    return folder
