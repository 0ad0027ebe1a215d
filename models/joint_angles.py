"""Joint angles that need no anatomical axes: how far knees, hips and elbows are bent."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from models.skeletons import SMPL_INDEX


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
