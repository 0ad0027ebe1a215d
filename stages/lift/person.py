"""One person's pixels and rough shape become metric landmarks in the camera and in the world, at a constant rate."""

import logging
import math
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from models import camera, landmark_bones
from models.camera_turns import Turns, camera_turns, still
from models.errors import InputError
from models.nets.lifter_file import load_lifter
from models.resample import resample_turns
from models.rough_map import identity_map, load_map
from models.skeletons import LANDMARK_INDEX
from models.trajectory import Fit, FitOptions, View, fit_trajectory
from stages.contracts import Clip, JointTrack, Person
from stages.lift import evidence, resample
from stages.lift.config import Config
from stages.lift.doubt import deviations
from stages.lift.head import carry_face
from stages.lift.level import place_camera
from stages.lift.shape import reshape
from stages.lift.sides import find_sides

log = logging.getLogger(__name__)

LEAST_AHEAD = 0.25
"""Cosine of the angle between the steady camera's axis and the farthest ray: beyond 75 degrees a picture stretches
fourfold and more."""


def lift_person(config: Config, clip: Clip, person: Person, background: Float[np.ndarray, "watched 4"]) -> JointTrack:
    """Lift one person before a background that moves as Detections.background says.

    Left and right are put right first, on the video's own frames; then everything is resampled once, and positions
    and bone lengths are fitted together (models.trajectory).

    Raises:
        InputError: the person was never seen in two neighbouring frames of a clip that has to be resampled.
    """
    camera_matrix = camera.pinhole(_focal_length_px(config, clip), clip.width_px, clip.height_px)
    sides, seen = find_sides(person), person.observed
    rate_hz = config.rate_hz or resample.nearest_rate(clip.timestamps_s)
    plan = resample.plan(clip.timestamps_s, person.first_frame, seen, rate_hz)
    if not plan.observed.any():
        raise InputError(
            f"one person was seen in {int(seen.sum())} scattered frames only", "choose another person or another part"
        )
    turns = _turns(config, background, camera_matrix) if config.camera_turns else still(known=True)
    sight = evidence.gather(
        person, sides, plan, camera_matrix, identity_map() if config.lifter == "rough" else load_map()
    )
    if config.lifter == "learned":
        sight = reshape(sight, load_lifter())
    turns = _at_rate(turns, clip, sight)
    steady = evidence.steady(sight, turns.camera_from_steady)
    fit, points_m = _fit(config, steady, View(camera_matrix, rate_hz))
    swapped = plan.nearest(sides.swapped) & plan.observed
    track = _in_world(config, points_m * _scale(config, fit), sight, swapped, turns)
    return replace(track, sigma_m=deviations(steady, track.world_from_camera))


def _turns(config: Config, background: Float[np.ndarray, "watched 4"], camera_matrix: np.ndarray) -> Turns:
    turns = camera_turns(background, camera_matrix) if len(background) else still(known=False)
    if not turns.known:
        log.warning(
            "the background does not show whether the camera turns: paths through the world hold only if it stood "
            "still, else they are relative to it"
        )
    return turns


def _at_rate(turns: Turns, clip: Clip, sight: evidence.Sight) -> Turns:
    """The turns at the track's times; none where the person leaves what one steady picture can show."""
    if not len(turns.camera_from_steady):
        return turns
    turned = resample_turns(turns.camera_from_steady, clip.timestamps_s, sight.timestamps_s)
    if evidence.least_ahead(sight, turned) < LEAST_AHEAD:
        log.warning("the camera turns too far to take it out: paths through the world are relative to it")
        return still(known=False)
    log.info("the camera turns by up to %.0f degrees: taken out", math.degrees(_range_rad(turned)))
    return Turns(turned, turns.known)


def _focal_length_px(config: Config, clip: Clip) -> float:
    if config.focal_length_px is not None:
        return config.focal_length_px
    if config.field_of_view_deg is not None:
        return camera.focal_length_from_view(math.radians(config.field_of_view_deg), clip.width_px)
    if math.isfinite(clip.focal_length_px):
        return clip.focal_length_px
    guess = float(max(clip.width_px, clip.height_px))
    log.info("focal length unknown: guessed %.0f px, the longer side; depth is off by as much as the guess", guess)
    return guess


def _fit(config: Config, sight: evidence.Sight, view: View) -> tuple[Fit, Float[np.ndarray, "frames 33 3"]]:
    """Fitted lengths and landmarks in camera axes; NaN where not observed."""
    solved = landmark_bones.SOLVED_INDEX
    prior = evidence.believe_lengths(sight, config.noise)
    fit = fit_trajectory(
        evidence.weigh(sight, prior.mean_m, config.noise),
        landmark_bones.make_skeleton(),
        prior,
        evidence.first_guess(sight)[:, solved],
        view,
        FitOptions(jerk=config.jerk),
    )
    points_m = np.full((*sight.observed.shape, 33, 3), np.nan)
    points_m[:, solved] = fit.points_m
    points_m = carry_face(points_m, sight.shape_m, sight.observed)
    points_m[~sight.observed] = np.nan
    return fit, points_m


def _scale(config: Config, fit: Fit) -> float:
    found_m = landmark_bones.stature(fit.length_m)
    log.info("stature by the detector's metres: %.2f m", config.metre * found_m)
    return config.metre if config.height_m is None else config.height_m / found_m


def _in_world(
    config: Config,
    points_m: Float[np.ndarray, "frames 33 3"],
    sight: evidence.Sight,
    swapped: Bool[np.ndarray, " frames"],
    turns: Turns,
) -> JointTrack:
    world_from_camera = place_camera(config, points_m, sight.observed, sight.timestamps_s)
    return JointTrack(
        rate_hz=sight.rate_hz,
        timestamps_s=sight.timestamps_s,
        observed=sight.observed,
        landmarks_m=points_m @ world_from_camera[:3, :3].T + world_from_camera[:3, 3],
        landmarks_px=sight.pixels,
        confidence=sight.confidence,
        swapped=swapped,
        world_from_camera=world_from_camera,
        camera_matrix=sight.camera_matrix,
        camera_from_steady=turns.camera_from_steady,
        camera_is_known=turns.known,
    )


def _range_rad(turned: Float[np.ndarray, "frames 3 3"]) -> float:
    """The widest angle between two directions of view."""
    ahead = turned[:, 2]
    return math.acos(float(np.clip((ahead @ ahead.T).min(), -1, 1)))


def floor_m(landmarks_m: Float[np.ndarray, "frames 33 3"]) -> float:
    """Height of the floor: where the lower foot is in all but the lowest twentieth of the frames."""
    feet = [LANDMARK_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("heel", "foot_index")]
    return float(np.quantile(landmarks_m[:, feet, 1].min(axis=1), 0.05))
