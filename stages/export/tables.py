"""Encodes joint centres and joint angles as CSV, for spreadsheets and scripts: commas, LF, one row per frame."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from models.skeletons import SMPL_INDEX, SMPL_JOINTS
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


def included_angles_deg(joints_m: Float[np.ndarray, "frames 24 3"]) -> Mapping[str, Float[np.ndarray, " frames"]]:
    """Bend of knees, hips and elbows in degrees, whatever its direction; 0 where the limb is straight.

    The hip's is that of the thigh against the trunk, the line from the middle of the shoulders to that of the hips.
    """
    place = {name: joints_m[:, index] for name, index in SMPL_INDEX.items()}
    shoulders, hips = ((place[f"left_{part}"] + place[f"right_{part}"]) / 2 for part in ("shoulder", "hip"))
    angles: dict[str, Float[np.ndarray, " frames"]] = {}
    for side in ("left", "right"):
        shoulder, elbow, wrist, hip, knee, ankle = (
            place[f"{side}_{part}"] for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
        )
        angles[f"{side}_knee"] = _bend_deg(knee - hip, ankle - knee)
        angles[f"{side}_hip"] = _bend_deg(hips - shoulders, knee - hip)
        angles[f"{side}_elbow"] = _bend_deg(elbow - shoulder, wrist - elbow)
    return angles


def _bend_deg(
    upper: Float[np.ndarray, "frames 3"], lower: Float[np.ndarray, "frames 3"]
) -> Float[np.ndarray, " frames"]:
    crossed = np.linalg.norm(np.cross(upper, lower), axis=-1)
    return np.degrees(np.arctan2(crossed, (upper * lower).sum(axis=-1)))


def _table(motion: Motion, names: Sequence[str], values: Float[np.ndarray, "frames columns"], decimals: int) -> str:
    rows = number_rows(np.column_stack([motion.timestamps_s, values]), [8, *[decimals] * len(names)], ",")
    return "\n".join([",".join(["time_s", *names]), *rows, ""])
