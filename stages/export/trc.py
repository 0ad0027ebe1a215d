"""Encodes the joint centres as TRC, the marker format of OpenSim: tabs only, metres, no blank cell."""

import numpy as np

from models.skeletons import SMPL_JOINTS
from stages.contracts import Motion
from stages.export.number_rows import number_rows


def encode(name: str, motion: Motion) -> str:
    """Write the whole file. Times are those of the video; joints have the names of SMPL_JOINTS.

    Args:
        name: what the file is called; its first line repeats it.
    """
    frames, rate = len(motion.timestamps_s), str(motion.rate_hz)
    axes = [f"{axis}{joint}" for joint in range(1, len(SMPL_JOINTS) + 1) for axis in "XYZ"]
    settings = {
        "DataRate": rate, "CameraRate": rate, "NumFrames": str(frames), "NumMarkers": str(len(SMPL_JOINTS)),
        "Units": "m", "OrigDataRate": rate, "OrigDataStartFrame": "1", "OrigNumFrames": str(frames),
    }  # fmt: skip
    lines = [
        ["PathFileType", "4", "(X/Y/Z)", name],
        list(settings),
        list(settings.values()),
        ["Frame#", "Time", "\t\t\t".join(SMPL_JOINTS), "", ""],
        ["", "", *axes],
        [],
    ]
    return "\n".join(["\t".join(line) for line in lines] + _rows(motion) + [""])


def _rows(motion: Motion) -> list[str]:
    joints_m = motion.joints_m.reshape(len(motion.joints_m), -1)
    number = np.arange(1.0, 1 + len(joints_m))
    values = np.column_stack([number, motion.timestamps_s, joints_m])
    return number_rows(values, [0, 8, *[6] * joints_m.shape[1]], "\t")
