"""Encodes joint centres and joint angles as CSV, for spreadsheets and scripts: commas, LF, one row per frame."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from models.joint_angles import included_angles_deg
from models.skeletons import SMPL_JOINTS
from stages.contracts import Motion
from stages.export.number_rows import number_rows


def encode_joints(motion: Motion) -> str:
    """Columns time_s, pelvis_x, pelvis_y, pelvis_z, left_hip_x ...: metres in the world, times of the video."""
    names = [f"{joint}_{axis}" for joint in SMPL_JOINTS for axis in "xyz"]
    return _table(motion, names, motion.joints_m.reshape(len(motion.joints_m), -1), 6)


def encode_angles(motion: Motion) -> str:
    """Columns time_s, left_knee_deg, left_hip_deg, left_elbow_deg, right_knee_deg ...: see included_angles_deg."""
    angles = included_angles_deg(motion.joints_m)
    return _table(motion, [f"{name}_deg" for name in angles], np.column_stack(list(angles.values())), 4)


def _table(motion: Motion, names: Sequence[str], values: Float[np.ndarray, "frames columns"], decimals: int) -> str:
    rows = number_rows(np.column_stack([motion.timestamps_s, values]), [8, *[decimals] * len(names)], ",")
    return "\n".join([",".join(["time_s", *names]), *rows, ""])
