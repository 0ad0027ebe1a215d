"""Squatting and reaching as Fourier curves: fitted to captured repetitions, on feet that stay where they are."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.signal import find_peaks
from scipy.spatial.transform import Rotation

from models.bodies.body import Body
from training.curves import fit, fit_turns, turns, waves
from training.mocap_clips import MocapClip
from training.plant_feet import rest_joints_of, stand
from training.retarget import retarget

HARMONICS: Final = 4
FINE: Final = 4
"""Steps per frame in which the soles are followed."""
LOW: Final = 0.25
"""A squat brings the pelvis down by more than this share of its height."""


@dataclass(frozen=True, eq=False)
class Repetition:
    """One cycle from squat to squat; who does it faces +Z.

    Attributes:
        mean, curve_rad: rotations, as training.curves.turns takes them.
        way_m: weights of the pelvis' way.
    """

    period_s: float
    mean: Float[np.ndarray, "24 3 3"]
    curve_rad: Float[np.ndarray, "functions 24 3"]
    way_m: Float[np.ndarray, "functions 3"]


def fit_repetition(clip: MocapClip, body: Body, betas: Float[np.ndarray, " betas"]) -> Repetition:
    """Fit the curves to every whole cycle of a clip."""
    rest_m = rest_joints_of(body, betas)
    pose = retarget(clip, rest_m)
    height_m = pose.pelvis_m[:, 1]
    squats = find_peaks(-height_m, height=(LOW - 1) * height_m.max(), distance=int(clip.rate_hz))[0]
    frames = np.arange(squats[0], squats[-1])
    rotation = pose.parent_from_joint[frames]
    facing = Rotation.from_matrix(rotation[:, 0]).mean().as_matrix()[:, 2]
    ahead = Rotation.from_rotvec((0, -np.arctan2(facing[0], facing[2]), 0)).as_matrix()
    rotation[:, 0] = ahead @ rotation[:, 0]
    basis = waves(np.interp(frames, squats, np.arange(len(squats))), HARMONICS)
    way_m = (pose.pelvis_m[frames] - pose.pelvis_m[frames].mean(axis=0) * (1, 0, 1)) @ ahead.T
    return Repetition(float(np.diff(squats).mean() / clip.rate_hz), *fit_turns(basis, rotation), fit(basis, way_m))


def repeat(
    cycle: Repetition, body: Body, betas: Float[np.ndarray, " betas"], times_s: Float[np.ndarray, " frames"]
) -> tuple[Float[np.ndarray, "frames 24 3 3"], Float[np.ndarray, "frames 3"]]:
    """Rotations and translation (SMPL's) from half a cycle after a squat on; times are evenly spaced."""
    rest_m = rest_joints_of(body, betas)
    fine_s = np.linspace(times_s[0], times_s[-1], (len(times_s) - 1) * FINE + 1)
    basis = waves(fine_s / cycle.period_s + 0.5, HARMONICS)
    rotation, trans_m = stand(body, betas, turns(cycle.mean, cycle.curve_rad, basis), basis @ cycle.way_m - rest_m[0])
    return rotation[::FINE], trans_m[::FINE]
