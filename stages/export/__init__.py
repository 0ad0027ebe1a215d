"""Turns a motion into the files that other programs read; one file here per format."""

import logging
from dataclasses import dataclass
from typing import Final

from stages.contracts import Exports, Motion
from stages.export.joint_names import Preset

VERSION: Final = 2
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Config:
    """How the files look; every format is written."""

    joint_names: Preset = "humanik"
    """What the joints are called in BVH and GLB: as the named program or data set calls its own."""
    bvh_t_pose_first: bool = False
    """Begin the BVH with a frame in a T-pose, for tools that take the first frame as the rest pose."""
    glb_mesh: bool = True
    """Put the skin into the GLB; without it, skeleton and motion only."""


def run(config: Config, stem: str, motion: Motion) -> Exports:
    """Encode one person's motion in every format.

    A motion that is too long for C3D goes without, with a warning.

    Args:
        stem: begins the names of the files that travel on their own; motion.npz keeps its name.

    Raises:
        ConfigError, WeightsError, InputError: the motion's body cannot be had, or has other betas.
    """
    # Importing what the formats need takes longer than encoding a short motion.
    from stages.export import bvh, c3d, glb, motion_npz, smpl, tables, trc  # noqa: PLC0415

    trc_name = f"{stem}_joints.trc"
    bvh_text = bvh.encode(motion, config.joint_names, t_pose_first=config.bvh_t_pose_first)
    files = {
        "motion.npz": motion_npz.encode(motion),
        f"{stem}.bvh": bvh_text.encode("ascii"),
        f"{stem}.glb": glb.encode(motion, config.joint_names, with_mesh=config.glb_mesh),
        f"{stem}_smpl.npz": smpl.encode(motion),
        trc_name: trc.encode(trc_name, motion).encode("utf-8"),
        f"{stem}_joints.csv": tables.encode_joints(motion).encode("ascii"),
        f"{stem}_angles.csv": tables.encode_angles(motion).encode("ascii"),
    }
    frames = len(motion.timestamps_s)
    if frames > c3d.MAX_FRAMES:
        log.warning("%d frames are more than C3D's %d: no %s.c3d", frames, c3d.MAX_FRAMES, stem)
    else:
        files[f"{stem}.c3d"] = c3d.encode(motion)
    return Exports(files)
