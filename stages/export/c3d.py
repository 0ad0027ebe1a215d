"""Encodes landmarks and joint centres as C3D, the format of motion laboratories: millimetres, Z up.

Laboratories have Z up, so the world is turned a quarter about X: X stays, Y points away from the camera, Z up.
POINT:X_SCREEN and POINT:Y_SCREEN say the same. The format counts frames from 1 and knows no time of the video, which
KINETRACE:START_SECONDS tells.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import ezc3d
import numpy as np
from jaxtyping import Float

from models.skeletons import LANDMARKS, SMPL_JOINTS
from stages.contracts import Motion

MM_PER_M: Final = 1000.0
MAX_FRAMES: Final = 65535
"""The format counts frames in 16 bits; readers cut off what is more."""

POINTS: Final = (*LANDMARKS, *(f"{joint}_centre" for joint in SMPL_JOINTS))


def encode(motion: Motion) -> bytes:
    """Write the whole file: the 33 landmarks on the body, then its 24 joint centres, named as in `POINTS`.

    Residuals are 0, the format's word for points that were computed and not measured: all of them were. (-1 would say
    that there is no point; where nobody was seen there is an inferred one, and the JSON beside the BVH says so.)
    ezc3d writes to paths only, so the bytes go through a temporary file, which is deleted.
    """
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [float(motion.rate_hz)]
    file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    file["parameters"]["POINT"]["LABELS"]["value"] = list(POINTS)
    kinds = ["landmark on the body"] * len(LANDMARKS) + ["joint centre"] * len(SMPL_JOINTS)
    file["parameters"]["POINT"]["DESCRIPTIONS"]["value"] = kinds
    file.add_parameter("POINT", "X_SCREEN", ["+X"])
    file.add_parameter("POINT", "Y_SCREEN", ["+Z"])
    file.add_parameter("KINETRACE", "START_SECONDS", [float(motion.timestamps_s[0])])
    file["data"]["points"] = points_mm(motion).transpose(2, 1, 0)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "motion.c3d"
        file.write(str(path))
        return path.read_bytes()


def points_mm(motion: Motion) -> Float[np.ndarray, "frames 57 3"]:
    """Where the file's points are, in its axes."""
    x_m, y_m, z_m = np.moveaxis(np.concatenate([motion.landmarks_m, motion.joints_m], axis=1), -1, 0)
    return np.stack([x_m, -z_m, y_m], axis=-1) * MM_PER_M
