"""What the detector sees when it looks at a drawn person from all around."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from models.raster import Light, Mesh, View, blend, draw_mesh
from models.skeletons import LANDMARK_MIRROR, LANDMARKS, SMPL_INDEX
from stages.detect.blazepose import BlazePose, cut_crops, read_landmarks
from stages.detect.regions import region_about
from training.calibration_poses import Model

VIEWS: Final = 8
WIDTH_PX, HEIGHT_PX, FOCAL_PX = 720, 720, 850.0
DISTANCES_M: Final = (3.2, 4.5)
HEIGHTS_M: Final = (0.8, 2.0)
"""From a low tripod to a raised one."""
MIN_SCORE: Final = 0.6
MIN_VISIBILITY: Final = 0.8
MAX_AWAY: Final = 0.12
"""Of the person's size on the picture: farther away on average, the detector saw something else."""
FACE: Final = range(11)
FACE_COSINE: Final = 0.15
"""A point of the face counts where the camera is ahead of it: seen from behind, the detector guesses it."""


@dataclass(frozen=True, eq=False)
class Sightings:
    """One person seen by several cameras.

    Attributes:
        projection: pixels from the world, homogeneous.
        good: the landmark was truly seen.
    """

    projection: Float[np.ndarray, "views 3 4"]
    landmarks_px: Float[np.ndarray, "views 33 2"]
    good: Bool[np.ndarray, "views 33"]


def look_around(
    model: Model, faces: Int[np.ndarray, "faces 3"], rough_m: Float[np.ndarray, "33 3"], networks: BlazePose, seed: int
) -> Sightings:
    """Draw a person from all around and read the landmarks in every picture.

    Args:
        rough_m: about where the landmarks are; finds the first region, and views with left and right exchanged.
    """
    rng = np.random.default_rng(seed)
    projections, pixels, good = [], [], []
    for azimuth_rad in rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.arange(VIEWS) / VIEWS:
        camera_m, camera_from_world = _place_camera(model, azimuth_rad, rng)
        projection = _camera_matrix() @ np.column_stack([camera_from_world, -camera_from_world @ camera_m])
        rough_px = project(projection, rough_m)
        landmarks_px, visibility, score = _read(_draw(model, faces, projection, rng), rough_px, networks)
        trusted = score > MIN_SCORE and not _mistaken(landmarks_px, rough_px)
        projections.append(projection)
        pixels.append(landmarks_px)
        good.append((visibility > MIN_VISIBILITY) & _face_ahead(model, camera_m) & trusted)
    return Sightings(np.array(projections), np.array(pixels), np.array(good))


def project(
    projection: Float[np.ndarray, "*views 3 4"], points_m: Float[np.ndarray, "points 3"]
) -> Float[np.ndarray, "*views points 2"]:
    """Pixels of points in the world."""
    homogeneous = np.column_stack([points_m, np.ones(len(points_m))]) @ np.swapaxes(projection, -1, -2)
    return homogeneous[..., :2] / homogeneous[..., 2:]


def _camera_matrix() -> Float[np.ndarray, "3 3"]:
    return np.array([[FOCAL_PX, 0, WIDTH_PX / 2], [0, FOCAL_PX, HEIGHT_PX / 2], [0, 0, 1]])


def _place_camera(
    model: Model, azimuth_rad: float, rng: np.random.Generator
) -> tuple[Float[np.ndarray, " 3"], Float[np.ndarray, "3 3"]]:
    """A camera that looks at the person: its place, and its axes (right, down, forward) as rows."""
    middle_m = (model.skin_m.min(axis=0) + model.skin_m.max(axis=0)) / 2
    distance_m = rng.uniform(*DISTANCES_M)
    camera_m = middle_m + distance_m * np.array([np.sin(azimuth_rad), 0, np.cos(azimuth_rad)])
    camera_m[1] = rng.uniform(*HEIGHTS_M)
    forward = middle_m - camera_m
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0, 1, 0))
    right /= np.linalg.norm(right)
    return camera_m, np.stack([right, np.cross(forward, right), forward])


def _draw(
    model: Model, faces: Int[np.ndarray, "faces 3"], projection: Float[np.ndarray, "3 4"], rng: np.random.Generator
) -> UInt8[np.ndarray, "height width 3"]:
    """The person before a wall on a floor of random colours."""
    picture = np.empty((HEIGHT_PX, WIDTH_PX, 3))
    picture[:] = rng.uniform(60, 220, 3) + rng.normal(0, 4, (HEIGHT_PX, WIDTH_PX, 1))
    picture[int(HEIGHT_PX * rng.uniform(0.45, 0.7)) :] -= rng.uniform(-30, 50, 3)
    camera_from_world = np.linalg.solve(_camera_matrix(), projection)
    skin_m = model.skin_m @ camera_from_world[:, :3].T + camera_from_world[:, 3]
    lamp = rng.normal(0, 1, 3) - (0, 1, 1)
    light = Light(0.45, 0.6 * lamp[None] / np.linalg.norm(lamp))
    layer = draw_mesh(Mesh(skin_m, faces, model.colours), View(_camera_matrix(), WIDTH_PX, HEIGHT_PX, 2), light)
    return blend(np.clip(picture, 0, 255).astype(np.uint8), layer)


def _read(
    picture: UInt8[np.ndarray, "height width 3"], rough_px: Float[np.ndarray, "33 2"], networks: BlazePose
) -> tuple[Float[np.ndarray, "33 2"], Float[np.ndarray, " 33"], float]:
    """Pixels, visibility and score; the region is found as in a video, from a reading of the same person."""
    hip_px = rough_px[23:25].mean(axis=0)
    reach_px = np.linalg.norm(rough_px - hip_px, axis=1).max() * 1.05
    region = region_about(hip_px, hip_px - (0, reach_px))[None]
    region = read_landmarks(networks.landmarks, cut_crops(picture, region), region).next_region
    reading = read_landmarks(networks.landmarks, cut_crops(picture, region), region, mirrored=True)
    return reading.landmarks_px[0], reading.visibility[0], float(reading.score[0])


def _mistaken(landmarks_px: Float[np.ndarray, "33 2"], rough_px: Float[np.ndarray, "33 2"]) -> bool:
    """Left and right exchanged, which lies nearer to where they should be, or not this person at all."""
    as_is = np.linalg.norm(landmarks_px - rough_px, axis=1).mean()
    other_way = np.linalg.norm(landmarks_px[list(LANDMARK_MIRROR)] - rough_px, axis=1).mean()
    return bool(other_way < as_is or as_is > MAX_AWAY * np.ptp(rough_px, axis=0).max())


def _face_ahead(model: Model, camera_m: Float[np.ndarray, " 3"]) -> Bool[np.ndarray, " 33"]:
    toward = camera_m - model.skin_m.mean(axis=0)
    toward /= np.linalg.norm(toward)
    leftward, _, forward = model.world_from_joint[SMPL_INDEX["head"]].T
    ahead = np.ones(len(LANDMARKS), bool)
    for row in FACE:
        facing = {"left_ear": leftward, "right_ear": -leftward}.get(LANDMARKS[row], forward)
        ahead[row] = facing @ toward > FACE_COSINE
    return ahead
