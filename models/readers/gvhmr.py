"""GVHMR: hmr4d_results.pt, the motion of one person in the world.

Layout: GVHMR's tools/demo/demo.py. smpl_params_global holds body_pose (T, 63), global_orient (T, 3), transl (T, 3) and
betas (T, 10) of SMPL-X in a world whose Y points up; smpl_params_incam the same in the camera's axes, K_fullimg the
camera. The demo turns every video to 30 frames a second first; for others the user says the rate.
"""

from pathlib import Path
from typing import Final

import numpy as np

from models.readers.given import BodyMotion, Said, need_length, need_rate
from models.readers.pickles import read_results
from models.readers.records import array, table
from models.readers.rotations import from_axis_angles, turned_y_up

RATE_HZ: Final = 30.0


def read(path: Path, said: Said) -> tuple[BodyMotion, ...]:
    """The one person of a file.

    Raises:
        InputError: the file is not in this layout, damaged, or holds no radians or metres.
    """
    name = str(path)
    record = table(name, read_results(path), "smpl_params_global")
    widths = {"body_pose": (-1, 21, 3), "global_orient": (-1, 1, 3), "transl": (-1, 3), "betas": (-1, 10)}
    values = {key: array(name, record, key, shape) for key, shape in widths.items()}
    frames = need_length(name, [(key, len(value)) for key, value in values.items()])
    rotvec = np.concatenate([values["global_orient"], values["body_pose"]], axis=1)
    rate_hz = need_rate(said, RATE_HZ, "")
    turns, trans_m = from_axis_angles(name, rotvec, values["transl"], rate_hz)
    betas = np.median(values["betas"], axis=0)
    motion = BodyMotion("0", "smplx", np.arange(frames), rate_hz, turns, trans_m, betas)
    return (turned_y_up(motion, said.up or "y"),)
