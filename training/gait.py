"""A walk as Fourier curves: fitted to captured walks, it goes on for ever without a seam and plants its feet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from scipy.signal import find_peaks
from scipy.spatial.transform import Rotation

from models.bodies.body import Body, pose_vertices, rest_joints
from models.skeletons import SMPL_INDEX, SMPL_MIRROR
from training.mocap_clips import MocapClip
from training.plant_feet import Soles, foot_shifts, move_ankles, steady_root
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
    rest_m = rest_joints(body, torch.from_numpy(betas).float()).double().numpy()
    takes = [_cycles(retarget(clip, rest_m), rest_m, clip.rate_hz) for clip in clips]
    phase = np.concatenate([shifted for take in takes for shifted in (take.phase, take.phase + 0.5)])
    rotation = np.concatenate(
        [r for take in takes for r in (take.parent_from_joint, _mirrored(take.parent_from_joint))]
    )
    sway_m = np.concatenate([way for take in takes for way in (take.sway_m, take.sway_m * (-1, 1, 1))])
    mean = np.stack([Rotation.from_matrix(rotation[:, joint]).mean().as_matrix() for joint in range(24)])
    swing = Rotation.from_matrix((np.swapaxes(mean, -1, -2) @ rotation).reshape(-1, 3, 3)).as_rotvec()
    return Gait(
        period_s=float(np.mean([take.period_s for take in takes])),
        mean=mean,
        curve_rad=_fitted(phase, swing.reshape(len(phase), -1)).reshape(-1, 24, 3),
        sway_m=_fitted(phase, sway_m),
    )


def gait_rotations(gait: Gait, phase: Float[np.ndarray, " frames"]) -> Float[np.ndarray, "frames 24 3 3"]:
    """Rotations at phases counted in cycles; parent_from_joint."""
    swing = np.tensordot(_waves(phase), gait.curve_rad, axes=1)
    return gait.mean @ Rotation.from_rotvec(swing.reshape(-1, 3)).as_matrix().reshape(*swing.shape[:-1], 3, 3)


def walk(
    gait: Gait, body: Body, betas: Float[np.ndarray, " betas"], times_s: Float[np.ndarray, " frames"]
) -> tuple[Float[np.ndarray, "frames 24 3 3"], Float[np.ndarray, "frames 3"]]:
    """Rotations and translation (SMPL's) of a walk along +Z on the floor at y = 0; times are evenly spaced."""
    rest_m = rest_joints(body, torch.from_numpy(betas).float()).double().numpy()
    step_s = (times_s[1] - times_s[0]) / FINE
    margin = int(gait.period_s / step_s)
    fine = np.arange(-margin, (len(times_s) - 1) * FINE + margin + 1)
    fine_s = times_s[0] + fine * step_s
    phase = fine_s / gait.period_s
    rotation = gait_rotations(gait, phase)
    soles = _soles(body, betas, rotation)
    sway_m = _waves(phase) @ gait.sway_m
    root_m = steady_root(soles, sway_m, fine_s)
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


def _mirrored(rotation: Float[np.ndarray, "frames 24 3 3"]) -> Float[np.ndarray, "frames 24 3 3"]:
    flip = np.diag([-1.0, 1, 1])
    return flip @ rotation[:, list(SMPL_MIRROR)] @ flip


def _waves(phase: Float[np.ndarray, " frames"]) -> Float[np.ndarray, "frames coefficients"]:
    angle = 2 * np.pi * phase[:, None] * np.arange(1, HARMONICS + 1)
    return np.concatenate([np.ones((len(phase), 1)), np.cos(angle), np.sin(angle)], axis=1)


def _fitted(phase: Float[np.ndarray, " frames"], values: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(_waves(phase), values, rcond=None)[0]


def _soles(body: Body, betas: np.ndarray, rotation: Float[np.ndarray, "times 24 3 3"]) -> Soles:
    trans_m = torch.zeros(len(rotation), 3)
    posed = (torch.from_numpy(betas).float(), torch.from_numpy(rotation).float(), trans_m)
    feet = [[SMPL_INDEX[f"{side}_{part}"] for part in ("ankle", "foot")] for side in ("left", "right")]
    points = [torch.nonzero(body.skin_matrix[:, joints].sum(dim=1) > 0.9)[:, 0] for joints in feet]
    left_m, right_m = (pose_vertices(body, *posed, chosen).double().numpy() for chosen in points)
    return Soles(left_m, right_m)
