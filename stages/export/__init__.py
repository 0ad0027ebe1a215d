"""Turns a motion into the files that other programs read; one file here per format."""

import logging
from dataclasses import dataclass
from typing import Final

from models.errors import ConfigError
from stages.contracts import Exports, Motion
from stages.export.joint_names import Preset
from stages.export.mesh_form import MeshFormat

VERSION: Final = 4
MAX_RATE_HZ: Final = 1000
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Config:
    """How the files look; every format but meshes is always written."""

    joint_names: Preset = "humanik"
    """What the joints are called in BVH and GLB: as the named program or data set calls its own."""
    bvh_t_pose_first: bool = False
    """Begin the BVH with a frame in a T-pose, for tools that take the first frame as the rest pose."""
    fps: int | None = None
    """Frames per second of BVH and GLB, such as 24, 25, 30, 50 or 60; None keeps the motion's own rate."""
    in_place: bool = False
    """Take the way over the floor out of BVH and GLB, as games want it: the pelvis only rises and falls."""
    glb_mesh: bool = True
    """Put the skin into the GLB; without it, skeleton and motion only."""
    mesh: MeshFormat = "none"
    """Also write the skin of every frame: npz for all in one file, obj or ply for a .zip of a file each."""

    def __post_init__(self) -> None:
        if self.fps is not None and not 1 <= self.fps <= MAX_RATE_HZ:
            raise ConfigError(f"export.fps cannot be {self.fps}", f"choose a rate from 1 to {MAX_RATE_HZ}")


def run(config: Config, stem: str, motion: Motion) -> Exports:
    """Encode one person's motion in every format.

    BVH and GLB and the JSON that goes with them have the rate and place that the settings ask for; all others are the
    motion as it is. A motion that is too long for C3D goes without, with a warning.

    Args:
        stem: begins the names of the files that travel on their own; motion.npz keeps its name.

    Raises:
        ConfigError, WeightsError, InputError: the motion's body cannot be had, or has other betas.
    """
    # Importing what the formats need takes longer than encoding a short motion.
    from stages.export import bvh, c3d, glb, mesh, motion_npz, retimed, sidecar, smpl, tables, trc  # noqa: PLC0415

    trc_name = f"{stem}_joints.trc"
    played = retimed.for_animation(motion, config.fps, in_place=config.in_place)
    bvh_text = bvh.encode(played, config.joint_names, t_pose_first=config.bvh_t_pose_first)
    files = {
        "motion.npz": motion_npz.encode(motion),
        f"{stem}.bvh": bvh_text.encode("ascii"),
        f"{stem}.glb": glb.encode(played, config.joint_names, with_mesh=config.glb_mesh),
        f"{stem}.json": sidecar.encode(played, config.joint_names, t_pose_first=config.bvh_t_pose_first).encode(
            "ascii"
        ),
        f"{stem}_smpl.npz": smpl.encode(motion),
        trc_name: trc.encode(trc_name, motion).encode("utf-8"),
        f"{stem}_joints.csv": tables.encode_joints(motion).encode("ascii"),
        f"{stem}_angles.csv": tables.encode_angles(motion).encode("ascii"),
        **mesh.encode(stem, motion, config.mesh),
    }
    frames = len(motion.timestamps_s)
    if frames > c3d.MAX_FRAMES:
        log.warning("%d frames are more than C3D's %d: no %s.c3d", frames, c3d.MAX_FRAMES, stem)
    else:
        files[f"{stem}.c3d"] = c3d.encode(motion)
    return Exports(files)
