"""The pinhole camera and what follows from it."""

import numpy as np
import pytest

from models import camera

MATRIX = camera.pinhole(900.0, 1280, 720)


@pytest.fixture
def points_m():
    rng = np.random.default_rng(0)
    return rng.uniform([-1, -1, 2], [1, 1, 6], (3, 7, 3))


def test_the_centre_of_the_picture_looks_straight_ahead():
    assert np.allclose(camera.project(np.array([0.0, 0, 5]), MATRIX), [640, 360])


def test_rays_of_projected_points_lead_back_to_them(points_m):
    rays = camera.normalise_pixels(camera.project(points_m, MATRIX), MATRIX)
    assert np.allclose(rays * points_m[..., 2:], points_m[..., :2])


def test_projection_changes_as_its_jacobian_says(points_m):
    step = 1e-6
    for axis in range(3):
        shift = step * np.eye(3)[axis]
        change = (camera.project(points_m + shift, MATRIX) - camera.project(points_m - shift, MATRIX)) / (2 * step)
        assert np.allclose(camera.project_jacobian(points_m, MATRIX)[..., axis], change, rtol=1e-6, atol=1e-4)


def test_the_width_seen_at_the_focal_length_is_the_field_of_view():
    focal_px = camera.focal_length_from_view(np.radians(90), 1000)
    assert focal_px == pytest.approx(500)


def test_turning_to_a_pixel_brings_the_axis_onto_its_ray_without_twist():
    pixels = np.array([[640.0, 360.0], [100.0, 50.0], [1200.0, 700.0], [640.0, 0.0]])
    turned = camera.camera_from_ray(pixels, MATRIX)
    rays = np.concatenate([camera.normalise_pixels(pixels, MATRIX), np.ones((4, 1))], axis=1)
    assert np.allclose(turned[:, :, 2], rays / np.linalg.norm(rays, axis=1, keepdims=True))
    assert np.allclose(turned @ np.swapaxes(turned, 1, 2), np.eye(3))
    assert np.allclose(turned[:, 0, 1], turned[:, 1, 0]), "a turn about z would make this differ"


def test_a_shape_is_placed_where_its_pixels_say(points_m):
    root_m = np.array([[0.5, -0.2, 5.0], [-0.3, 0.4, 3.0], [0.0, 0.0, 8.0]])
    shape_m = points_m - points_m.mean(axis=1, keepdims=True)
    pixels = camera.project(shape_m + root_m[:, None], MATRIX)
    weight = np.random.default_rng(1).uniform(0.1, 1, (3, 7))
    assert np.allclose(camera.place_by_pixels(shape_m, pixels, weight, MATRIX), root_m)


@pytest.mark.parametrize("pitch_rad", [0.0, 0.3])
def test_the_world_stands_on_the_floor_below_the_camera(pitch_rad):
    pose = camera.world_from_level_camera(1.5, pitch_rad)
    assert np.allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3))
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
    assert np.allclose(pose[:3, 3], [0, 1.5, 0])
    assert np.allclose(pose[:3, 0], [1, 0, 0]), "world x is camera x"
    assert np.allclose(pose[:3, 2], [0, -np.sin(pitch_rad), -np.cos(pitch_rad)]), "the camera looks down and along -Z"
