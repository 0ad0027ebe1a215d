"""Scores are what they say."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmark.metrics import included_angles_deg, score
from models.skeletons import LANDMARK_INDEX


@pytest.fixture
def truth() -> np.ndarray:
    return (
        np.cumsum(np.random.default_rng(1).normal(size=(40, 33, 3)) * 0.02, axis=0) + np.arange(99).reshape(33, 3) / 50
    )


def test_the_truth_itself_has_no_error(truth: np.ndarray) -> None:
    figures = score(truth, truth, 30.0)
    assert figures.pop("speed_ratio") == pytest.approx(1)
    figures.pop("bone_cv_percent")
    assert all(value == pytest.approx(0, abs=1e-5) for value in figures.values())


def test_a_shift_of_the_root_is_seen_in_the_root_alone(truth: np.ndarray) -> None:
    figures = score(truth + np.array([0.1, 0, 0]), truth, 30.0)
    assert figures["root_abs_cm"] == pytest.approx(10)
    assert figures["root_unbiased_cm"] == pytest.approx(0, abs=1e-9)
    assert figures["mpjpe22_mm"] == pytest.approx(0, abs=1e-9)


def test_a_frozen_pose_does_not_move(truth: np.ndarray) -> None:
    assert score(np.broadcast_to(truth[0], truth.shape), truth, 30.0)["speed_ratio"] == 0


def test_alignment_takes_away_turn_scale_and_shift_but_no_mirror(truth: np.ndarray) -> None:
    turned = 1.3 * Rotation.from_rotvec([0.3, -1, 2]).apply(truth.reshape(-1, 3)).reshape(truth.shape) + 0.4
    assert score(turned, truth, 30.0)["pa_mpjpe22_mm"] == pytest.approx(0, abs=1e-6)
    assert score(truth * [-1, 1, 1], truth, 30.0)["pa_mpjpe22_mm"] > 10


def test_a_right_angle_is_ninety_degrees(truth: np.ndarray) -> None:
    bent = truth.copy()
    for name, place in (("shoulder", [0, 1, 0]), ("elbow", [0, 0, 0]), ("wrist", [0, 0, 2])):
        bent[:, LANDMARK_INDEX[f"left_{name}"]] = place
    assert included_angles_deg(bent)["elbow", "left"] == pytest.approx(90)
    assert score(bent, bent, 30.0)["elbow_deg"] == 0
