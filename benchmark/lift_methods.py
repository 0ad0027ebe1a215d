"""Ways from what the detector saw of somebody to his landmarks: the pipeline, its parts, and without each."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float

from benchmark.metrics import Points
from models import camera
from models.bodies import load_body
from models.bodies.body import pose_landmarks
from models.rough_map import load_map
from models.side_swap import Sides
from models.trajectory import Fit
from pipeline.config import PipelineConfig
from stages import denoise, lift, solve
from stages.contracts import Clip, Detections, JointTrack, Motion, Person, RawMotion
from stages.lift import evidence, resample
from stages.lift import person as lift_person
from stages.lift.sides import find_sides


@dataclass(frozen=True, eq=False)
class Seen:
    """What the stages before lift made of a clip, and its true camera."""

    clip: Clip
    detections: Detections
    person: Person
    camera_matrix: Float[np.ndarray, "3 3"]


@dataclass(frozen=True, eq=False)
class Found:
    """Landmarks in the camera's axes.

    Attributes:
        placed: whether where the person is means anything.
        sigma_m: standard deviations of the landmarks about the mid-hip along the camera's axes; none by most methods.
    """

    landmarks_m: Points
    times_s: Float[np.ndarray, " frames"]
    placed: bool = True
    sigma_m: Float[np.ndarray, "told 33 3"] | None = None


Method = Callable[[PipelineConfig, Seen], Found]


def bare_detector(config: PipelineConfig, seen: Seen) -> Found:
    """The detector's metres, untouched."""
    rows = seen.person.observed
    return Found(seen.person.rough_m[rows], seen.person.timestamps_s[rows], placed=False)


def linear_map(config: PipelineConfig, seen: Seen) -> Found:
    """Sides put right, the linear map, turned to the camera's axes; nothing of time."""
    plan = resample.plan(
        seen.clip.timestamps_s,
        seen.person.first_frame,
        seen.person.observed,
        resample.nearest_rate(seen.clip.timestamps_s),
    )
    matrix = camera.pinhole(max(seen.clip.width_px, seen.clip.height_px), seen.clip.width_px, seen.clip.height_px)
    sight = evidence.gather(seen.person, find_sides(seen.person), plan, matrix, load_map())
    return Found(sight.shape_m[sight.observed], sight.timestamps_s[sight.observed], placed=False)


def whole(config: PipelineConfig, seen: Seen) -> Found:
    """Every stage."""
    return _of_motion(denoise.run(config.denoise, _solve(config, _lift(config, seen)), device="cpu"))


def lifted(config: PipelineConfig, seen: Seen) -> Found:
    """Up to lift, with the deviations that it tells."""
    track = _lift(config, seen)
    rows, axes = track.observed, track.world_from_camera[:3, :3]
    points_m = (track.landmarks_m[rows] - track.world_from_camera[:3, 3]) @ axes
    sigma_m = np.sqrt(track.sigma_m[rows] ** 2 @ axes**2) if len(track.sigma_m) else None
    return Found(points_m, track.timestamps_s[rows], sigma_m=sigma_m)


def without_foot_lock(config: PipelineConfig, seen: Seen) -> Found:
    """Planted feet move as they are found."""
    return whole(replace(config, denoise=replace(config.denoise, foot_lock=False)), seen)


def without_found_floor(config: PipelineConfig, seen: Seen) -> Found:
    """The camera is believed to be level, in place of what the feet say of floor and vertical."""
    return whole(_lifting(config, camera_pitch_deg=0.0), seen)


def without_denoiser(config: PipelineConfig, seen: Seen) -> Found:
    """Up to solve: neither filter nor foot lock."""
    return _of_motion(_solve(config, _lift(config, seen)))


def without_swap_repair(config: PipelineConfig, seen: Seen) -> Found:
    """Left and right as the detector has them."""
    with _in_place_of(lift_person, "find_sides", _believe_sides):
        return whole(config, seen)


def without_fit(config: PipelineConfig, seen: Seen) -> Found:
    """Every frame's shape where its own pixels put it, in place of paths and bones that are fitted together."""
    with _in_place_of(lift_person, "fit_trajectory", _keep_guess):
        return whole(config, seen)


def with_linear_lifter(config: PipelineConfig, seen: Seen) -> Found:
    """Every stage without the network: sides, linear map, paths and bones of constant length."""
    return whole(_lifting(config, lifter="linear"), seen)


def with_learned_lifter(config: PipelineConfig, seen: Seen) -> Found:
    """Every stage with the network."""
    return whole(_lifting(config, lifter="learned"), seen)


def with_true_focal_length(config: PipelineConfig, seen: Seen) -> Found:
    """Every stage, told what is guessed otherwise."""
    return whole(_lifting(config, focal_length_px=float(seen.camera_matrix[0, 0])), seen)


METHODS: Final[Mapping[str, Method]] = {
    "bare detector": bare_detector,
    "linear map": linear_map,
    "constant bones": with_linear_lifter,
    "learned lifter": with_learned_lifter,
    "default": whole,
    "default, lift alone": lifted,
    "default, true focal length": with_true_focal_length,
}
ABLATIONS: Final[Mapping[str, Method]] = {
    "no network": with_linear_lifter,
    "no swap repair": without_swap_repair,
    "no fit of paths and bones": without_fit,
    "no foot lock": without_foot_lock,
    "camera believed level": without_found_floor,
    "no denoiser, no foot lock": without_denoiser,
}


def _lift(config: PipelineConfig, seen: Seen) -> JointTrack:
    return lift.run(config.lift, seen.clip, seen.detections, seen.person)


def _solve(config: PipelineConfig, track: JointTrack) -> RawMotion:
    return solve.run(config.solve, track, device="cpu")


def _lifting(config: PipelineConfig, **settings: Any) -> PipelineConfig:
    return replace(config, lift=replace(config.lift, **settings))


def _of_motion(motion: RawMotion) -> Found:
    points_m = motion.landmarks_m if isinstance(motion, Motion) else _landmarks_m(motion)
    pose = motion.world_from_camera
    return Found((points_m - pose[:3, 3]) @ pose[:3, :3], motion.timestamps_s)


def _landmarks_m(motion: RawMotion) -> Points:
    arrays = (motion.betas, motion.parent_from_joint, motion.trans_m)
    posed = (torch.from_numpy(array).float() for array in arrays)
    return pose_landmarks(load_body(motion.body_model), *posed).double().numpy()


def _believe_sides(person: Person) -> Sides:
    return Sides(*np.zeros((2, len(person.observed)), dtype=bool))


def _keep_guess(weighed: Any, skeleton: Any, prior: Any, guess_m: Points, *how: Any) -> Fit:
    """In place of models.trajectory.fit_trajectory."""
    return Fit(guess_m, prior.mean_m)


@contextmanager
def _in_place_of(module: Any, name: str, other: Callable[..., Any]) -> Generator[None]:
    """A stage with one of its parts exchanged; nothing of it can be set, because nobody else wants it so."""
    own = getattr(module, name)
    setattr(module, name, other)
    try:
        yield
    finally:
        setattr(module, name, own)
