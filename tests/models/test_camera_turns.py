"""Shifts of a background become the turns that made them."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models import camera
from models.camera_turns import KNOWN_SHARE, STILL_SHARE, camera_turns

CAMERA = camera.pinhole(1000.0, 1280, 720)
CENTRE = CAMERA[:2, 2]


def shifts_of(camera_from_first: np.ndarray) -> np.ndarray:
    """What turns do to the centre of the picture and to a point beside it."""
    shift = np.zeros((len(camera_from_first), 4))
    for row in range(1, len(shift)):
        turn = camera_from_first[row] @ camera_from_first[row - 1].T
        pair = CENTRE + np.array([[0.0, 0.0], [1.0, 0.0]])
        centre, beside = camera.project(camera.rays_of(pair, CAMERA) @ turn.T, CAMERA)
        shift[row, :2] = centre - CENTRE
        shift[row, 2] = np.arctan2(*(beside - centre)[::-1])
    return shift


def wander(frames: int = 90) -> np.ndarray:
    time = np.linspace(0, 3, frames)
    angles = np.stack([0.6 * np.sin(time), 0.1 * np.sin(3 * time), 0.05 * time], axis=1)
    return Rotation.from_euler("yxz", angles).as_matrix()


def test_a_wandering_camera_is_followed_but_for_where_it_began() -> None:
    truth = wander()
    found = camera_turns(shifts_of(truth), CAMERA)
    error = found.camera_from_steady @ found.camera_from_steady[0].T @ (truth @ truth[0].T).swapaxes(1, 2)
    assert found.known
    assert np.degrees(Rotation.from_matrix(error).magnitude()).max() < 0.2


def test_the_steady_camera_looks_to_the_middle_of_the_range() -> None:
    yaw = np.linspace(-0.7, 0.3, 41)
    truth = Rotation.from_rotvec(yaw[:, None] * [0.0, 1.0, 0.0]).as_matrix()
    turned = Rotation.from_matrix(camera_turns(shifts_of(truth), CAMERA).camera_from_steady).as_rotvec()[:, 1]
    np.testing.assert_allclose([turned[0], turned[-1]], [-0.5, 0.5], atol=0.03)


def test_noise_of_a_still_background_is_no_turn() -> None:
    path_px = np.random.default_rng(0).normal(0, 0.2 * STILL_SHARE * 1280, (50, 4)) * (1, 1, 1e-4, 1e-4)
    path_px[0] = 0
    found = camera_turns(np.diff(path_px, axis=0, prepend=0), CAMERA)
    assert found.known
    assert len(found.camera_from_steady) == 0


@pytest.mark.parametrize(("hidden", "known"), [(0.05, True), (2 * (1 - KNOWN_SHARE), False), (1.0, False)])
def test_a_camera_is_known_if_nearly_all_frames_show_how_it_turned(hidden: float, known: bool) -> None:
    shift = shifts_of(wander())
    shift[1 : 1 + round(hidden * len(shift))] = np.nan
    assert camera_turns(shift, CAMERA).known == known


def test_a_single_frame_says_all_there_is() -> None:
    assert camera_turns(np.full((1, 4), np.nan), CAMERA).known
