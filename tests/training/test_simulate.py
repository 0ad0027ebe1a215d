"""Simulated sightings: true motion with errors that were seen elsewhere."""

import numpy as np
import pytest

from models import camera
from models.bodies import load_body
from models.rough_map import rooted
from tests.training.test_lift import snippets
from tests.training.test_pose_ik import wave
from training.sightings import FRAMES
from training.simulate import ask_lenders, mingle, simulate
from training.synthesize_motion import Stock

STOCK = Stock((wave(),), np.ones(1))
BODY = load_body("free")


def test_a_detector_without_errors_lends_none_and_the_same_seed_gives_the_same_snippet() -> None:
    lenders = ask_lenders(snippets(depth=1.0).only(np.arange(6) < 5))
    first, again, other = (simulate(lenders, STOCK, BODY, (1, seed)) for seed in (0, 0, 1))
    assert np.array_equal(first.rough_m, again.rough_m)
    assert not np.array_equal(first.truth_m, other.truth_m)
    true_px = camera.project(first.truth_m[0], first.camera_matrix[0])
    assert np.abs(first.landmarks_px[0] - true_px[:, None]).max() < 0.01 * first.region[0, :, 2].max()
    assert first.rough_m.shape == (1, FRAMES, 2, 33, 3)


def test_errors_of_pixels_are_borrowed_with_the_size_of_the_region() -> None:
    drawn = snippets().only(np.arange(6) < 1)
    side_px = drawn.region[..., 2][..., None, None, None]
    drawn.landmarks_px[...] = camera.project(drawn.truth_m, drawn.camera_matrix[0])[:, :, None] + 0.1 * side_px
    lent = simulate(ask_lenders(drawn), STOCK, BODY, (3,))
    true_px = camera.project(lent.truth_m[0], lent.camera_matrix[0])
    off = np.linalg.norm(lent.landmarks_px[0] - true_px[:, None], axis=-1) / lent.region[0, :, None, None, 2]
    assert off == pytest.approx(0.1 * np.sqrt(2), abs=1e-3)


def test_limbs_are_others_and_bones_keep_their_lengths() -> None:
    moved = mingle(STOCK, BODY, np.random.default_rng(0))
    thigh_m = np.linalg.norm(moved.joints_m[:, 4] - moved.joints_m[:, 1], axis=1)
    assert np.ptp(thigh_m) < 1e-4
    assert rooted(moved.landmarks_m).std(axis=0).max() > 0.05
