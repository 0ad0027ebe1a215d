"""Encodes what BVH and GLB cannot hold: how far each joint can be trusted, what was seen, and when feet stand."""

import json
from typing import Any, Final

import numpy as np

from models.contacts import CONTACT_POINTS, foot_contacts
from models.skeletons import SMPL_JOINTS
from stages.contracts import Motion
from stages.export.joint_names import JOINT_NAMES, Preset

LOW_CONFIDENCE: Final = 0.5
"""A joint below this in a frame was hidden more likely than not; the frame is flagged for it."""


def encode(motion: Motion, names: Preset = "humanik", *, t_pose_first: bool = False) -> str:
    """JSON that goes with both files: one entry of every list is one frame of theirs.

    Keys: frames, rate_hz, start_s (time of the first frame in the video), bvh_first_frame (row of the BVH that is
    frame 0: 1 where a T-pose stands before it), up_axis, joints (names as in the files), smpl_joints (in the same
    order), confidence (frames x joints, 0..1, two decimals), observed (frames), low_confidence (joint name to seen
    frames in which its confidence is below the limit; joints that have some), unobserved (frames in which nobody was
    seen and the pose is inferred), contacts (heel or toes to [first, last] frame of each time on the floor).
    """
    contacts = foot_contacts(motion.landmarks_m, motion.timestamps_s)
    joints = [JOINT_NAMES[names][joint] for joint in SMPL_JOINTS]
    low = (motion.confidence < LOW_CONFIDENCE) & motion.observed[:, None]
    flagged = {name: np.flatnonzero(low[:, row]).tolist() for row, name in enumerate(joints) if low[:, row].any()}
    document: dict[str, Any] = {
        "frames": len(motion.timestamps_s),
        "rate_hz": motion.rate_hz,
        "start_s": round(float(motion.timestamps_s[0]), 6),
        "bvh_first_frame": int(t_pose_first),
        "up_axis": "y",
        "joints": joints,
        "smpl_joints": list(SMPL_JOINTS),
        "low_confidence_limit": LOW_CONFIDENCE,
        "low_confidence": flagged,
        "unobserved": np.flatnonzero(~motion.observed).tolist(),
        "contacts": {name: _runs(contacts[:, column]) for column, name in enumerate(CONTACT_POINTS)},
        "observed": motion.observed.astype(int).tolist(),
        "confidence": np.round(motion.confidence, 2).tolist(),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in document.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _runs(flags: np.ndarray) -> list[list[int]]:
    """First and last frame of each unbroken run."""
    edges = np.diff(flags.astype(int), prepend=0, append=0)
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1], axis=1).tolist()
