"""The shape of a body from lengths that stay constant, its pose from the landmarks; gaps filled and marked."""

import logging
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from models.anatomy import EVIDENCE
from models.bodies.body import Body
from models.devices import best_precision, find_device, single_thread, to_array
from models.errors import InputError
from models.filters import fill_positions, fill_rotations
from models.ik_analytic import LEAST_WEIGHT, solve_analytic, weighted_mean
from models.ik_refine import parent_from_joints
from models.rig import Pose, Rig, make_rig, rig_points
from models.shape import carry_over, fit_betas, length_ratios, length_weights, lengths_of, weighted_median
from stages.contracts import JointTrack, RawMotion
from stages.solve.config import Config
from stages.solve.posers import pose_frames

SAMPLE_FRAMES: Final = 40
"""Frames, evenly spread, from which the shape is measured."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Seen:
    """What a track holds, as tensors; zeros where not observed."""

    landmarks_m: Tensor
    confidence: Tensor
    observed: Tensor
    rate_hz: float

    @classmethod
    def of(cls, track: JointTrack, like: Tensor) -> "_Seen":
        observed = torch.from_numpy(track.observed).to(like.device)
        seen = track.observed[:, None]
        landmarks_m = np.where(seen[..., None], track.landmarks_m, 0.0)
        confidence = np.where(seen, track.confidence, 0.0)
        landmarks, worth = (torch.from_numpy(array).to(like) for array in (landmarks_m, confidence))
        return cls(landmarks, worth, observed, float(track.rate_hz))


@single_thread()
def solve_body(config: Config, track: JointTrack, body: Body, *, device: str) -> RawMotion:
    """Fit a body to a track; unobserved frames are filled between their neighbours and marked.

    Raises:
        InputError: no frame is observed.
    """
    if not track.observed.any():
        raise InputError("the person is seen in no frame", "choose another person or another part of the video")
    chosen = find_device(device)
    body = body.to(chosen, best_precision(chosen))
    seen = _Seen.of(track, body.template_m)
    betas, ratio = _measure(config, body, seen.landmarks_m[seen.observed], seen.confidence[seen.observed])
    pose = _pose(config, make_rig(body, betas), seen, ratio)
    local, trans_m = _fill(track.observed, pose, make_rig(body, betas).pelvis_m)
    return RawMotion(
        rate_hz=track.rate_hz,
        timestamps_s=track.timestamps_s,
        observed=track.observed,
        parent_from_joint=to_array(local),
        trans_m=to_array(trans_m),
        betas=to_array(betas),
        confidence=_joint_confidence(track),
        world_from_camera=track.world_from_camera,
        camera_matrix=track.camera_matrix,
        camera_from_steady=track.camera_from_steady,
        body_model=body.name,
        body_sha256=body.sha256,
    )


def _measure(config: Config, body: Body, seen_m: Tensor, confidence: Tensor) -> tuple[Tensor, Tensor]:
    """The betas, and the ratio of the body's lengths to the track's that no betas account for.

    Trunk and shoulders bend, so that lengths between landmarks depend on the pose: measured at rest, then as posed.
    """
    chosen = torch.linspace(0, len(seen_m) - 1, min(len(seen_m), SAMPLE_FRAMES), device=seen_m.device).round().long()
    seen_m, confidence = seen_m[chosen], confidence[chosen]
    length_m, weight = lengths_of(seen_m), length_weights(confidence)
    rest = torch.eye(3, dtype=seen_m.dtype, device=seen_m.device).expand(1, 24, 3, 3)
    middle_m, seen = weighted_median(length_m, weight)[None], weight.amax(0, keepdim=True)
    betas = fit_betas(body, rest, middle_m, seen, config.height_m)
    rig = make_rig(body, betas)
    rest_m = lengths_of(rig_points(rig, Pose(rest, rig.pelvis_m[None])))
    ratio = length_ratios(rest_m.expand_as(length_m), length_m, weight)
    posed = solve_analytic(rig, carry_over(seen_m, ratio), confidence, steps=config.refine_steps)
    betas = fit_betas(body, parent_from_joints(posed.world_from_joint), length_m, weight, config.height_m)
    posed_m = lengths_of(rig_points(make_rig(body, betas), posed))
    log.info("betas %s", np.array2string(to_array(betas), precision=2))
    return betas, length_ratios(posed_m, length_m, weight)


def _pose(config: Config, rig: Rig, seen: _Seen, ratio: Tensor) -> Pose:
    """The pose of every observed frame whose directions are the track's, standing where its landmarks agree best with
    the track's own."""
    carried_m = torch.where(seen.observed[:, None, None], carry_over(seen.landmarks_m, ratio), 0.0)
    found = pose_frames(config, rig, carried_m, seen.confidence, seen.rate_hz)
    pose = Pose(found.world_from_joint[seen.observed], found.root_m[seen.observed])
    gap_m = seen.landmarks_m[seen.observed] - rig_points(rig, pose)
    shift_m = weighted_mean(gap_m, seen.confidence[seen.observed].clamp_min(LEAST_WEIGHT))
    return Pose(pose.world_from_joint, pose.root_m + shift_m)


def _fill(observed: np.ndarray, pose: Pose, rest_pelvis_m: Tensor) -> tuple[Tensor, Tensor]:
    """Every joint's rotation against its parent and SMPL's translation, for all frames of the track."""
    row = np.cumsum(observed).clip(min=1) - 1
    local, root_m = parent_from_joints(pose.world_from_joint)[row], pose.root_m[row]
    return fill_rotations(local, observed), fill_positions(root_m, observed) - rest_pelvis_m


def _joint_confidence(track: JointTrack) -> np.ndarray:
    """The mean confidence of the landmarks that show a joint; 0 where nobody was seen."""
    shown = np.where(track.observed[:, None], np.nan_to_num(track.confidence), 0.0)
    return np.stack([shown[:, points].mean(axis=1) for points in EVIDENCE], axis=1)
