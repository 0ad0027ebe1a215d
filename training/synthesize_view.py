"""One static look at somebody who moves: a camera anywhere around, a plain place, light; what each frame shows."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy.spatial.transform import Rotation

from models.camera import focal_length_from_view, pinhole, project
from models.raster import Light, Mesh, View, blend, draw_mesh
from models.skeletons import LANDMARK_INDEX
from stages.detect.regions import region_about
from stages.detect.steady import Sample, region_at

LONG_SIDES_PX: Final = (640, 800, 1024)
ASPECT: Final = 0.5625
VIEW_DEG: Final = (20.0, 80.0)
"""Angle that the longer side sees."""
CAMERA_HEIGHT_M: Final = (0.3, 3.0)
PERSON_SHARE: Final = (0.3, 0.95)
"""Height of the person on the picture."""
SMALLEST_PX: Final = 80.0
LARGEST_SHARE: Final = 1.5
"""Whoever fills more than the picture is cut by its border."""
SMALL_SHARE, LARGE_SHARE = 0.12, 0.1
"""Of the looks: somebody smaller than PERSON_SHARE, and somebody larger."""
FOLLOWED_SHARE: Final = 0.8
"""Of the looks: the camera stands far enough away for the whole way."""
NEAREST_M: Final = 0.6
ROLL_DEG: Final = 2.0
AIM: Final = 0.1
"""Standard deviation of where the person stands off the middle, as a share of the picture's side."""
REACH: Final = 1.02
"""Radius of the circle that the detector draws about a person, over the distance of his farthest landmark."""
REGION_BIAS: Final = ((0.0, 0.0, -0.02, 0.0), (0.005, 0.005, 0.035, 0.02))
"""Mean and deviation of what regions are off for a whole video: centre (sides), size (logarithm), roll (radians)."""
REGION_NOISE: Final = (0.007, 0.007, 0.04, 0.035)
"""Deviation of a single sighting, before regions are smoothed. Both were measured on drawn clips that were detected."""
LOOSE_SHARE, LOOSE = 0.08, (1.1, 1.5)
"""Of the snippets: regions far too large, and by how much."""
SMOOTHING_S: Final = 0.4
"""As in stages.detect.config."""
_HIPS: Final = [LANDMARK_INDEX["left_hip"], LANDMARK_INDEX["right_hip"]]
_SHOULDERS: Final = [LANDMARK_INDEX["left_shoulder"], LANDMARK_INDEX["right_shoulder"]]


@dataclass(frozen=True, eq=False)
class Look:
    """A camera in the world and the light about it; `camera_m` is where it stands."""

    view: View
    camera_m: Float[np.ndarray, " 3"]
    camera_from_world: Float[np.ndarray, "3 3"]
    light: Light

    def in_camera(self, points_m: Float[np.ndarray, "*points 3"]) -> Float[np.ndarray, "*points 3"]:
        """Points of the world in the camera's axes."""
        return (points_m - self.camera_m) @ self.camera_from_world.T

    def pixels_of(self, points_m: Float[np.ndarray, "*points 3"]) -> Float[np.ndarray, "*points 2"]:
        """Where points of the world are on the picture."""
        return project(self.in_camera(points_m), self.view.camera_matrix)

    def shows(self, points_m: Float[np.ndarray, "*points 3"]) -> Bool[np.ndarray, "*points"]:
        """Which of these points, in the camera's axes, are inside the picture."""
        pixels = project(points_m, self.view.camera_matrix)
        return np.all((pixels > 0) & (pixels < (self.view.width_px, self.view.height_px)), axis=-1)


def random_look(landmarks_m: Float[np.ndarray, "frames 33 3"], rng: np.random.Generator) -> Look:
    """Look at somebody from anywhere around; his floor is where his lowest landmark is."""
    view = _random_view(rng)
    low_m, high_m = landmarks_m.min(axis=(0, 1)), landmarks_m.max(axis=(0, 1))
    middle_m = (low_m + high_m) / 2
    heading_rad, roll_rad = rng.uniform(0, 2 * np.pi), np.radians(rng.normal(0, ROLL_DEG))
    behind, focal_px = np.array([np.sin(heading_rad), 0, np.cos(heading_rad)]), view.camera_matrix[1, 1]
    height_m = np.ptp(landmarks_m[:, :, 1], axis=1).max() * 1.08
    away_m = height_m / (_random_share(view, rng) * view.height_px / focal_px)
    if rng.random() < FOLLOWED_SHARE:
        width_m = np.ptp(landmarks_m @ np.array([behind[2], 0, -behind[0]]))
        away_m = max(away_m, width_m / (0.9 * view.width_px / focal_px))
    nearest_m = ((landmarks_m - middle_m) @ behind).max() + NEAREST_M
    camera_m = middle_m + max(away_m, nearest_m) * behind
    camera_m[1] = low_m[1] + rng.uniform(*CAMERA_HEIGHT_M)
    aim_px = rng.normal(0, AIM, 2) * (view.width_px, view.height_px)
    axes = _looking(middle_m - camera_m, roll_rad, aim_px / focal_px)
    return Look(view, camera_m, axes, _random_light(rng))


def random_backdrop(view: View, rng: np.random.Generator) -> UInt8[np.ndarray, "height width 3"]:
    """Wall, floor, things and grain, all by chance."""
    height, width = view.height_px, view.width_px
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = rng.uniform(40, 230, 3)
    floor_px = int(height * rng.uniform(0.4, 0.8))
    picture[floor_px:] = rng.uniform(40, 200, 3)
    for _ in range(rng.integers(0, 16)):
        left, top = (rng.uniform(-0.1, 1, 2) * (width, height)).astype(int)
        wide, high = (rng.uniform(0.02, 0.3, 2) * max(width, height)).astype(int)
        picture[max(top, 0) : max(top + high, 0), max(left, 0) : max(left + wide, 0)] = rng.uniform(20, 235, 3)
    for cells in (6, 24, 90):
        patches = rng.normal(0, rng.uniform(0, 16), (cells, cells)).astype(np.float32)
        picture += cv2.resize(patches, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    picture += rng.normal(0, rng.uniform(0, 8), (height, width, 1))
    return np.clip(picture, 0, 255).astype(np.uint8)


def draw(look: Look, backdrop: UInt8[np.ndarray, "height width 3"], mesh: Mesh) -> UInt8[np.ndarray, "height width 3"]:
    """The picture of a skin given in the camera's axes."""
    return blend(backdrop, draw_mesh(mesh, look.view, look.light))


def seen_regions(
    landmarks_px: Float[np.ndarray, "frames 33 2"], rate_hz: float, rng: np.random.Generator
) -> Float[np.ndarray, "frames 4"]:
    """Where the second pass of the detector looks for these landmarks in a video: sightings, smoothed over time."""
    bias = rng.normal(*REGION_BIAS)
    if rng.random() < LOOSE_SHARE:
        bias[2] += np.log(rng.uniform(*LOOSE))
    off = bias + rng.normal(0, REGION_NOISE, (len(landmarks_px), 4))
    sightings = [
        Sample(0, frame / rate_hz, moved_region(true_region(points_px), off[frame]))
        for frame, points_px in enumerate(landmarks_px)
    ]
    regions = [region_at(sightings, sample.time_s, SMOOTHING_S / 2) for sample in sightings]
    return np.array([region for region in regions if region is not None])


def true_region(landmarks_px: Float[np.ndarray, "33 2"]) -> Float[np.ndarray, " 4"]:
    """The region of a detector that makes no error."""
    hip_px, shoulder_px = landmarks_px[_HIPS].mean(axis=0), landmarks_px[_SHOULDERS].mean(axis=0)
    up = shoulder_px - hip_px
    reach_px = np.linalg.norm(landmarks_px - hip_px, axis=1).max() * REACH
    return region_about(hip_px, hip_px + up / max(float(np.linalg.norm(up)), 1e-6) * reach_px)


def moved_region(region: Float[np.ndarray, " 4"], off: Float[np.ndarray, " 4"]) -> Float[np.ndarray, " 4"]:
    """A region that is off by this: centre in sides, size as a logarithm, roll in radians."""
    side_px = region[2] * np.exp(off[2])
    return np.array([region[0] + off[0] * side_px, region[1] + off[1] * side_px, side_px, region[3] + off[3]])


def _random_share(view: View, rng: np.random.Generator) -> float:
    """Height of the person over that of the picture."""
    kind, smallest = rng.random(), SMALLEST_PX / view.height_px
    if kind < SMALL_SHARE:
        return rng.uniform(min(smallest, PERSON_SHARE[0]), PERSON_SHARE[0])
    return rng.uniform(PERSON_SHARE[1], LARGEST_SHARE) if kind > 1 - LARGE_SHARE else rng.uniform(*PERSON_SHARE)


def _random_view(rng: np.random.Generator) -> View:
    long_px = int(rng.choice(LONG_SIDES_PX))
    sides = (long_px, int(long_px * ASPECT))
    width_px, height_px = sides if rng.random() < 0.5 else sides[::-1]
    focal_px = focal_length_from_view(np.radians(rng.uniform(*VIEW_DEG)), long_px)
    return View(pinhole(focal_px, width_px, height_px), width_px, height_px, samples=2)


def _looking(
    toward: Float[np.ndarray, " 3"], roll_rad: float, aim: Float[np.ndarray, " 2"]
) -> Float[np.ndarray, "3 3"]:
    """Rows right, down and forward of a camera that sees this direction a little off its middle."""
    forward = toward / np.linalg.norm(toward)
    right = np.cross(forward, (0.0, 1.0, 0.0))
    right /= np.linalg.norm(right)
    straight = np.stack([right, np.cross(forward, right), forward])
    return Rotation.from_euler("xyz", [-aim[1], aim[0], roll_rad]).as_matrix() @ straight


def _random_light(rng: np.random.Generator) -> Light:
    lamps = rng.normal(0, 1, (2, 3)) - (0, 1.2, 0.6)
    lamps /= np.linalg.norm(lamps, axis=1, keepdims=True)
    return Light(rng.uniform(0.3, 0.6), lamps * rng.uniform((0.3, 0.0), (0.7, 0.25))[:, None])
