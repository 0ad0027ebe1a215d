"""Figures of the detector's errors: none for the truth, each error in its own figure."""

from dataclasses import replace

import numpy as np
import pytest

from benchmark.detector_errors import Look, figures, mean
from models import camera
from models.skeletons import LANDMARK_MIRROR

MATRIX = camera.pinhole(900.0, 640, 480)


def perfect(frames: int = 40) -> Look:
    """Somebody seen without any error, in the middle of the picture."""
    rng = np.random.default_rng(1)
    truth_m = rng.normal(0, 0.4, (33, 3)) + np.cumsum(rng.normal(0, 0.02, (frames, 33, 3)), axis=0) + (0, 0, 5)
    region = np.tile([320.0, 240.0, 300.0, 0.0], (frames, 1))
    return Look(
        region=region,
        landmarks_px=camera.project(truth_m, MATRIX),
        rough_m=truth_m - truth_m[:, 23:25].mean(axis=1, keepdims=True),
        visibility=np.ones((frames, 33)),
        score=np.ones(frames),
        truth_m=truth_m,
        camera_matrix=MATRIX,
    )


def test_the_truth_has_no_error():
    row = figures(perfect())
    for key in ("lost_percent", "swapped_percent", "mpjpe_mm", "unbiased_mm", "shake_mm", "shake_2d", "pixel_off"):
        assert row[key] == pytest.approx(0, abs=1e-9), key
    assert row["depth_slope"] == pytest.approx(1)
    assert np.isnan(row["mm_hidden"])


def test_squeezed_depth_shows_as_slope_and_in_z_alone():
    row = figures(replace(perfect(), rough_m=perfect().rough_m * [1, 1, 0.6]))
    assert row["depth_slope"] == pytest.approx(0.6)
    assert row["x_mm"] == pytest.approx(0, abs=1e-9)
    assert row["z_mm"] > 50


def test_a_constant_error_is_biased_and_a_jumping_one_shakes():
    off_m = np.zeros((33, 3))
    off_m[11:23] = 0.1
    steady = figures(replace(perfect(), rough_m=perfect().rough_m + off_m))
    assert steady["unbiased_mm"] == pytest.approx(0, abs=1e-9)
    assert steady["mpjpe_mm"] > 50
    jumping = figures(replace(perfect(), rough_m=perfect().rough_m + off_m * np.resize([1, -1], (40, 1, 1))))
    assert jumping["shake_mm"] > 200
    assert steady["shake_mm"] == pytest.approx(0, abs=1e-9)


def test_exchanged_sides_are_counted_and_put_right():
    order, whole = list(LANDMARK_MIRROR), perfect()
    pixels, rough_m = whole.landmarks_px.copy(), whole.rough_m.copy()
    pixels[:10], rough_m[:10] = pixels[:10][:, order], rough_m[:10][:, order]
    row = figures(replace(whole, landmarks_px=pixels, rough_m=rough_m))
    assert row["swapped_percent"] == 25
    assert row["mpjpe_mm"] == pytest.approx(0, abs=1e-9)


def test_lost_frames_are_counted_and_left_out():
    score, rough_m = np.ones(40), perfect().rough_m.copy()
    score[:4], rough_m[:4] = 0.1, 9.0
    row = figures(replace(perfect(), score=score, rough_m=rough_m))
    assert row["lost_percent"] == pytest.approx(10)
    assert row["mpjpe_mm"] == pytest.approx(0, abs=1e-9)


def test_a_mean_leaves_out_what_cannot_be_told():
    unknown = float("nan")
    rows = [{"frames": 2.0, "x": unknown, "y": unknown}, {"frames": 3.0, "x": 7.0, "y": unknown}]
    assert mean(rows) == {"frames": 5.0, "x": 7.0}
