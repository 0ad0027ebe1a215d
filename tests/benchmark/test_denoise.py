"""The benchmark of denoising: the truth scores nothing, floors are floors, strikes are counted, the best is chosen."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.denoise import gains, grid, tune
from benchmark.denoise_cases import (
    Case,
    constant_part,
    draw_cases,
    frozen,
    mean_pose,
    measure,
    quick_errors,
    strike_ratios,
)
from models.skeletons import SMPL_INDEX
from tests.training.toy_wave import wave


@pytest.fixture(scope="module")
def case() -> Case:
    return draw_cases([wave(frames=90)], "detector", 3)[0]


def test_the_truth_has_no_error(case: Case) -> None:
    figures = measure([case], [case.true])
    assert figures["mpjpe22_mm"] < 1e-3
    assert figures["accel_error_mm_s2"] < 1.0
    assert figures["speed_ratio"] == pytest.approx(1.0)


def test_floors_stand_still_and_the_constant_part_is_less_than_all(case: Case) -> None:
    for floor in (frozen, mean_pose):
        assert measure([case], [floor(case)])["speed_ratio"] < 1e-6
    found = (case.found.world_from_joint, case.found.root_m)
    assert quick_errors([case], [constant_part(case)])[0] < quick_errors([case], [found])[0]


def test_the_same_seed_draws_the_same_errors(case: Case) -> None:
    again = draw_cases([wave(frames=90)], "detector", 3)[0]
    torch.testing.assert_close(again.found.world_from_joint, case.found.world_from_joint, atol=0, rtol=0)
    other = draw_cases([wave(frames=90)], "detector", 4)[0]
    assert not torch.allclose(other.found.world_from_joint, case.found.world_from_joint)


def test_long_clips_are_cut_and_short_ones_left_out() -> None:
    assert [len(own.found.root_m) for own in draw_cases([wave(frames=330)], "fitted", 0)] == [300]
    assert [len(own.found.root_m) for own in draw_cases([wave(frames=360)], "fitted", 0)] == [300, 60]


def test_a_strike_is_found_and_its_speed_compared(case: Case) -> None:
    turns, places_m = (part.clone() for part in case.true)
    thrust = torch.zeros(len(places_m), dtype=torch.float64)
    thrust[40:45] = torch.tensor([0.1, 0.3, 0.6, 0.8, 0.9])
    thrust[45:] = 0.9
    still = turns[:1].expand_as(turns)
    forward = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    punch = replace(case, action="martial punch", true=(still, places_m[:1] + thrust[:, None] * forward))
    ratios = strike_ratios(punch, (still, places_m[:1] + 0.9 * thrust[:, None] * forward))
    np.testing.assert_allclose(ratios, 0.9, atol=1e-6)
    assert len(ratios) == 2, "both wrists moved"
    assert SMPL_INDEX["left_wrist"] == 20
    assert len(strike_ratios(case, case.true)) == 0, "not a martial clip"


def test_every_filter_is_tuned_for_both_aims_from_the_grid(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    few = [entry for entry in grid() if entry[1].startswith(("0.1 s", "0.5 s", "7 frames, order 2"))]
    monkeypatch.setattr("benchmark.denoise.grid", lambda: few)
    best = tune([case])
    assert set(best) == {"butterworth", "kalman", "local parabola", "one_euro", "savitzky_golay"}
    known = {(name, setting) for name, setting, _ in few}
    assert all((name, setting) in known for name, aims in best.items() for setting in aims.values())
    assert all(set(aims) == {"place", "acceleration"} for aims in best.values())


def test_the_gain_is_over_the_best_that_needs_no_truth() -> None:
    rows = {
        "ours": {"mpjpe22_mm": 30.0, "accel_error_mm_s2": 3000.0},
        "a, for place": {"mpjpe22_mm": 40.0, "accel_error_mm_s2": 5000.0},
        "b, for place": {"mpjpe22_mm": 50.0, "accel_error_mm_s2": 6000.0},
        "a, for acceleration": {"mpjpe22_mm": 45.0, "accel_error_mm_s2": 4000.0},
        "untouched": {"mpjpe22_mm": 60.0, "accel_error_mm_s2": 9000.0},
        "constant part (needs the truth)": {"mpjpe22_mm": 1.0, "accel_error_mm_s2": 1.0},
    }
    told = gains(rows)
    assert (told["mpjpe22_mm"], told["accel_error_mm_s2"]) == (25.0, 25.0)
    assert told["mpjpe22_mm best other"] == "a, for place"
