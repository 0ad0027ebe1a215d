"""Turns a motion into the files that other programs read; one file here per format."""

from dataclasses import dataclass
from typing import Final

from stages.contracts import Exports, Motion
from stages.export import bvh, motion_npz, smpl, trc

VERSION: Final = 1


@dataclass(frozen=True)
class Config:
    """Nothing to choose yet: every format is written."""


def run(config: Config, stem: str, motion: Motion) -> Exports:
    """Encode one person's motion in every format.

    Args:
        stem: begins the names of the files that travel on their own; motion.npz keeps its name.
    """
    trc_name = f"{stem}_joints.trc"
    return Exports(
        {
            "motion.npz": motion_npz.encode(motion),
            f"{stem}.bvh": bvh.encode(motion).encode("ascii"),
            f"{stem}_smpl.npz": smpl.encode(motion),
            trc_name: trc.encode(trc_name, motion).encode("utf-8"),
        }
    )
