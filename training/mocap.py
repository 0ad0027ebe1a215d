"""The truth that inverse kinematics learns and is measured on: the rotations of captured people, in SMPL's format.

Segments' world rotations are carried over after one constant turn for each segment and skeleton family; nothing is
solved from positions, which would hand a solver its own answer. Forearms of the captured skeletons turn about their
elbows' hinge only, so the pronation they lack is drawn.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from models.errors import InputError
from training.mocap_carry import carry_clip
from training.mocap_clips import FORMAT_KEYS, read_clips
from training.mocap_families import rest_of
from training.mocap_files import read_amass, read_bvh_motion
from training.true_motion import TrueMotion, mean_rest_joints_m, pelvis_for

__all__ = ["TrueMotion", "mean_rest_joints_m", "pelvis_for", "read_truth"]

AMASS_SHAPES = ("shape.npz", "_stagei.npz")
"""Ends of the names of files beside AMASS's motions that hold a person's shape only."""
REMEDY = "give a folder of mocap-compact-1 shards, of AMASS .npz files or of .bvh files"


def read_truth(folder: Path, *, pronation_seed: int = 0) -> tuple[TrueMotion, ...]:
    """Read every motion of a folder, in the order of their names.

    The folder holds compact shards, or somewhere below it AMASS's files, or else BVH files.

    Args:
        pronation_seed: with a clip's name this settles what is drawn, so a folder always gives the same truth.

    Raises:
        InputError: the folder holds no motion, or a file that cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder", REMEDY)
    if any(keys >= FORMAT_KEYS for keys in map(_keys, sorted(folder.glob("*.npz")))):
        return tuple(_read_shards(folder, pronation_seed))
    if amass := [path for path in sorted(folder.rglob("*.npz")) if not path.name.endswith(AMASS_SHAPES)]:
        return tuple(read_amass(path, folder) for path in amass)
    if files := sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".bvh"):
        return tuple(read_bvh_motion(path, folder, pronation_seed) for path in files)
    raise InputError(f"{folder} holds no motion", REMEDY)


def _read_shards(folder: Path, pronation_seed: int) -> Iterator[TrueMotion]:
    for _, group in groupby(read_clips(folder), key=lambda clip: clip.family):
        clips = tuple(group)
        rest = rest_of(clips, mean_rest_joints_m())
        yield from (carry_clip(clip, rest, pronation_seed) for clip in clips)


def _keys(path: Path) -> set[str]:
    try:
        with np.load(path, allow_pickle=False) as packed:
            return set(packed.files)
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise InputError(f"{path} is not an .npz file", REMEDY) from error
