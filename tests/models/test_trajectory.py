"""Paths and lengths are found again, whatever the rate and however the clip is cut."""

import dataclasses

import numpy as np
import pytest

from models import camera, landmark_bones, spline, trajectory
from models.trajectory_step import factor_step, make_window
from models.trajectory_terms import Evidence, Model, linearise, make_layout
from tests.models.toy_walker import walker_m

CAMERA = camera.pinhole(1000.0, 1280, 720)
SKELETON = landmark_bones.make_skeleton()
HIPS = [landmark_bones.SOLVED.index(name) for name in ("left_hip", "right_hip")]
OPTIONS = trajectory.FitOptions(jerk=500.0)


def walk_m(duration_s, rate_hz):
    return walker_m(np.arange(round(duration_s * rate_hz) + 1) / rate_hz)[:, landmark_bones.SOLVED_INDEX]


def true_lengths_m(points_m):
    bone_m = np.linalg.norm(points_m[:, SKELETON.pair[:, 0]] - points_m[:, SKELETON.pair[:, 1]], axis=2).mean(axis=0)
    return np.array([bone_m[SKELETON.length_index == k].mean() for k in range(len(landmark_bones.LENGTHS))])


def rooted(points_m):
    return points_m - points_m[:, HIPS].mean(axis=1, keepdims=True)


def sight_of(points_m, *, depth=1.0, noise_px=0.0, seed=0):
    noise = np.random.default_rng(seed).normal(0, noise_px, (*points_m.shape[:2], 2)) if noise_px else 0.0
    return Evidence(
        pixels=camera.project(points_m, CAMERA) + noise,
        pixel_information=np.full(points_m.shape[:2], 1 / 4.0**2),
        shape_m=rooted(points_m) * [1, 1, depth],
        shape_metric=np.tile(np.diag([0.06**-2, 0.06**-2, 0.15**-2]), (len(points_m), 1, 1)),
        shape_information=np.tile(relation_information(points_m), (len(points_m), 1)),
        seen=np.ones(len(points_m), dtype=bool),
    )


def relation_information(points_m):
    return np.concatenate([np.ones(points_m.shape[1]), (2.6 * true_lengths_m(points_m)[SKELETON.length_index]) ** -2.0])


def fit(points_m, evidence, rate_hz, options=OPTIONS, tolerance=0.02):
    lengths_m = true_lengths_m(points_m)
    start_m = rooted(evidence.shape_m) + points_m[:, HIPS].mean(axis=1, keepdims=True)
    prior = trajectory.LengthPrior(lengths_m, tolerance * lengths_m)
    return trajectory.fit_trajectory(evidence, SKELETON, prior, start_m, trajectory.View(CAMERA, rate_hz), options)


def test_clean_evidence_gives_the_truth_back():
    truth_m = walk_m(2, 60)
    found = fit(truth_m, sight_of(truth_m), 60)
    # toes at the very ends pay for their jerk
    assert np.linalg.norm(found.points_m - truth_m, axis=2).max() < 0.005
    assert np.linalg.norm(found.points_m - truth_m, axis=2).mean() < 0.001
    assert np.allclose(found.length_m, true_lengths_m(truth_m), atol=0.001)


def test_squeezed_depth_is_stretched_again_by_the_bones():
    truth_m = walk_m(2, 60)
    evidence = sight_of(truth_m, depth=0.75)
    found = fit(truth_m, evidence, 60)
    before = np.abs(rooted(evidence.shape_m) - rooted(truth_m))[..., 2].mean()
    after = np.abs(rooted(found.points_m) - rooted(truth_m))[..., 2].mean()
    assert after < 0.6 * before


def test_bones_keep_their_length_under_noise():
    truth_m = walk_m(2, 60)
    found = fit(truth_m, sight_of(truth_m, depth=0.8, noise_px=4.0), 60)
    bone_m = np.linalg.norm(found.points_m[:, SKELETON.pair[:, 0]] - found.points_m[:, SKELETON.pair[:, 1]], axis=2)
    stiff = SKELETON.tolerance_m < 0.02
    assert (bone_m.std(axis=0) / bone_m.mean(axis=0))[stiff].mean() < 0.01


def test_lengths_leave_a_wrong_belief_when_pixels_and_shape_say_otherwise():
    truth_m = walk_m(2, 60)
    lengths_m = true_lengths_m(truth_m)
    prior = trajectory.LengthPrior(1.1 * lengths_m, 0.2 * lengths_m)
    found = trajectory.fit_trajectory(sight_of(truth_m), SKELETON, prior, truth_m, trajectory.View(CAMERA, 60), OPTIONS)
    assert np.abs(found.length_m / lengths_m - 1).mean() < 0.03


def test_the_same_motion_at_half_the_rate_gives_the_same_answer():
    found = {}
    for rate_hz in (60, 30):
        truth_m = walk_m(2, rate_hz)
        evidence = sight_of(truth_m, depth=0.75)
        # an error that is the same at the same time, fast enough to be weighed against jerk
        shake_px = 8 * np.sin(2 * np.pi * 6 * np.arange(len(truth_m)) / rate_hz)
        evidence = dataclasses.replace(evidence, pixels=evidence.pixels + shake_px[:, None, None])
        found[rate_hz] = fit(truth_m, evidence, rate_hz, dataclasses.replace(OPTIONS, jerk=60.0))
    apart_m = np.linalg.norm(found[60].points_m[::2] - found[30].points_m, axis=2)
    # the very ends differ: the last frame stands for half as long again
    assert apart_m[10:-10].max() < 0.004
    assert np.allclose(found[60].length_m, found[30].length_m, atol=0.001)


def test_windows_join_without_a_seam():
    truth_m = walk_m(6, 30)
    # true depth: where it is squeezed, a limb across the line of sight may fall to either side
    evidence = sight_of(truth_m, noise_px=3.0)
    whole = fit(truth_m, evidence, 30, tolerance=1e-4)
    cut = fit(truth_m, evidence, 30, dataclasses.replace(OPTIONS, window_s=1.6), tolerance=1e-4)
    assert np.linalg.norm(whole.points_m - cut.points_m, axis=2).max() < 0.003
    kink = [np.linalg.norm(np.diff(one.points_m, 3, axis=0), axis=2).max(axis=1) for one in (whole, cut)]
    assert np.abs(kink[1] - kink[0]).max() < 0.05 * kink[0].max()


def test_a_gap_does_not_bend_what_was_seen():
    truth_m = walk_m(3, 30)
    evidence = sight_of(truth_m)
    seen = evidence.seen.copy()
    seen[40:60] = False
    hidden = dataclasses.replace(
        evidence,
        seen=seen,
        pixel_information=evidence.pixel_information * seen[:, None],
        shape_information=evidence.shape_information * seen[:, None],
    )
    found = fit(truth_m, hidden, 30)
    assert np.linalg.norm(found.points_m - truth_m, axis=2)[seen].max() < 0.005


@pytest.fixture
def linear_point():
    truth_m = walk_m(0.2, 30)
    rng = np.random.default_rng(3)
    evidence = sight_of(truth_m, depth=0.8, noise_px=3.0)
    model = Model(SKELETON, make_layout(SKELETON), CAMERA, 1.0)
    return model, evidence, truth_m + rng.normal(0, 0.03, truth_m.shape), true_lengths_m(truth_m) * 1.02


def test_gradients_are_finite_differences_of_the_cost(linear_point):
    model, evidence, points_m, lengths_m = linear_point
    rng = np.random.default_rng(4)
    for _ in range(5):
        way, stretch = rng.normal(size=points_m.shape), rng.normal(size=lengths_m.shape)
        terms = linearise(model, evidence, points_m, lengths_m, 1.0)
        cost = [
            linearise(model, evidence, points_m + s * way, lengths_m + s * stretch, 1.0).cost for s in (1e-6, -1e-6)
        ]
        expected = (terms.gradient * way).sum() + terms.length_gradient @ stretch
        assert (cost[0] - cost[1]) / 2e-6 == pytest.approx(expected, rel=1e-5)


def test_blocks_are_the_curvature_where_nothing_is_left_over():
    truth_m = walk_m(0.1, 30)
    model = Model(SKELETON, make_layout(SKELETON), CAMERA, 1.0)
    evidence, lengths_m = sight_of(truth_m), true_lengths_m(truth_m)
    terms = linearise(model, evidence, truth_m, lengths_m, 1.0)
    way = np.random.default_rng(5).normal(size=truth_m.shape)
    ahead, behind = (linearise(model, evidence, truth_m + s * way, lengths_m, 1.0) for s in (1e-6, -1e-6))
    expected = (ahead.gradient - behind.gradient) / 2e-6
    first, second = model.layout.first, model.layout.second
    product = np.zeros_like(truth_m)
    for block, (i, j) in enumerate(zip(first, second, strict=True)):
        product[:, i] += np.einsum("fxy,fy->fx", terms.blocks[:, block], way[:, j])
        if i != j:
            product[:, j] += np.einsum("fxy,fy->fx", terms.blocks[:, block], way[:, i])
    assert np.allclose(product, expected, rtol=1e-4, atol=1e-3 * np.abs(expected).max())
    shift = np.einsum("fpcl,fpc->l", terms.coupling, way)
    assert np.allclose(shift, (ahead.length_gradient - behind.length_gradient) / 2e-6, rtol=1e-3, atol=1.0)


@pytest.mark.parametrize("fixed", [0, 3])
def test_a_banded_step_is_the_dense_step(linear_point, fixed):
    model, evidence, points_m, lengths_m = linear_point
    basis = spline.make_basis(np.arange(len(points_m)) / 30, 0.05)
    window = make_window(evidence, basis, 0.05, 77.0, fixed)
    controls = np.random.default_rng(6).normal([0, 0, 4], 0.1, (basis.knot_count, points_m.shape[1], 3))
    terms = linearise(model, evidence, window.points_m(controls), lengths_m, 1.0)
    step = factor_step(window, model, controls, terms, lengths_free=True)
    change = np.random.default_rng(7).normal(size=lengths_m.shape)

    size = points_m.shape[1] * 3
    frames = np.zeros((len(points_m), size, size))
    for block, (i, j) in enumerate(zip(model.layout.first, model.layout.second, strict=True)):
        frames[:, 3 * i : 3 * i + 3, 3 * j : 3 * j + 3] = terms.blocks[:, block]
        frames[:, 3 * j : 3 * j + 3, 3 * i : 3 * i + 3] = terms.blocks[:, block]
    spread = window.frames_from_knots.toarray()
    jerk = window.jerk.toarray()
    matrix = np.einsum("fk,fl,fij->kilj", spread, spread, frames)
    matrix += np.einsum("kl,ij->kilj", jerk.T @ jerk, np.eye(size))
    matrix = matrix.reshape(basis.knot_count * size, -1) + 0.01 * np.eye(basis.knot_count * size)
    right = spread.T @ terms.gradient.reshape(len(points_m), -1) + jerk.T @ jerk @ controls.reshape(len(controls), -1)
    right += spread.T @ (terms.coupling @ change).reshape(len(points_m), -1)
    free = slice(fixed * size, None)
    assert np.allclose(step.move(change), -np.linalg.solve(matrix[free, free], right.ravel()[free]), atol=1e-7)
