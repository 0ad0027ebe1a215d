"""A motion on a body at a constant rate: read from a file or carried over from motion capture."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.bodies.body import Body
from models.errors import InputError
from models.npz import DamagedNpzError, read_npz
from models.resample import resample_places, resample_turns
from training.mocap_clips import read_clips
from training.plant_feet import rest_joints_of, soles_of
from training.retarget import retarget

MAX_BYTES: Final = 2**30
"""Of a motion's arrays; an hour at 120 Hz has a quarter of it."""
LYING_FAMILY: Final = "cmu_iclone_cc"
"""The rest pose of these clips does not stand, so they cannot be carried over."""


@dataclass(frozen=True, eq=False)
class BodyMotion:
    """Who moves how, in a world whose Y is up and whose floor lies at y = 0."""

    body: Body
    betas: Float[np.ndarray, " betas"]
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"]
    trans_m: Float[np.ndarray, "frames 3"]
    rate_hz: float

    def __len__(self) -> int:
        return len(self.trans_m)

    def posed(self, chosen: slice = slice(None)) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Arguments of the body's functions."""
        arrays = (self.betas, self.parent_from_joint[chosen], self.trans_m[chosen])
        betas, rotation, trans_m = (torch.from_numpy(array).float() for array in arrays)
        return betas, rotation, trans_m


def read_motion(path: Path, body: Body, betas: tuple[float, ...] | None = None) -> BodyMotion:
    """Read a motion in SMPL's format: poses (axis-angle, frames x 72), trans, betas and mocap_framerate.

    Args:
        betas: of this body, instead of those of the file.

    Raises:
        InputError: keys are missing, arrays are of another shape or hold no numbers, or the body has other betas.
    """
    try:
        arrays = read_npz(path, MAX_BYTES, ("poses", "trans", "betas", "mocap_framerate"))
    except DamagedNpzError as error:
        raise InputError(f"{path} is not an .npz file", "give a motion.npz or an AMASS-style .npz") from error
    needed = {"poses", "trans", "mocap_framerate"} | (set() if betas else {"betas"})
    missing = needed - set(arrays)
    if missing:
        raise InputError(f"{path} lacks {sorted(missing)}", "give a motion.npz or an AMASS-style .npz")
    poses, trans_m = arrays["poses"].astype(np.float64), arrays["trans"].astype(np.float64)
    if poses.shape != (len(trans_m), 72) or trans_m.shape != (len(poses), 3) or len(poses) == 0:
        problem = f"{path} holds poses {poses.shape} and trans {trans_m.shape}"
        raise InputError(problem, "give the 24 joints of SMPL: (frames, 72) and (frames, 3)")
    if not (np.isfinite(poses).all() and np.isfinite(trans_m).all()):
        raise InputError(f"{path} holds values that are no numbers", "fill its gaps first")
    rotation = Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix().reshape(len(poses), 24, 3, 3)
    shape = arrays["betas"].astype(np.float64) if betas is None else np.array(betas)
    return BodyMotion(body, fitting_betas(body, shape), rotation, trans_m, float(arrays["mocap_framerate"]))


def captured_motion(folder: Path, name: str, body: Body, betas: tuple[float, ...] | None = None) -> BodyMotion:
    """Carry a clip of motion capture over to a body; whatever is lowest in it touches the floor.

    Args:
        folder: with shards, as training.mocap_clips reads them.
        betas: of this body; its mean shape where none are given.

    Raises:
        InputError: the folder holds no shard or no clip of this name, or the clip's rest pose does not stand.
    """
    clips = {clip.name: clip for clip in read_clips(folder)}
    if name not in clips:
        raise InputError(f"{folder} holds no clip called {name!r}", f"choose one, such as {sorted(clips)[:3]}")
    if clips[name].family == LYING_FAMILY:
        raise InputError(f"the rest pose of {name!r} does not stand", f"choose a clip outside {LYING_FAMILY}")
    shape = fitting_betas(body, np.zeros(body.beta_count) if betas is None else np.array(betas))
    rest_m = rest_joints_of(body, shape)
    pose = retarget(clips[name], rest_m)
    trans_m = pose.pelvis_m - rest_m[0]
    lowest_m = soles_of(body, shape, pose.parent_from_joint).both_m[..., 1].min(axis=1) + trans_m[:, 1]
    return BodyMotion(body, shape, pose.parent_from_joint, trans_m - (0, lowest_m.min(), 0), clips[name].rate_hz)


def fitting_betas(body: Body, betas: Float[np.ndarray, " betas"]) -> Float[np.ndarray, " betas"]:
    """The betas, if there are as many as the body has; raises InputError if not."""
    if betas.shape != (body.beta_count,):
        problem = f"body {body.name!r} has {body.beta_count} betas, but {betas.size} were given"
        raise InputError(problem, "give --betas of this body; they never carry over between bodies")
    return betas


def at_rate(motion: BodyMotion, rate_hz: float) -> BodyMotion:
    """The motion at another rate; see models.resample."""
    times_s = np.arange(len(motion)) / motion.rate_hz
    wanted_s = np.arange(int(times_s[-1] * rate_hz + 1e-6) + 1) / rate_hz
    rotation = resample_turns(motion.parent_from_joint, times_s, wanted_s)
    trans_m = resample_places(motion.trans_m, times_s, wanted_s)
    return replace(motion, parent_from_joint=rotation, trans_m=trans_m, rate_hz=rate_hz)
