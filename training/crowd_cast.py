"""Sends captured walks along given ways: the pose is the captured one, place and heading are those of the way."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from models.bodies.body import Body
from models.errors import InputError
from models.resample import resample_places, resample_turns
from training.body_motion import LYING_FAMILY
from training.crowd_paths import Way, walked
from training.mocap_clips import MocapClip, read_clips
from training.plant_feet import rest_joints_of, soles_of
from training.retarget import retarget

CALM_S: Final = 0.3
"""What the captured person does more slowly than this is replaced by the way."""
STANDS_M_S: Final = 0.15
"""Whoever is slower keeps his heading."""
MIN_S: Final = 1.5


@dataclass(frozen=True, eq=False)
class Takes:
    """Motion capture for those who go somewhere and for those who stay."""

    walks: tuple[MocapClip, ...]
    dances: tuple[MocapClip, ...]


def read_takes(folder: Path) -> Takes:
    """The walks and the dances in a folder of shards.

    Raises:
        InputError: it holds no shard, no walk or no dance.
    """
    clips = [clip for clip in read_clips(folder) if clip.family != LYING_FAMILY]
    clips = [clip for clip in clips if len(clip.root_m) > MIN_S * clip.rate_hz]
    walks = tuple(clip for clip in clips if "walk" in clip.action.lower())
    dances = tuple(clip for clip in clips if "salsa" in clip.action.lower())
    if not (walks and dances):
        raise InputError(f"{folder} holds {len(walks)} walks and {len(dances)} dances", "give a folder with both")
    return Takes(walks, dances)


def act(
    way: Way,
    times_s: Float[np.ndarray, " frames"],
    takes: Takes,
    who: tuple[Body, Float[np.ndarray, " betas"]],
    rng: np.random.Generator,
) -> tuple[Float[np.ndarray, "frames 24 3 3"], Float[np.ndarray, "frames 3"]]:
    """Rotations (parent_from_joint) and SMPL translation of somebody on his way.

    Args:
        way: x to the right, -z away from the camera.
        times_s: of the frames; evenly spaced.
        takes: a walk is chosen for whoever moves, a dance for whoever stays.
        who: body and betas.
        rng: chooses the take and where in it he begins.
    """
    place_m = walked(way, times_s) * (1, -1)
    moves = bool(np.ptp(place_m, axis=0).max() > 0.5)
    choice = takes.walks if moves else takes.dances
    body, betas = who
    rest_m = rest_joints_of(body, betas)
    rotation, pelvis_m = _at_times(choice[rng.integers(len(choice))], rest_m, times_s, rng)
    soles_m = soles_of(body, betas, rotation).both_m[..., 1].min(axis=1)
    heading = _heading(place_m, times_s) if moves else np.full(len(times_s), rng.uniform(-1, 1))
    turn = Rotation.from_rotvec(np.outer(heading - _facing(rotation, times_s), (0, 1, 0))).as_matrix()
    rotation[:, 0] = turn @ rotation[:, 0]
    calm_m = gaussian_filter1d(pelvis_m, CALM_S / (times_s[1] - times_s[0]), axis=0, mode="nearest")
    sway_m = np.einsum("fij,fj->fi", turn, (pelvis_m - calm_m) * (1, 0, 1))
    level_m = np.stack([place_m[:, 0], -soles_m, place_m[:, 1]], axis=1)
    return rotation, level_m + sway_m - rest_m[0] * (1, 0, 1)


def _at_times(
    clip: MocapClip, rest_m: Float[np.ndarray, "24 3"], times_s: Float[np.ndarray, " frames"], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The take from a random moment on, forward and backward in turn where it is short."""
    pose = retarget(clip, rest_m)
    known_s = np.arange(len(pose.pelvis_m)) / clip.rate_hz
    end_s = known_s[-1]
    wanted_s = times_s + rng.uniform(0, max(end_s - times_s[-1], 0.0))
    folded_s = end_s - np.abs(end_s - wanted_s % (2 * end_s))
    return resample_turns(pose.parent_from_joint, known_s, folded_s), resample_places(pose.pelvis_m, known_s, folded_s)


def _facing(rotation: Float[np.ndarray, "frames 24 3 3"], times_s: np.ndarray) -> Float[np.ndarray, " frames"]:
    """Where the pelvis looks, radians from +Z toward +X, without its swinging."""
    forward = rotation[:, 0, :, 2]
    angle = np.unwrap(np.arctan2(forward[:, 0], forward[:, 2]))
    return gaussian_filter1d(angle, CALM_S / (times_s[1] - times_s[0]), mode="nearest")


def _heading(place_m: Float[np.ndarray, "frames 2"], times_s: np.ndarray) -> Float[np.ndarray, " frames"]:
    """Where the way leads; while he stands, where it led before."""
    speed = np.gradient(place_m, times_s, axis=0)
    goes = np.linalg.norm(speed, axis=1) > STANDS_M_S
    last = np.maximum.accumulate(np.where(goes, np.arange(len(goes)), int(np.argmax(goes))))
    angle = np.unwrap(np.arctan2(speed[last, 0], speed[last, 1]))
    return gaussian_filter1d(angle, CALM_S / (times_s[1] - times_s[0]), mode="nearest")
