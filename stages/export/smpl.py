"""Encodes the pose parameters as AMASS does, for tools that read SMPL motion."""

import numpy as np

from stages.contracts import Motion
from stages.export.axis_angle import continuous_axis_angle
from stages.export.npz import pack


def encode(motion: Motion) -> bytes:
    """AMASS's keys (Mahmood et al. 2019) for 24 joints, and two of our own that say what AMASS leaves open.

    `body_model` names the body whose betas these are: they mean nothing on another. `up_axis` is y; AMASS's own files
    have z up. `gender` is neutral.
    """
    return pack(
        {
            "poses": continuous_axis_angle(motion.parent_from_joint).reshape(-1, 72),
            "trans": motion.trans_m,
            "betas": motion.betas,
            "gender": np.array("neutral"),
            "mocap_framerate": np.array(float(motion.rate_hz)),
            "body_model": np.array(motion.body_model),
            "up_axis": np.array("y"),
        }
    )
