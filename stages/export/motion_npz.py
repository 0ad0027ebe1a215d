"""Encodes motion.npz, the result that other tools and our own benchmarks read."""

import numpy as np

from models.bodies import body_label
from models.skeletons import LANDMARKS
from stages.contracts import Motion
from stages.export.axis_angle import continuous_axis_angle
from stages.export.npz import pack


def encode(motion: Motion) -> bytes:
    """Keys, for T frames at one constant rate; metres, seconds, radians, world Y up with the floor at y = 0.

    poses (T,72) axis-angle of SMPL's joints, trans (T,3), betas (B), timestamps_s (T), mocap_framerate (),
    joints_m (T,24,3), landmarks_m (T,33,3), landmark_names (33), world_from_camera (4,4), camera_matrix (3,3),
    confidence (T,24), observed (T), body_model (), body_sha256 (); where the camera turned camera_from_steady (T,3,3).
    """
    turns = {"camera_from_steady": motion.camera_from_steady} if len(motion.camera_from_steady) else {}
    return pack(
        {
            "poses": continuous_axis_angle(motion.parent_from_joint).reshape(-1, 72),
            "trans": motion.trans_m,
            "betas": motion.betas,
            "timestamps_s": motion.timestamps_s,
            "mocap_framerate": np.array(float(motion.rate_hz)),
            "joints_m": motion.joints_m,
            "landmarks_m": motion.landmarks_m,
            "landmark_names": np.array(LANDMARKS),
            "world_from_camera": motion.world_from_camera,
            "camera_matrix": motion.camera_matrix,
            "confidence": motion.confidence,
            "observed": motion.observed,
            "body_model": np.array(body_label(motion.body_model)),
            "body_sha256": np.array(motion.body_sha256),
        }
        | turns
    )
