"""A walk as Fourier curves: fitted to captured walks, it goes on for ever without a seam and plants its feet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.signal import find_peaks
from scipy.spatial.transform import Rotation

from models.bodies.body import Body
from models.skeletons import SMPL_INDEX
from training.curves import fit, fit_turns, turns, waves
from training.mocap_clips import MocapClip
from training.plant_feet import foot_shifts, move_ankles, rest_joints_of, soles_of, steady_root
from training.pose_extremes import mirrored_poses
from training.retarget import SmplPose, joint_positions, retarget

HARMONICS: Final = 5
FINE: Final = 8
"""Steps per frame in which contact with the floor is followed."""


@dataclass(frozen=True, eq=False)
class Gait:
    """One cycle from left heel strike to left heel strike; the walker faces +Z.

    Attributes:
        mean: rotation of each joint about which it swings; the root's is world_from_pelvis.
        curve_rad: coefficients of the swing's rotation vector: constant, then cosines, then sines of the harmonics.
        sway_m: the same of the pelvis' way about its mean.
    """

    period_s: float
    mean: Float[np.ndarray, "24 3 3"]
    curve_rad: Float[np.ndarray, "coefficients 24 3"]
    sway_m: Float[np.ndarray, "coefficients 3"]


@dataclass(frozen=True, eq=False)
class _Take:
    """Whole cycles of one clip; fields as in Gait, per frame."""

    phase: Float[np.ndarray, " frames"]
    period_s: float
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"]
    sway_m: Float[np.ndarray, "frames 3"]


def fit_gait(clips: Sequence[MocapClip], body: Body, betas: Float[np.ndarray, " betas"]) -> Gait:
    """Fit the curves to every whole cycle of straight walks, and to their mirror images half a cycle later."""
    rest_m = rest_joints_of(body, betas)
    takes = [_cycles(retarget(clip, rest_m), rest_m, clip.rate_hz) for clip in clips]
    phase = np.concatenate([shifted for take in takes for shifted in (take.phase, take.phase + 0.5)])
    rotation = np.concatenate(
        [r for take in takes for r in (take.parent_from_joint, mirrored_poses(take.parent_from_joint))]
    )
    sway_m = np.concatenate([way for take in takes for way in (take.sway_m, take.sway_m * (-1, 1, 1))])
    basis = waves(phase, HARMONICS)
    period_s = float(np.mean([take.period_s for take in takes]))
    return Gait(period_s, *fit_turns(basis, rotation), sway_m=fit(basis, sway_m))


def gait_rotations(gait: Gait, phase: Float[np.ndarray, " frames"]) -> Float[np.ndarray, "frames 24 3 3"]:
    """Rotations at phases counted in cycles; parent_from_joint."""
    return turns(gait.mean, gait.curve_rad, waves(phase, HARMONICS))


def walk(
    gait: Gait, body: Body, betas: Float[np.ndarray, " betas"], times_s: Float[np.ndarray, " frames"]
) -> tuple[Float[np.ndarray, "frames 24 3 3"], Float[np.ndarray, "frames 3"]]:
    """Rotations and translation (SMPL's) of a walk along +Z on the floor at y = 0; times are evenly spaced."""
    rest_m = rest_joints_of(body, betas)
    step_s = (times_s[1] - times_s[0]) / FINE
    margin = int(gait.period_s / step_s)
    fine = np.arange(-margin, (len(times_s) - 1) * FINE + margin + 1)
    fine_s = times_s[0] + fine * step_s
    phase = fine_s / gait.period_s
    rotation = gait_rotations(gait, phase)
    soles = soles_of(body, betas, rotation)
    root_m = steady_root(soles, waves(phase, HARMONICS) @ gait.sway_m, fine_s)
    shown = slice(margin, len(fine) - margin, FINE)
    left_m, right_m = (shift_m[shown] for shift_m in foot_shifts(soles, root_m))
    free = SmplPose(rotation[shown], root_m[shown] + rest_m[0])
    planted = move_ankles(free, rest_m, (left_m, right_m))
    return planted.parent_from_joint, planted.pelvis_m - rest_m[0]


def _cycles(pose: SmplPose, rest_m: np.ndarray, rate_hz: float) -> _Take:
    """The frames between the first and the last left heel strike, turned to walk along +Z."""
    way_m = (pose.pelvis_m[-1] - pose.pelvis_m[0]) * (1, 0, 1)
    ahead = Rotation.from_rotvec((0, -np.arctan2(way_m[0], way_m[2]), 0)).as_matrix()
    joints_m = joint_positions(pose, rest_m) @ ahead.T
    reach_m = joints_m[:, SMPL_INDEX["left_ankle"], 2] - joints_m[:, SMPL_INDEX["right_ankle"], 2]
    strikes = find_peaks(reach_m, height=0.5 * reach_m.max(), distance=int(0.6 * rate_hz))[0]
    frames = np.arange(strikes[0], strikes[-1])
    rotation = pose.parent_from_joint[frames]
    rotation[:, 0] = ahead @ rotation[:, 0]
    pelvis_m = joints_m[frames, 0]
    return _Take(
        phase=np.interp(frames, strikes, np.arange(len(strikes))),
        period_s=float(np.diff(strikes).mean() / rate_hz),
        parent_from_joint=rotation,
        sway_m=pelvis_m - np.outer(frames - frames.mean(), np.polyfit(frames, pelvis_m, 1)[0]) - pelvis_m.mean(axis=0),
    )
