"""Cubic B-splines: what they can express and what they cost."""

import numpy as np

from models import spline

TIMES_S = np.arange(98) / 60
BASIS = spline.make_basis(TIMES_S, 0.05)
MATRIX = spline.frames_from_knots(BASIS).toarray()


def test_weights_of_every_frame_sum_to_one():
    assert np.allclose(MATRIX.sum(axis=1), 1)
    assert (MATRIX >= 0).all()


def test_cubic_motion_is_expressed_exactly_and_its_jerk_found():
    motion = 0.3 - TIMES_S + 2 * TIMES_S**2 + 1.5 * TIMES_S**3
    controls = np.linalg.lstsq(MATRIX, motion, rcond=None)[0]
    assert np.allclose(MATRIX @ controls, motion, atol=1e-9)
    jerk = spline.jerk_operator(BASIS.knot_count, 0.05) @ controls
    assert np.allclose(jerk / np.sqrt(0.05), 9.0, atol=1e-4)


def test_overlaps_are_the_blocks_of_the_normal_matrix():
    weight = np.random.default_rng(0).uniform(size=len(TIMES_S))
    normal = MATRIX.T @ (weight[:, None] * MATRIX)
    for apart in range(spline.ORDER):
        summed = spline.overlap(BASIS, apart) @ weight
        assert np.allclose(summed[: BASIS.knot_count - apart], np.diagonal(normal, -apart))


def test_the_same_seconds_need_the_same_control_points_at_any_rate():
    slow = spline.make_basis(np.arange(50) / 30, 0.05)
    assert slow.knot_count == spline.make_basis(np.arange(99) / 60, 0.05).knot_count
