"""Drawn adults have the mean and the covariance that they are drawn from, and look like people."""

import numpy as np

from training.adults import BONES, MEAN_M, MEASURES, RECORDS, draw_adults, log_covariance


def test_the_records_are_those_of_standing_people() -> None:
    of = dict(zip(MEASURES, RECORDS.T, strict=True))
    order = (
        "lateral malleolus height",
        "lateral femoral epicondyle height",
        "trochanterion height",
        "cervicale height",
    )
    heights = np.stack([of[name] for name in (*order, "stature")])
    assert (np.diff(heights, axis=0) > 0).all()
    for name, column in of.items():
        # A slip of the pen is farther from the others than anybody's leg.
        assert (np.abs(column - column.mean()) < 4 * column.std()).all(), name


def test_drawn_adults_have_the_mean_and_covariance_they_are_drawn_from() -> None:
    drawn = np.log(draw_adults(20_000, seed=1))
    for sex in range(2):
        centred = drawn[sex::2] - np.log(MEAN_M[sex])
        np.testing.assert_allclose(centred.mean(axis=0), 0, atol=0.003)
        np.testing.assert_allclose(np.cov(centred.T), log_covariance(), atol=2e-4)


def test_lengths_vary_together() -> None:
    assert (np.linalg.eigvalsh(log_covariance()) > 0).all()
    deviation = np.sqrt(np.diag(log_covariance()))
    together = log_covariance() / np.outer(deviation, deviation)
    legs = [BONES.index(("left_hip", "left_knee")), BONES.index(("left_knee", "left_ankle"))]
    assert together[legs[0], legs[1]] > 0.4


def test_the_same_seed_draws_the_same_people() -> None:
    np.testing.assert_array_equal(draw_adults(5, seed=3), draw_adults(5, seed=3))
