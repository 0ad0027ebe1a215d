"""A painted panorama, filmed by a camera that turns, stands still, or sees a bare wall."""

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from models import camera
from models.camera_turns import camera_turns
from stages.detect.background import Watch

SIZE_PX = (640, 360)
CAMERA = camera.pinhole(520.0, *SIZE_PX)
FRAMES = 40


def painting(seed: int = 0) -> np.ndarray:
    """A wide wall of soft blots."""
    noise = np.random.default_rng(seed).normal(128, 90, (360, 900)).astype(np.float32)
    wall = np.clip(cv2.GaussianBlur(noise, (0, 0), 2.0) * 3 - 256, 0, 255).astype(np.uint8)
    return cv2.resize(np.repeat(wall[..., None], 3, axis=2), None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)


def filmed(wall: np.ndarray, camera_from_first: np.ndarray) -> list[np.ndarray]:
    """The wall at infinity as a turning camera sees it; the first picture shows its middle."""
    corner = (np.array(wall.shape[1::-1]) - SIZE_PX) / 2
    onto_wall = np.array([[1, 0, corner[0]], [0, 1, corner[1]], [0, 0, 1.0]])
    maps = [onto_wall @ CAMERA @ turn.T @ np.linalg.inv(CAMERA) for turn in camera_from_first]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return [cv2.warpPerspective(wall, inverse, SIZE_PX, flags=flags) for inverse in maps]


def watched(pictures: list[np.ndarray], boxes: list[np.ndarray] | None = None) -> np.ndarray:
    watch = Watch(rate_hz=10.0)
    for frame, picture in enumerate(pictures):
        watch.look(frame, frame / 20, picture, boxes or [])
    return watch.shifts(len(pictures))


def pan(degrees: float) -> np.ndarray:
    yaw = np.radians(degrees) * np.sin(np.linspace(0, np.pi / 2, FRAMES))
    return Rotation.from_rotvec(yaw[:, None] * [0.0, 1.0, 0.03]).as_matrix()


def test_a_pan_is_measured_within_a_fiftieth_over_several_keys() -> None:
    truth = pan(35.0)
    turns = camera_turns(watched(filmed(painting(), truth)), CAMERA)
    assert turns.known
    found = turns.camera_from_steady[-1] @ turns.camera_from_steady[0].T
    error = Rotation.from_matrix(found @ (truth[-1] @ truth[0].T).T).magnitude()
    assert np.degrees(error) < 35 / 50


def test_a_still_camera_does_not_turn_whoever_walks_by() -> None:
    pictures = filmed(painting(), np.stack([np.eye(3)] * FRAMES))
    rng = np.random.default_rng(1)
    for frame, picture in enumerate(pictures):
        picture[60:340, 10 * frame : 10 * frame + 120] = rng.integers(0, 255, (280, 120, 3))[:, : picture.shape[1]]
        np.add(picture, rng.integers(0, 4, picture.shape).astype(np.uint8), out=picture)
    turns = camera_turns(watched(pictures), CAMERA)
    assert turns.known
    assert len(turns.camera_from_steady) == 0


def test_points_on_people_do_not_count() -> None:
    """Somebody carries the only pattern in the room; he is known to be a person."""
    wall = filmed(painting(), np.stack([np.eye(3)] * FRAMES))[0]
    pictures = list[np.ndarray]()
    for frame in range(FRAMES):
        picture = np.full_like(wall, 128)
        picture[:, 4 * frame : 4 * frame + 300] = wall[:, :300]
        pictures.append(picture)
    assert np.nanmax(watched(pictures)[:, 0]) > 3
    everywhere = np.array([0.0, 0.0, 640.0, 360.0])
    assert np.isnan(watched(pictures, [everywhere])[1:]).all()


def test_a_bare_wall_shows_nothing() -> None:
    bare = [np.full((360, 640, 3), 200, np.uint8)] * FRAMES
    assert np.isnan(watched(bare)[1:]).all()


def test_a_camera_that_walks_past_near_things_is_not_taken_for_one_that_turns() -> None:
    far, near = painting(0), painting(1)
    pictures = list[np.ndarray]()
    for frame in range(FRAMES):
        picture = far[100:460, 300 + frame : 940 + frame].copy()
        for top in range(0, 360, 60):
            picture[top : top + 32] = near[100 + top : 132 + top, 300 + 9 * frame : 940 + 9 * frame]
        pictures.append(picture)
    assert np.isnan(watched(pictures)[1:]).any(axis=1).mean() > 0.5
