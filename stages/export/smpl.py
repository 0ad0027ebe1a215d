"""Encodes the pose parameters as AMASS does, for tools that read SMPL motion."""

import numpy as np

from models.bodies import body_label
from stages.contracts import Motion
from stages.export.axis_angle import continuous_axis_angle
from stages.export.npz import pack


def encode(motion: Motion) -> bytes:
    """AMASS's keys (Mahmood et al. 2019) for 24 joints, and three of our own that say what AMASS leaves open.

    `body_model` and `body_sha256` name the body whose betas these are: they mean nothing on another, and on the free
    body they are no parameters of SMPL's. `up_axis` is y; AMASS's own files have z up. `gender` is neutral.
    """
    return pack(
        {
            "poses": continuous_axis_angle(motion.parent_from_joint).reshape(-1, 72),
            "trans": motion.trans_m,
            "betas": motion.betas,
            "gender": np.array("neutral"),
            "mocap_framerate": np.array(float(motion.rate_hz)),
            "body_model": np.array(body_label(motion.body_model)),
            "body_sha256": np.array(motion.body_sha256),
            "up_axis": np.array("y"),
        }
    )
