"""The motion of one person brought into line with his keypoints on a body of ours."""

import logging
from collections.abc import Sequence
from typing import Final

import numpy as np
import roma
import torch
from torch import Tensor

from models.bodies.body import Body
from models.devices import find_device, single_thread, to_array
from models.errors import InputError
from models.filters import fill_positions, fill_rotations
from models.given_motion import Laid, changes_of, lay_into_world, posed
from models.ik_plugin import improve_motion
from models.ik_refine import parent_from_joints
from models.keypoints import Keypoints
from models.nets.load import load_pose_net
from models.readers.given import BodyMotion, WorldPoints
from models.readers.timeline import steady_motion, steady_points
from models.resample import resample_places, resample_turns
from models.retarget.body import posed_points
from models.rig import Pose, Rig, make_rig, rig_points
from models.shape_points import betas_from_points
from models.stand_in_camera import stand_in_matrix, world_from_stand_in
from models.stand_on_floor import lift_above_floor_m
from stages.contracts import JointTrack
from stages.given.refined import Config, Refined

log = logging.getLogger(__name__)

FEW: Final = 6
"""Fewer points do not tell a pose."""
LEAST_FRAMES: Final = 10
"""Less time in common shows nothing that is constant."""
FAR_M: Final = 0.25
"""Points this far from the given motion, in the middle of a clip, are somebody else's."""


def of_track(track: JointTrack) -> WorldPoints:
    """A lifted track as keypoints."""
    seen = track.observed[:, None]
    return WorldPoints(
        label="0",
        set_name="blazepose33",
        timestamps_s=track.timestamps_s,
        points_m=np.where(seen[..., None], np.nan_to_num(track.landmarks_m), 0.0),
        confidence=np.where(seen, np.nan_to_num(track.confidence), 0.0),
    )


@single_thread()
def refine(
    config: Config,
    people: Sequence[BodyMotion],
    points: WorldPoints,
    body: Body,
    *,
    device: str,
    seen_by: JointTrack | None = None,
) -> Refined:
    """Improve whoever fits the keypoints best; see stages.given.refined.run.

    Args:
        seen_by: the track that the points come from, whose camera and floor stay.
    """
    moved = body.to(find_device(device), torch.float32)
    line, points_m, confidence = steady_points(points)
    observed = (confidence > 0).sum(axis=1) >= FEW
    if observed.sum() < LEAST_FRAMES:
        raise InputError(f"keypoints of {int(observed.sum())} frames are too few", f"give {LEAST_FRAMES} or more")
    places_m, trust = (torch.from_numpy(array).to(moved.template_m) for array in (points_m, confidence))
    seen = Keypoints(points.set_name, places_m, trust, float(line.rate_hz))
    betas = betas_from_points(
        moved, points.set_name, seen.points_m[observed], seen.confidence[observed], config.height_m
    )
    rig = make_rig(moved, betas, points.set_name)
    laid, covered = _best(people, rig, seen, line.timestamps_s, steps=config.steps)
    used = Keypoints(
        seen.set_name,
        seen.points_m,
        seen.confidence * torch.from_numpy(covered).to(seen.confidence)[:, None],
        seen.rate_hz,
    )
    better = improve_motion(rig, used, laid.pose, net=load_pose_net(), steps=config.steps)
    changed = changes_of(rig, make_rig(moved, betas, "smpl24"), used, laid.pose, better.pose)
    counts = covered & observed
    exact = roma.special_gramschmidt(better.pose.world_from_joint.double()[..., :2])
    local = to_array(fill_rotations(parent_from_joints(exact).cpu(), counts))
    trans_m = to_array(fill_positions((better.pose.root_m - rig.pelvis_m).double().cpu(), counts))
    whole, shape = body.to("cpu", torch.float64), betas.double().cpu()
    if seen_by is None:
        trans_m[:, 1] += lift_above_floor_m(whole, shape, local, trans_m)
    joints_m, _ = posed_points(whole, shape, local, trans_m)
    return Refined(
        rate_hz=line.rate_hz,
        timestamps_s=line.timestamps_s,
        observed=counts,
        parent_from_joint=local,
        trans_m=trans_m,
        betas=to_array(betas),
        confidence=np.repeat((confidence.mean(axis=1) * counts)[:, None], local.shape[1], axis=1),
        world_from_camera=world_from_stand_in(joints_m) if seen_by is None else seen_by.world_from_camera,
        camera_matrix=stand_in_matrix() if seen_by is None else seen_by.camera_matrix,
        camera_from_steady=np.zeros((0, 3, 3)) if seen_by is None else seen_by.camera_from_steady,
        body_model=body.name,
        body_sha256=body.sha256,
        turned_rad=to_array(changed.turned_rad),
        moved_m=to_array(changed.moved_m),
        motion_refused=better.motion_refused.cpu().numpy(),
        points_seen=to_array((used.confidence > 0).sum(-1).float()),
        points_refused=to_array(better.point_refused.sum(-1).float()),
        away_before_m=to_array(changed.away_before_m),
        away_after_m=to_array(changed.away_after_m),
        turned_world_rad=laid.turned_rad,
    )


def _best(
    people: Sequence[BodyMotion], rig: Rig, seen: Keypoints, times_s: np.ndarray, *, steps: int
) -> tuple[Laid, np.ndarray]:
    """The motion that lies nearest to the points once it is laid into their world, and the frames that it covers."""
    found: list[tuple[float, Laid, np.ndarray]] = []
    for person in people:
        given, covered = _at_times(person, rig, times_s, seen.points_m)
        if covered.sum() < LEAST_FRAMES:
            continue
        there = torch.from_numpy(covered).to(seen.confidence)[:, None]
        some = Keypoints(seen.set_name, seen.points_m, seen.confidence * there, seen.rate_hz)
        laid = lay_into_world(rig, some, given, net=load_pose_net(), steps=steps, has_way=person.has_way)
        away_m = (rig_points(rig, laid.pose) - some.points_m).norm(dim=-1)
        found.append((float(away_m[some.confidence > 0].median()), laid, covered))
    if not found:
        raise InputError(
            f"motion and keypoints have fewer than {LEAST_FRAMES} frames in common",
            "give both from the same video, and its rate with --rate",
        )
    away_m, laid, covered = min(found, key=lambda each: each[0])
    if away_m > FAR_M:
        log.warning("the given motion lies %.2f m from the keypoints: are both of the same person and video?", away_m)
    return laid, covered


def _at_times(person: BodyMotion, rig: Rig, times_s: np.ndarray, like: Tensor) -> tuple[Pose, np.ndarray]:
    """The motion at the keypoints' times; held where it does not reach, and the frames that it does."""
    line, local, trans_m = steady_motion(person)
    turns = to_array(fill_rotations(torch.from_numpy(local), line.observed))
    way_m = to_array(fill_positions(torch.from_numpy(trans_m), line.observed))
    slack_s = 0.5 / line.rate_hz
    inside = (times_s >= line.timestamps_s[0] - slack_s) & (times_s <= line.timestamps_s[-1] + slack_s)
    nearest = np.searchsorted(line.timestamps_s, times_s).clip(max=len(turns) - 1)
    parts = resample_turns(turns, line.timestamps_s, times_s), resample_places(way_m, line.timestamps_s, times_s)
    turned, placed = (torch.from_numpy(part).to(like) for part in parts)
    return posed(turned, placed + rig.pelvis_m), inside & line.observed[nearest]
