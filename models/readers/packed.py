"""Motions packed by this project (python run_pipeline.py pack): limbs are bent again by limb mode."""

from pathlib import Path

import numpy as np
import torch

from models.bodies import load_body
from models.packed_motion import KEYS, unpack
from models.readers.given import BodyMotion, Said, need_rate
from models.readers.joints_npz import arrays_of


def read(path: Path, said: Said) -> tuple[BodyMotion, ...]:
    """The one person of a file, on the free body.

    Raises:
        InputError: the file is none of these, or damaged.
    """
    arrays = arrays_of(path, KEYS)
    turns, trans_m = unpack(load_body("free").to("cpu", torch.float64), arrays)
    rate_hz = need_rate(said, float(arrays["rate_hz"]), "")
    betas = arrays["betas"].astype(np.float64)
    return (BodyMotion("0", "free", np.arange(len(turns)), rate_hz, turns, trans_m, betas),)
