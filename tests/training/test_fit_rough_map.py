"""The map that is fitted on drawn sightings: what it stretches, what it leaves alone, whom it leaves out."""

import dataclasses

import numpy as np
import pytest

from models import camera
from models.rough_map import correct, mirror_features, mirror_points
from models.skeletons import LANDMARK_MIRROR
from training.fit_rough_map import fit, measure, prepare
from training.sightings import Sightings

MATRIX = camera.pinhole(800.0, 640, 360)


def made_up(frames: int = 400, seed: int = 0) -> Sightings:
    """Sightings whose rough depth is the true one squeezed, without any other error."""
    rng = np.random.default_rng(seed)
    truth_m = rng.normal(0, 0.3, (frames, 33, 3)) + np.array([0.0, 0.0, 6.0])
    landmarks_px = camera.project(truth_m, MATRIX)
    region = np.column_stack([landmarks_px.mean(axis=1), np.full((frames, 2), [600.0, 0.0])])
    turn = camera.camera_from_ray(region[:, :2], MATRIX)
    look_m = np.einsum("fji,fpj->fpi", turn, truth_m)
    return Sightings(
        region=region,
        landmarks_px=landmarks_px,
        rough_m=(look_m - look_m[:, 23:25].mean(axis=1, keepdims=True)) * [1, 1, 0.6],
        visibility=np.ones((frames, 33)),
        score=np.ones(frames),
        truth_m=truth_m,
        camera_matrix=np.tile(MATRIX, (frames, 1, 1)),
        clip=np.full(frames, "none"),
        subject=np.full(frames, "nobody"),
        snippet=np.arange(frames),
    )


def test_squeezed_depth_is_stretched_back():
    examples = prepare(made_up())
    found_m = correct(fit(examples, 1e-6), prepare(made_up(seed=1)).features)
    figures = measure(found_m, prepare(made_up(seed=1)).truth_m)
    assert figures["mpjpe22_mm"] < 15
    assert figures["depth_slope"] == pytest.approx(1, abs=0.02)


def test_a_fitted_map_treats_a_mirror_image_alike():
    examples = prepare(made_up(60))
    rough_map = fit(examples, 1e-2)
    there = correct(rough_map, mirror_features(examples.features))
    assert np.allclose(there, mirror_points(correct(rough_map, examples.features)), atol=1e-9)


def test_a_heavy_ridge_leaves_the_rough_metres_alone():
    examples = prepare(made_up(60))
    found_m = correct(fit(examples, 1e6), examples.features)
    centred = found_m - found_m.mean(axis=0)
    rough_m = made_up(60).rough_m
    assert np.allclose(centred, rough_m - rough_m.mean(axis=0), atol=1e-3)


def test_exchanged_sides_are_put_right_and_strangers_left_out():
    seen, order = made_up(40), list(LANDMARK_MIRROR)
    landmarks_px, rough_m = seen.landmarks_px.copy(), seen.rough_m.copy()
    landmarks_px[:10], rough_m[:10] = landmarks_px[:10][:, order], rough_m[:10][:, order]
    landmarks_px[10:15] += 200.0
    fooled = prepare(dataclasses.replace(seen, landmarks_px=landmarks_px, rough_m=rough_m))
    whole = prepare(seen)
    assert np.allclose(fooled.features, np.delete(whole.features, np.s_[10:15], axis=0))
