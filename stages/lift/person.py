"""One person's pixels and rough shape become metric landmarks in the camera and in the world, at a constant rate."""

import logging
import math

import numpy as np
from jaxtyping import Bool, Float

from models import camera, landmark_bones, side_swap
from models.errors import InputError
from models.rough_map import identity_map, load_map
from models.skeletons import LANDMARK_INDEX
from models.trajectory import Fit, FitOptions, View, fit_trajectory
from stages.contracts import Clip, JointTrack, Person
from stages.lift import evidence, resample
from stages.lift.config import Config
from stages.lift.head import carry_face

log = logging.getLogger(__name__)


def lift_person(config: Config, clip: Clip, person: Person) -> JointTrack:
    """Lift one person.

    Left and right are put right first, on the video's own frames; then everything is resampled once, and positions
    and bone lengths are fitted together (models.trajectory).

    Raises:
        InputError: the person was never seen in two neighbouring frames of a clip that has to be resampled.
    """
    camera_matrix = camera.pinhole(_focal_length_px(config, clip), clip.width_px, clip.height_px)
    sides, seen = _sides(person), person.observed
    rate_hz = config.rate_hz or resample.nearest_rate(clip.timestamps_s)
    plan = resample.plan(clip.timestamps_s, person.first_frame, seen, rate_hz)
    if not plan.observed.any():
        raise InputError(
            f"one person was seen in {int(seen.sum())} scattered frames only", "choose another person or another part"
        )
    sight = evidence.gather(person, sides, plan, camera_matrix, load_map() if config.corrected else identity_map())
    fit, points_m = _fit(config, sight, View(camera_matrix, rate_hz))
    return _in_world(config, points_m * _scale(config, fit), sight, plan.nearest(sides.swapped) & plan.observed)


def _sides(person: Person) -> side_swap.Sides:
    seen = person.observed
    found = side_swap.find_swaps(
        person.landmarks_px[seen], person.rough_m[seen], person.timestamps_s[seen], side_swap.SwapCosts()
    )
    swapped, torn = np.zeros((2, len(seen)), dtype=bool)
    swapped[seen], torn[seen] = found.swapped, found.torn
    return side_swap.Sides(swapped, torn)


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
) -> JointTrack:
    level = camera.world_from_level_camera(0.0, math.radians(config.camera_pitch_deg))
    height_m = -_floor_m(points_m[sight.observed] @ level[:3, :3].T)
    world_from_camera = camera.world_from_level_camera(height_m, math.radians(config.camera_pitch_deg))
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
    )


def _floor_m(landmarks_m: Float[np.ndarray, "frames 33 3"]) -> float:
    """Height of the floor: where the lower foot is in all but the lowest twentieth of the frames."""
    feet = [LANDMARK_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("heel", "foot_index")]
    return float(np.quantile(landmarks_m[:, feet, 1].min(axis=1), 0.05))
