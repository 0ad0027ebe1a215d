"""Left taken for right is found by continuity, and nothing else is touched."""

import dataclasses

import numpy as np
import pytest

from models import camera
from models.side_swap import SwapCosts, facing_agreement, find_swaps, swap_sides
from tests.models.toy_walker import walker_m

CAMERA = camera.pinhole(1000.0, 1280, 720)
COSTS = SwapCosts()


def sighting(rate_hz, turn_rad_s, seed=0, duration_s=4):
    """Pixels and rough metres with a detector's noise; the figure turns all the way past the camera."""
    times_s = np.arange(duration_s * rate_hz) / rate_hz
    points_m = walker_m(times_s, turn_rad_s=turn_rad_s)
    rng = np.random.default_rng(seed)
    pixels = camera.project(points_m, CAMERA) + rng.normal(0, 3, (*points_m.shape[:2], 2))
    rough_m = (points_m - points_m[:, 23:25].mean(axis=1, keepdims=True)) * [1, 1, 0.75]
    return pixels, rough_m + rng.normal(0, 0.02, rough_m.shape), times_s


@pytest.mark.parametrize("rate_hz", [24, 60])
@pytest.mark.parametrize("turn_rad_s", [0.0, 0.3, 1.5])
def test_clean_sightings_are_left_alone(rate_hz, turn_rad_s):
    assert not find_swaps(*sighting(rate_hz, turn_rad_s), COSTS).swapped.any()


@pytest.mark.parametrize("rate_hz", [24, 60])
@pytest.mark.parametrize("turn_rad_s", [0.0, 1.5])
@pytest.mark.parametrize("swapped_s", [(1.0, 1.5), (0.0, 0.4), (3.5, 4.0), (2.0, 2.03)])
def test_swapped_frames_are_found_exactly(rate_hz, turn_rad_s, swapped_s):
    pixels, rough_m, times_s = sighting(rate_hz, turn_rad_s)
    wrong = (times_s >= swapped_s[0]) & (times_s < swapped_s[1])
    found = find_swaps(swap_sides(pixels, wrong), swap_sides(rough_m, wrong), times_s, COSTS)
    assert (found.swapped == wrong).all()
    assert not found.torn.any()


def test_a_clip_swapped_throughout_is_told_by_feet_and_face():
    pixels, rough_m, times_s = sighting(30, 0.3)
    everywhere = np.ones(len(times_s), dtype=bool)
    assert find_swaps(swap_sides(pixels, everywhere), swap_sides(rough_m, everywhere), times_s, COSTS).swapped.all()


def test_where_feet_and_face_say_nothing_the_rarer_state_is_the_wrong_one():
    pixels, rough_m, times_s = sighting(30, 0.3)
    wrong = times_s >= 3
    silent = dataclasses.replace(COSTS, facing=0.0)
    assert (find_swaps(swap_sides(pixels, wrong), swap_sides(rough_m, wrong), times_s, silent).swapped == wrong).all()


def test_a_frame_whose_sides_ran_together_is_told_and_breaks_no_chain():
    pixels, rough_m, times_s = sighting(30, 0.3)
    merged, wrong = np.zeros((2, len(times_s)), dtype=bool)
    merged[[40, 60, 61]] = True
    wrong[41:60] = True
    blend = [(values + swap_sides(values, merged)) / 2 for values in (pixels, rough_m)]
    found = find_swaps(*(swap_sides(values, wrong) for values in blend), times_s, COSTS)
    assert (found.torn == merged).all()
    assert (found.swapped == wrong)[~merged].all()


def test_after_a_long_gap_continuity_no_longer_speaks():
    pixels, rough_m, times_s = sighting(30, 3.0)
    after = times_s > 2
    assert not find_swaps(pixels, rough_m, times_s + 10 * after, COSTS).swapped.any()


def test_exchanging_the_sides_turns_the_agreement_about():
    _, rough_m, times_s = sighting(30, 0.3)
    agreement = facing_agreement(rough_m)
    everywhere = np.ones(len(times_s), dtype=bool)
    assert (agreement > 0.5).all()
    assert np.allclose(facing_agreement(swap_sides(rough_m, everywhere)), -agreement)


def test_exchanging_twice_changes_nothing():
    pixels, _, times_s = sighting(30, 0.3)
    where = times_s > 1
    assert (swap_sides(swap_sides(pixels, where), where) == pixels).all()


def test_one_frame_alone_is_kept():
    pixels, rough_m, times_s = sighting(30, 0.3)
    assert not find_swaps(pixels[:1], rough_m[:1], times_s[:1], COSTS).swapped.any()
