"""What the lifter is told of each frame: the linear map's features, visibility, where on the picture and how large."""

from typing import Final

import numpy as np
from jaxtyping import Float

from models import camera
from models.rough_map import COORDINATES, FEATURES, make_features, rooted
from models.skeletons import LANDMARK_INDEX, LANDMARK_MIRROR

PLACES: Final = 8
"""Ray of the region's middle (x, y), of the mid-hip (x, y), logarithms of the body's and the region's size as seen,
sine of the region's roll and cosine less one."""
INPUTS: Final = FEATURES - 1 + 33 + PLACES
_HIPS: Final = [LANDMARK_INDEX["left_hip"], LANDMARK_INDEX["right_hip"]]
_BODY: Final = slice(11, 33)
_PLACE_SIGNS: Final = (-1.0, 1.0, -1.0, 1.0, 1.0, 1.0, -1.0, 1.0)
_FEATURE_SIGNS: Final = (-1.0, 1.0, 1.0, -1.0, 1.0)


def make_inputs(
    rough_m: Float[np.ndarray, "frames 33 3"],
    landmarks_px: Float[np.ndarray, "frames 33 2"],
    visibility: Float[np.ndarray, "frames 33"],
    region: Float[np.ndarray, "frames 4"],
    camera_matrix: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "frames inputs"]:
    """Landmark by landmark the features of models.rough_map, then visibility, then PLACES numbers.

    Args:
        rough_m: about any point, along the axes of the look; NaN in any argument gives NaN in that frame.
        region: as in contracts.Person.
    """
    camera_from_look = camera.camera_from_ray(np.nan_to_num(region[:, :2]), camera_matrix)
    features = make_features(rough_m, landmarks_px, camera_from_look, camera_matrix)
    plane = camera.normalise_pixels(landmarks_px, camera_matrix)
    spread = np.sqrt((rooted(plane)[:, _BODY] ** 2).mean(axis=(1, 2)))
    places = np.stack(
        [
            *camera.normalise_pixels(region[:, :2], camera_matrix).T,
            *plane[:, _HIPS].mean(axis=1).T,
            np.log(np.maximum(spread, 1e-6)),
            np.log(np.maximum(region[:, 2] / camera_matrix[0, 0], 1e-6)),
            np.sin(region[:, 3]),
            np.cos(region[:, 3]) - 1,
        ],
        axis=1,
    )
    return np.concatenate([features[:, :-1], visibility, places], axis=1)


def map_features(inputs: Float[np.ndarray, "frames inputs"]) -> Float[np.ndarray, "frames features"]:
    """What models.rough_map.correct is fed."""
    return np.concatenate([inputs[:, : FEATURES - 1], np.where(np.isnan(inputs[:, :1]), np.nan, 1.0)], axis=1)


def input_mirror() -> tuple[list[int], list[float]]:
    """Where each input of the mirrored person comes from, and its sign."""
    order = [COORDINATES * twin + axis for twin in LANDMARK_MIRROR for axis in range(COORDINATES)]
    order += [33 * COORDINATES + twin for twin in LANDMARK_MIRROR]
    order += range(INPUTS - PLACES, INPUTS)
    return order, [*_FEATURE_SIGNS * 33, *(1.0,) * 33, *_PLACE_SIGNS]
