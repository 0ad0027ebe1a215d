"""What one person's sightings say about where he was, and how much each of them is worth."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import median_filter

from models import camera, landmark_bones
from models.nets.lifter_inputs import make_inputs, map_features
from models.rough_map import RoughMap, correct
from models.side_swap import Sides, swap_sides
from models.skeletons import LANDMARK_INDEX
from models.trajectory import LengthPrior
from models.trajectory_terms import Evidence
from stages.contracts import Person
from stages.lift.config import Noise
from stages.lift.resample import Resampling

_LIMBS: Final = ("shoulder", "hip", "knee", "ankle")
_STEADY: Final = [LANDMARK_INDEX[f"{side}_{part}"] for part in _LIMBS for side in ("left", "right")]
_HIPS: Final = [LANDMARK_INDEX["left_hip"], LANDMARK_INDEX["right_hip"]]

OUTSIDE: Final = 0.1
"""Confidence of a point outside the picture, where the detector has to invent."""

TORN: Final = 0.05
"""Factor on the confidence of a frame in which left and right ran together."""

WEIGHTLESS: Final = 0.02
"""Least confidence: no point is left without any hold."""


@dataclass(frozen=True, eq=False)
class Sight:
    """One person's sightings at the constant rate, left and right put right; NaN where not observed.

    Attributes:
        shape_m: corrected rough landmarks about the middle of both hips in camera axes.
        sigma_m: standard deviations of the shape's coordinates across the line of sight and along it, where a network
            told them; no rows otherwise.
        inputs: what a network is told (models.nets.lifter_inputs).
        camera_from_look: the axes that the rough shape was seen along.
        look_px: side of the region that was looked at.
        confidence: 0..1; 0 where not observed.
    """

    rate_hz: int
    timestamps_s: Float[np.ndarray, " frames"]
    observed: Bool[np.ndarray, " frames"]
    pixels: Float[np.ndarray, "frames 33 2"]
    shape_m: Float[np.ndarray, "frames 33 3"]
    sigma_m: Float[np.ndarray, "told 33 2"]
    inputs: Float[np.ndarray, "frames inputs"]
    camera_from_look: Float[np.ndarray, "frames 3 3"]
    look_px: Float[np.ndarray, " frames"]
    confidence: Float[np.ndarray, "frames 33"]
    camera_matrix: Float[np.ndarray, "3 3"]


def gather(
    person: Person,
    sides: Sides,
    plan: Resampling,
    camera_matrix: Float[np.ndarray, "3 3"],
    rough_map: RoughMap,
) -> Sight:
    """Put sides right, correct the rough shape, turn it from the axes of the look to the camera's, and resample."""
    region = np.where(person.observed[:, None], person.region, 0.0)
    camera_from_look = camera.camera_from_ray(region[:, :2], camera_matrix)
    landmarks_px = swap_sides(person.landmarks_px, sides.swapped)
    rough_m = swap_sides(person.rough_m, sides.swapped)
    visibility = swap_sides(person.visibility, sides.swapped)
    inputs = make_inputs(rough_m, landmarks_px, visibility, person.region, camera_matrix)
    shape_m = np.einsum("fij,fpj->fpi", camera_from_look, correct(rough_map, map_features(inputs)))
    pixels = plan.apply(landmarks_px)
    presence = np.nan_to_num(person.presence, nan=1.0)
    believed = person.visibility * presence * np.where(sides.torn, TORN, 1.0)[:, None]
    confidence = plan.apply(swap_sides(believed, sides.swapped))
    size_px = 2 * camera_matrix[:2, 2]
    outside = ((pixels < 0) | (pixels > size_px)).any(axis=2)
    return Sight(
        rate_hz=plan.rate_hz,
        timestamps_s=plan.timestamps_s,
        observed=plan.observed,
        pixels=pixels,
        shape_m=plan.apply(shape_m),
        sigma_m=np.zeros((0, 33, 2)),
        inputs=plan.apply(inputs),
        camera_from_look=camera.camera_from_ray(np.nan_to_num(plan.apply(region[:, :2])), camera_matrix),
        look_px=plan.apply(region[:, 2]),
        confidence=np.nan_to_num(np.clip(confidence, 0, 1) * np.where(outside, OUTSIDE, 1.0)),
        camera_matrix=camera_matrix,
    )


def steady(sight: Sight, camera_from_steady: Float[np.ndarray, "turns 3 3"]) -> Sight:
    """What a camera that does not turn would have seen in place of one that does; the sight itself without turns."""
    if not len(camera_from_steady):
        return sight
    steady_from_camera = np.swapaxes(camera_from_steady, 1, 2)
    rays = camera.rays_of(sight.pixels, sight.camera_matrix) @ camera_from_steady
    return replace(
        sight,
        pixels=camera.project(rays, sight.camera_matrix),
        shape_m=sight.shape_m @ camera_from_steady,
        camera_from_look=steady_from_camera @ sight.camera_from_look,
    )


def least_ahead(sight: Sight, camera_from_steady: Float[np.ndarray, "frames 3 3"]) -> float:
    """Cosine of the farthest angle between a steady camera's axis and a ray of what was seen."""
    rays = camera.rays_of(sight.pixels, sight.camera_matrix) @ camera_from_steady
    return float(np.nanmin(rays[..., 2] / np.linalg.norm(rays, axis=-1)))


def weigh(sight: Sight, length_m: Float[np.ndarray, " lengths"], noise: Noise) -> Evidence:
    """Evidence about the solved landmarks; without weight where not observed.

    Args:
        length_m: roughly, of `landmark_bones.LENGTHS`: the ends of a short bone are known better than those of a
            long one.
    """
    points, skeleton = landmark_bones.SOLVED_INDEX, landmark_bones.make_skeleton()
    seen = sight.observed[:, None]
    worth = np.maximum(sight.confidence[:, points], WEIGHTLESS) * seen
    bone_worth = worth[:, skeleton.pair].min(axis=2)
    sigma_px = noise.pixel * np.where(sight.observed, sight.look_px, 1.0)
    bone_information = (noise.bone * length_m[skeleton.length_index]) ** -2.0
    usual_m, shape_worth = _share_out(sight, noise)
    place_worth, shared_worth = worth * shape_worth[:, points], shape_worth[:, points][:, skeleton.pair].min(axis=2)
    precision = usual_m[:, None, [0, 0, 1]] ** -2.0
    return Evidence(
        pixels=np.where(seen[..., None], sight.pixels[:, points], 0.0),
        pixel_information=worth / sigma_px[:, None] ** 2,
        shape_m=np.where(seen[..., None], sight.shape_m[:, points], 0.0),
        shape_metric=(sight.camera_from_look * precision) @ np.swapaxes(sight.camera_from_look, 1, 2),
        shape_information=np.concatenate(
            [place_worth * noise.place**-2.0, bone_worth * shared_worth * bone_information], axis=1
        ),
        seen=sight.observed,
    )


def _share_out(sight: Sight, noise: Noise) -> tuple[Float[np.ndarray, "frames 2"], Float[np.ndarray, "frames 33"]]:
    """A frame's usual deviations across the line of sight and along it, and each landmark's worth beside the usual."""
    if not len(sight.sigma_m):
        frames = len(sight.observed)
        return np.tile([noise.shape_m, noise.depth_m], (frames, 1)), np.ones((frames, 33))
    sigma_m = np.where(sight.observed[:, None, None], noise.learned * sight.sigma_m, 1.0)
    usual_m = np.exp(np.log(sigma_m[:, landmark_bones.SOLVED_INDEX]).mean(axis=1))
    return usual_m, (usual_m[:, None] / sigma_m).prod(axis=2)


def first_guess(sight: Sight) -> Float[np.ndarray, "frames 33 3"]:
    """The rough shape moved onto its pixels frame by frame; NaN where not observed."""
    rows = sight.observed
    shape_m = sight.shape_m[rows]
    weight = np.maximum(sight.confidence[rows][:, _STEADY], WEIGHTLESS)
    root_m = camera.place_by_pixels(shape_m[:, _STEADY], sight.pixels[rows][:, _STEADY], weight, sight.camera_matrix)
    usual_m = np.maximum(median_filter(root_m[:, 2], size=min(len(root_m), sight.rate_hz) | 1, mode="nearest"), 0.5)
    # a frame whose shape misleads keeps its direction and takes the usual depth
    bounded_m = np.clip(root_m[:, 2], 0.7 * usual_m, 1.4 * usual_m)
    middle = camera.normalise_pixels(sight.pixels[rows][:, _HIPS].mean(axis=1), sight.camera_matrix)
    along = np.concatenate([middle, np.ones((len(middle), 1))], axis=1) * bounded_m[:, None]
    root_m = np.where((bounded_m == root_m[:, 2])[:, None], root_m, along)
    guess_m = np.full(sight.shape_m.shape, np.nan)
    guess_m[rows] = shape_m + root_m[:, None]
    guess_m[..., 2] = np.maximum(guess_m[..., 2], 0.2)
    return guess_m


def believe_lengths(sight: Sight, noise: Noise) -> LengthPrior:
    """Bone lengths as the rough shape has them in a high quantile of the frames, both sides together."""
    skeleton = landmark_bones.make_skeleton()
    points = landmark_bones.SOLVED_INDEX[skeleton.pair]
    shape_m = sight.shape_m[sight.observed]
    found_m = np.linalg.norm(shape_m[:, points[:, 0]] - shape_m[:, points[:, 1]], axis=2)
    clear = sight.confidence[sight.observed][:, points].min(axis=2) > 0.5
    believed = np.where(clear | ~clear.any(axis=0), found_m, np.nan)
    quantile_m = np.nanquantile(believed, noise.length_quantile, axis=0)
    shared = skeleton.length_index == np.arange(len(landmark_bones.LENGTHS))[:, None]
    mean_m = (shared * quantile_m).sum(axis=1) / shared.sum(axis=1)
    return LengthPrior(mean_m, noise.length * mean_m)
