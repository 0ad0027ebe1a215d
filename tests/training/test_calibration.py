"""Landmarks are found again from their pictures, and the skin that they follow from where they are."""

import numpy as np
import pytest
import torch

from models.bodies import load_body
from models.bodies.body import Body, pose_landmarks
from models.skeletons import LANDMARK_MIRROR
from training.body_symmetry import find_mirror
from training.calibration_fit import fit_regressors, triangulate, unpose
from training.calibration_poses import POSES_DEG, draw_model
from training.calibration_views import Sightings, project


@pytest.fixture(scope="module")
def free() -> Body:
    return load_body("free").to("cpu", torch.float64)


def _cameras(count: int) -> np.ndarray:
    """On a circle of 4 m, looking at the middle."""
    matrices: list[np.ndarray] = []
    for azimuth in 2 * np.pi * np.arange(count) / count:
        forward = -np.array([np.sin(azimuth), 0, np.cos(azimuth)])
        right = np.cross(forward, (0, 1, 0))
        axes = np.stack([right, np.cross(forward, right), forward])
        matrix = np.array([[800.0, 0, 360], [0, 800, 360], [0, 0, 1]])
        matrices.append(matrix @ np.column_stack([axes, [0, 0, 4]]))
    return np.array(matrices)


def _exact_sightings(points_m: np.ndarray, count: int = 8) -> Sightings:
    cameras = _cameras(count)
    return Sightings(cameras, project(cameras, points_m), np.ones((count, 33), bool))


@pytest.fixture
def points_m() -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.8, 0.8, (33, 3))


def test_points_are_found_again_from_their_pictures(points_m: np.ndarray) -> None:
    np.testing.assert_allclose(triangulate(_exact_sightings(points_m)), points_m, atol=1e-6)


def test_one_view_that_is_far_off_moves_nothing(points_m: np.ndarray) -> None:
    seen = _exact_sightings(points_m)
    seen.landmarks_px[2] += 60
    np.testing.assert_allclose(triangulate(seen), points_m, atol=2e-3)


def test_a_point_that_two_cameras_saw_stays_unknown(points_m: np.ndarray) -> None:
    seen = _exact_sightings(points_m)
    seen.good[2:, 5] = False
    found = triangulate(seen)
    assert np.isnan(found[5]).all()
    assert np.isfinite(np.delete(found, 5, axis=0)).all()


def test_carrying_back_to_rest_undoes_the_pose(free: Body) -> None:
    model = draw_model(free, 4)
    carrier = free.landmark_joint.numpy()
    skin = free.landmark_vertex.numpy(), free.landmark_weight.numpy()
    rest_m = np.einsum("lkc,lk->lc", model.rest_m[skin[0]], skin[1])
    turned = np.einsum("lij,lj->li", model.world_from_joint[carrier], rest_m - model.rest_joints_m[carrier])
    np.testing.assert_allclose(unpose(model.joints_m[carrier] + turned, model, carrier), rest_m, atol=1e-9)


def test_the_body_places_landmarks_where_carrying_back_expects_them(free: Body) -> None:
    rest = torch.zeros(free.beta_count, dtype=torch.float64), torch.eye(3, dtype=torch.float64).expand(24, 3, 3)
    placed = pose_landmarks(free, *rest, torch.zeros(3, dtype=torch.float64)).numpy()
    skin_m = free.template_m.numpy()[free.landmark_vertex.numpy()]
    np.testing.assert_allclose(placed, np.einsum("lkc,lk->lc", skin_m, free.landmark_weight.numpy()), atol=1e-9)


def test_vertices_that_landmarks_follow_are_found_with_their_shares(free: Body) -> None:
    rng = np.random.default_rng(1)
    template_m, mirror = free.template_m.numpy(), find_mirror(free.template_m.numpy())
    betas = rng.normal(0, 1, (12, free.beta_count))
    rest_m = template_m + np.einsum("vcb,mb->mvc", free.shape_m.numpy(), betas)
    vertex, share = free.landmark_vertex.numpy(), free.landmark_weight.numpy()
    wanted_m = np.einsum("mlkc,lk->mlc", rest_m[:, vertex], share)
    near = np.argsort(np.linalg.norm(template_m - wanted_m.mean(axis=0)[:, None], axis=-1), axis=1)[:, :300]
    found, weight = fit_regressors(wanted_m + rng.normal(0, 1e-4, wanted_m.shape), rest_m, near, mirror)
    again_m = np.einsum("mlkc,lk->mlc", rest_m[:, found], weight)
    # The calibrated vertices need not be among the near ones: others that follow a landmark as well will do.
    assert np.linalg.norm(again_m - wanted_m, axis=-1).mean() < 1e-3
    assert (weight >= 0).all()
    np.testing.assert_allclose(weight.sum(axis=1), 1)
    np.testing.assert_allclose(
        again_m.mean(axis=0)[list(LANDMARK_MIRROR)] * (-1, 1, 1), again_m.mean(axis=0), atol=1e-5
    )


def test_every_pose_stands_on_the_floor_and_is_drawn_alike_twice(free: Body) -> None:
    for index in range(0, len(POSES_DEG), 4):
        model = draw_model(free, index)
        assert model.skin_m[:, 1].min() == pytest.approx(0, abs=1e-9)
    np.testing.assert_array_equal(draw_model(free, 3).skin_m, draw_model(free, 3).skin_m)
