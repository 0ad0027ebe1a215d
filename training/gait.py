"""A walk as Fourier curves: fitted to captured walks, it goes on for ever without a seam and plants its feet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.signal import find_peaks
from scipy.spatial.transform import Rotation

from models.bodies.body import Body, pose_vertices, rest_joints
from models.skeletons import SMPL_INDEX, SMPL_MIRROR
from training.mocap_clips import MocapClip
from training.retarget import SmplPose, joint_positions, retarget

HARMONICS: Final = 5
FINE: Final = 8
"""Steps per frame in which the root is carried forward."""
CONTACT_M: Final = 0.004
"""Height over the lowest point of the soles at which a point's share in carrying the body has fallen by e."""


@dataclass(frozen=True, eq=False)
class Gait:
    """One cycle from left heel strike to left heel strike; the walker faces +Z.

    Attributes:
        mean: rotation of each joint about which it swings; the root's is world_from_pelvis.
        curve_rad: coefficients of the swing's rotation vector: constant, then cosine and sine of each harmonic.
    """

    period_s: float
    mean: Float[np.ndarray, "24 3 3"]
    curve_rad: Float[np.ndarray, "coefficients 24 3"]


def fit_gait(clips: Sequence[MocapClip], body: Body, betas: Float[np.ndarray, " betas"]) -> Gait:
    """Fit the curves to every whole cycle of straight walks, and to their mirror images half a cycle later."""
    rest_m = rest_joints(body, torch.from_numpy(betas).float()).double().numpy()
    phases, rotations, periods_s = [], [], []
    for clip in clips:
        pose = retarget(clip, rest_m)
        phase, frames, period_s = _cycles(pose, rest_m, clip.rate_hz)
        turned = _facing_ahead(pose)[frames]
        phases += [phase, phase + 0.5]
        rotations += [turned, _mirrored(turned)]
        periods_s.append(period_s)
    phase, rotation = np.concatenate(phases), np.concatenate(rotations)
    mean = np.stack([Rotation.from_matrix(rotation[:, joint]).mean().as_matrix() for joint in range(24)])
    swing = Rotation.from_matrix((np.swapaxes(mean, -1, -2) @ rotation).reshape(-1, 3, 3)).as_rotvec()
    curve = np.linalg.lstsq(_waves(phase), swing.reshape(len(phase), -1), rcond=None)[0]
    return Gait(float(np.mean(periods_s)), mean, curve.reshape(-1, 24, 3))


def gait_rotations(gait: Gait, phase: Float[np.ndarray, " frames"]) -> Float[np.ndarray, "frames 24 3 3"]:
    """Rotations at phases counted in cycles; parent_from_joint."""
    swing = np.tensordot(_waves(phase), gait.curve_rad, axes=1)
    return gait.mean @ Rotation.from_rotvec(swing.reshape(-1, 3)).as_matrix().reshape(*swing.shape[:-1], 3, 3)


def walk(
    gait: Gait, body: Body, betas: Float[np.ndarray, " betas"], times_s: Float[np.ndarray, " frames"]
) -> tuple[Float[np.ndarray, "frames 24 3 3"], Float[np.ndarray, "frames 3"]]:
    """Rotations and translation (SMPL's) of a walk along +Z on the floor at y = 0, from the origin.

    Whatever part of the soles is lowest stands still and carries the body forward; it touches the floor.
    """
    step_s = float(np.min(np.diff(times_s))) / FINE
    fine_s = np.arange(times_s[0] - step_s, times_s[-1] + 2 * step_s, step_s)
    soles_m = _soles_m(body, betas, gait_rotations(gait, fine_s / gait.period_s))
    height_m = soles_m[..., 1].min(axis=1)
    share = np.exp(-(soles_m[..., 1] - height_m[:, None]) / CONTACT_M)
    share /= share.sum(axis=1, keepdims=True)
    backward_m = np.einsum("fv,fvc->fc", (share[1:] + share[:-1]) / 2, np.diff(soles_m, axis=0))
    travelled_m = np.concatenate([np.zeros((1, 3)), -np.cumsum(backward_m, axis=0)])
    travelled_m[:, 1] = -height_m
    travelled_m[:, 0] -= np.polyval(np.polyfit(fine_s, travelled_m[:, 0], 1), fine_s)
    trans_m = np.stack([np.interp(times_s, fine_s, travelled_m[:, axis]) for axis in range(3)], axis=-1)
    return gait_rotations(gait, times_s / gait.period_s), trans_m - (0, 0, trans_m[0, 2])


def _cycles(
    pose: SmplPose, rest_m: np.ndarray, rate_hz: float
) -> tuple[Float[np.ndarray, " chosen"], Int[np.ndarray, " chosen"], float]:
    """Phase and index of the frames between the first and the last left heel strike, and a cycle's seconds."""
    joints_m = joint_positions(pose, rest_m)
    reach_m = (joints_m[:, SMPL_INDEX["left_ankle"]] - joints_m[:, SMPL_INDEX["right_ankle"]]) @ _ahead(pose)
    strikes = find_peaks(reach_m, height=0.5 * reach_m.max(), distance=int(0.6 * rate_hz))[0]
    frames = np.arange(strikes[0], strikes[-1])
    phase = np.interp(frames, strikes, np.arange(len(strikes)))
    return phase, frames, float(np.diff(strikes).mean() / rate_hz)


def _ahead(pose: SmplPose) -> Float[np.ndarray, " 3"]:
    way_m = (pose.pelvis_m[-1] - pose.pelvis_m[0]) * (1, 0, 1)
    return way_m / np.linalg.norm(way_m)


def _facing_ahead(pose: SmplPose) -> Float[np.ndarray, "frames 24 3 3"]:
    ahead = _ahead(pose)
    turned = pose.parent_from_joint.copy()
    turned[:, 0] = Rotation.from_rotvec((0, -np.arctan2(ahead[0], ahead[2]), 0)).as_matrix() @ turned[:, 0]
    return turned


def _mirrored(rotation: Float[np.ndarray, "frames 24 3 3"]) -> Float[np.ndarray, "frames 24 3 3"]:
    flip = np.diag([-1.0, 1, 1])
    return flip @ rotation[:, list(SMPL_MIRROR)] @ flip


def _waves(phase: Float[np.ndarray, " frames"]) -> Float[np.ndarray, "frames coefficients"]:
    angle = 2 * np.pi * phase[:, None] * np.arange(1, HARMONICS + 1)
    return np.concatenate([np.ones((len(phase), 1)), np.cos(angle), np.sin(angle)], axis=1)


def _soles_m(
    body: Body, betas: np.ndarray, rotation: Float[np.ndarray, "frames 24 3 3"]
) -> Float[np.ndarray, "frames points 3"]:
    """The skin of both feet while the pelvis stays."""
    feet = [SMPL_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("ankle", "foot")]
    points = torch.nonzero(body.skin_matrix[:, feet].sum(dim=1) > 0.9)[:, 0]
    trans_m = torch.zeros(len(rotation), 3)
    return pose_vertices(
        body, torch.from_numpy(betas).float(), torch.from_numpy(rotation).float(), trans_m, points
    ).double().numpy()  # fmt: skip
