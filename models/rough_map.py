"""One linear map that takes the detector's rough metres, and where its landmarks lie on the picture, nearer the truth.

The detector squeezes depth and bends straight limbs; on drawn people the error is much the same from one to the next,
so that a ridge regression on them (training.fit_rough_map) removes what is common. Everything is seen along the ray
through the middle of the region that the detector looked at, as the detector saw it: x right, y down, z away.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float

from models import camera
from models.skeletons import LANDMARK_INDEX, LANDMARK_MIRROR
from models.weights import find_weights

FILE: Final = "rough_map.npz"
COORDINATES: Final = 5
"""Of each landmark in the features: rough x, y, z, and x, y off the picture."""
FEATURES: Final = 33 * COORDINATES + 1
_HIPS: Final = [LANDMARK_INDEX["left_hip"], LANDMARK_INDEX["right_hip"]]
_BODY: Final = slice(11, 33)


@dataclass(frozen=True, eq=False)
class RoughMap:
    """What each feature adds to each landmark's place about the mid-hip, in metres."""

    weight: Float[np.ndarray, "features 33 3"]


def map_file() -> Path:
    """The file of the map that ships; raises WeightsError where it is missing or damaged."""
    return find_weights(FILE).path


@cache
def load_map() -> RoughMap:
    """Read the map that ships; raises as map_file."""
    with np.load(map_file(), allow_pickle=False) as file:
        return RoughMap(file["weight"].astype(np.float64))


def identity_map() -> RoughMap:
    """The map that leaves the rough metres as they are."""
    weight = np.zeros((33, COORDINATES, 33, 3))
    for axis in range(3):
        weight[np.arange(33), axis, np.arange(33), axis] = 1.0
    return RoughMap(np.concatenate([weight.reshape(-1, 33, 3), np.zeros((1, 33, 3))]))


def correct(rough_map: RoughMap, features: Float[np.ndarray, "*batch features"]) -> Float[np.ndarray, "*batch 33 3"]:
    """Landmarks about the mid-hip, along the axes of the look."""
    return rooted(np.einsum("...f,fpc->...pc", features, rough_map.weight))


def make_features(
    rough_m: Float[np.ndarray, "*batch 33 3"],
    landmarks_px: Float[np.ndarray, "*batch 33 2"],
    camera_from_look: Float[np.ndarray, "*batch 3 3"],
    camera_matrix: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "*batch features"]:
    """What the map is fed: rough metres and the picture's, landmark by landmark, then a one.

    The picture gives two coordinates where a plane square to the look meets the rays, scaled so that the body's
    landmarks spread as far as the rough ones do: neither distance nor focal length matters much.

    Args:
        rough_m: about any point, along the axes of the look; NaN gives NaN.
        camera_from_look: axes of the look, `camera.camera_from_ray` of the middle of the region.
    """
    shape_m = rooted(rough_m)
    plane = camera.normalise_pixels(landmarks_px, camera_matrix)
    rays = np.concatenate([plane, np.ones_like(plane[..., :1])], axis=-1)
    turned = np.einsum("...ji,...pj->...pi", camera_from_look, rays)
    spread = rooted(turned[..., :2] / turned[..., 2:])
    scale_m = np.sqrt(_square(shape_m[..., :2]) / np.maximum(_square(spread), 1e-12))
    both_m = np.concatenate([shape_m, spread * scale_m], axis=-1)
    flat_m = both_m.reshape(*both_m.shape[:-2], 33 * COORDINATES)
    return np.concatenate([flat_m, np.ones_like(flat_m[..., :1])], axis=-1)


def mirror_features(features: Float[np.ndarray, "*batch features"]) -> Float[np.ndarray, "*batch features"]:
    """The features of the same person in a mirror."""
    landmark = features[..., :-1].reshape(*features.shape[:-1], 33, COORDINATES)
    flipped = landmark[..., list(LANDMARK_MIRROR), :] * [-1.0, 1.0, 1.0, -1.0, 1.0]
    return np.concatenate([flipped.reshape(*features.shape[:-1], 33 * COORDINATES), features[..., -1:]], axis=-1)


def mirror_points(points_m: Float[np.ndarray, "*batch 33 3"]) -> Float[np.ndarray, "*batch 33 3"]:
    """Landmarks of the same person in a mirror square to the x axis."""
    return points_m[..., list(LANDMARK_MIRROR), :] * [-1.0, 1.0, 1.0]


def rooted(points: Float[np.ndarray, "*batch 33 axes"]) -> Float[np.ndarray, "*batch 33 axes"]:
    """Landmarks about the mid-hip."""
    return points - points[..., _HIPS, :].mean(axis=-2, keepdims=True)


def _square(points: Float[np.ndarray, "*batch 33 2"]) -> Float[np.ndarray, "*batch 1 1"]:
    return (points[..., _BODY, :] ** 2).sum(axis=(-1, -2), keepdims=True)
