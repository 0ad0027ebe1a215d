"""The map from rough metres: what it leaves alone, what a mirror does, what distance and lens do not."""

import numpy as np
import pytest

from models import camera, rough_map
from models.errors import WeightsError
from models.skeletons import LANDMARK_INDEX
from models.weights import WEIGHTS_FOLDER, file_sha256, registered

CAMERA = camera.pinhole(900.0, 1280, 720)


def somebody(seed=0, batch=()):
    """Rough metres, pixels and axes of a look at nobody in particular."""
    rng = np.random.default_rng(seed)
    shape_m = rng.normal(0, 0.4, (*batch, 33, 3))
    pixels = camera.project(shape_m + np.array([0.5, 0.2, 4.0]), CAMERA)
    return shape_m, pixels, camera.camera_from_ray(pixels.mean(axis=-2), CAMERA)


def random_map(seed=1):
    weight = np.random.default_rng(seed).normal(0, 0.1, (rough_map.FEATURES, 33, 3))
    return rough_map.RoughMap(weight)


@pytest.mark.parametrize("batch", [(), (4,), (2, 3)])
def test_features_of_any_batch_are_those_of_its_members(batch):
    rough_m, pixels, turn = somebody(batch=batch)
    features = rough_map.make_features(rough_m, pixels, turn, CAMERA)
    assert features.shape == (*batch, rough_map.FEATURES)
    last = tuple(size - 1 for size in batch)
    alone = rough_map.make_features(rough_m[last], pixels[last], turn[last], CAMERA)
    assert np.allclose(features[last], alone, atol=1e-12)


def test_the_identity_gives_the_rough_metres_about_the_mid_hip():
    rough_m, pixels, turn = somebody(batch=(5,))
    features = rough_map.make_features(rough_m, pixels, turn, CAMERA)
    found_m = rough_map.correct(rough_map.identity_map(), features)
    hips = [LANDMARK_INDEX["left_hip"], LANDMARK_INDEX["right_hip"]]
    assert np.allclose(found_m, rough_m - rough_m[:, hips].mean(axis=1, keepdims=True), atol=1e-12)


def test_the_picture_in_the_features_is_the_persons_outline_as_the_look_sees_it():
    flat_m = np.random.default_rng(3).normal(0, 0.4, (33, 3)) * [1, 1, 0]
    turn = camera.camera_from_ray(np.array([900.0, 200.0]), CAMERA)
    pixels = camera.project(flat_m @ turn.T + turn[:, 2] * 5.0, CAMERA)
    features = rough_map.make_features(flat_m, pixels, turn, CAMERA)[:-1].reshape(33, rough_map.COORDINATES)
    assert np.allclose(features[:, 3:], features[:, :2], atol=1e-9)


def test_neither_distance_nor_focal_length_matters_for_who_is_flat_to_the_camera():
    flat_m = np.random.default_rng(4).normal(0, 0.4, (33, 3)) * [1, 1, 0]
    ahead = np.eye(3)
    near = camera.project(flat_m + np.array([0, 0, 3.0]), CAMERA)
    longer = camera.pinhole(1800.0, 1280, 720)
    far = camera.project(flat_m + np.array([0, 0, 9.0]), longer)
    one = rough_map.make_features(flat_m, near, ahead, CAMERA)
    assert np.allclose(one, rough_map.make_features(flat_m, far, ahead, longer))
    assert np.allclose(one, rough_map.make_features(flat_m, near, ahead, longer))


def test_a_mirrored_look_has_mirrored_features():
    rough_m, pixels, turn = somebody()
    mirrored_px = rough_map.mirror_points(np.concatenate([pixels - [640, 0], np.zeros((33, 1))], axis=1))[:, :2]
    mirrored_px += [640, 0]
    flip = np.diag([-1.0, 1.0, 1.0])
    features = rough_map.make_features(rough_map.mirror_points(rough_m), mirrored_px, flip @ turn @ flip, CAMERA)
    own = rough_map.make_features(rough_m, pixels, turn, CAMERA)
    assert np.allclose(features, rough_map.mirror_features(own), atol=1e-12)
    assert np.allclose(rough_map.mirror_features(features), own, atol=1e-12)


def test_the_map_that_ships_treats_both_sides_alike():
    shipped = rough_map.load_map()
    features = rough_map.make_features(*somebody(), CAMERA)
    there = rough_map.correct(shipped, rough_map.mirror_features(features))
    assert np.allclose(there, rough_map.mirror_points(rough_map.correct(shipped, features)), atol=1e-5)
    lopsided = rough_map.correct(random_map(), rough_map.mirror_features(features))
    assert not np.allclose(lopsided, rough_map.mirror_points(rough_map.correct(random_map(), features)), atol=1e-2)


def test_corrected_landmarks_are_about_the_mid_hip():
    found_m = rough_map.correct(random_map(), rough_map.make_features(*somebody(batch=(3,)), CAMERA))
    assert np.allclose(found_m[:, 23] + found_m[:, 24], 0, atol=1e-12)


def test_nobody_seen_stays_nobody():
    rough_m, pixels, turn = somebody(batch=(2,))
    rough_m[1], pixels[1] = np.nan, np.nan
    found_m = rough_map.correct(rough_map.load_map(), rough_map.make_features(rough_m, pixels, turn, CAMERA))
    assert np.isfinite(found_m[0]).all()
    assert np.isnan(found_m[1]).all()


def test_the_map_that_ships_is_the_registered_one_and_fits_the_features():
    entry = registered()[rough_map.FILE]
    assert rough_map.map_file() == WEIGHTS_FOLDER / rough_map.FILE
    assert file_sha256(rough_map.map_file()) == entry.sha256
    assert rough_map.load_map().weight.shape == (rough_map.FEATURES, 33, 3)


def test_a_damaged_map_is_refused(monkeypatch, tmp_path):
    damaged = tmp_path / rough_map.FILE
    damaged.write_bytes(rough_map.map_file().read_bytes() + b"x")
    (tmp_path / "weights.toml").write_bytes((WEIGHTS_FOLDER / "weights.toml").read_bytes())
    find = rough_map.find_weights
    monkeypatch.setattr(rough_map, "find_weights", lambda name: find(name, tmp_path))
    with pytest.raises(WeightsError, match="promises"):
        rough_map.map_file()
