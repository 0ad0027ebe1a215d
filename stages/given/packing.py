"""A motion of a file packed: the arrays of a small file, and what was lost in a sentence."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from models.bodies import load_body
from models.packed_motion import pack
from models.readers.given import Said
from models.readers.registry import MOTIONS
from stages.given.body_motion import adopt


def run(said: Said, format_name: str, path: Path, ratio: float) -> tuple[Mapping[str, np.ndarray], str]:
    """The first person of a motion file on the free body.

    Raises:
        InputError: the file or the ratio cannot be used.
    """
    body = load_body("free")
    motion = adopt(body, MOTIONS[format_name].read(path, said)[0], None)
    exact = body.to("cpu", torch.float64)
    turns, way_m = motion.parent_from_joint, motion.trans_m
    packed = pack(exact, motion.betas, turns, way_m, rate_hz=float(motion.rate_hz), ratio=ratio)
    error_mm = 1000 * packed.error_m
    told = (
        f"{packed.ratio:.1f} times fewer numbers; joints are off by {error_mm.mean():.1f} mm on average, "
        f"{np.quantile(error_mm.mean(axis=1), 0.95):.1f} mm in the worst twentieth of frames"
    )
    return packed.arrays, told
