"""Feet that stand are told from feet that swing, whatever the floor's error, forwards and backwards in time."""

import numpy as np
import pytest

from models.contacts import CONTACT_POINTS, CONTACT_ROWS, SOLE_M, foot_contacts, point_contacts

RATE_HZ = 30
TIMES_S = np.arange(4 * RATE_HZ) / RATE_HZ
STANDS = (TIMES_S % 1.0) < 0.6


def stepping_m() -> np.ndarray:
    """Landmarks of feet that stand 0.6 s and fly 0.4 s in turn; the right one half a second later."""
    landmarks_m = np.tile(np.array([0.0, 1.0, 0.0]), (len(TIMES_S), 33, 1))
    for column, row in enumerate(CONTACT_ROWS):
        phase = (TIMES_S + (0.5 if column >= 2 else 0.0)) % 1.0
        swing = np.clip((phase - 0.6) / 0.4, 0, 1)
        ahead_m = 1.2 * (np.floor(TIMES_S + (0.5 if column >= 2 else 0.0)) + swing**2 * (3 - 2 * swing))
        landmarks_m[:, row] = np.stack(
            [np.zeros_like(phase), SOLE_M[column] + 0.15 * np.sin(np.pi * swing), ahead_m], axis=-1
        )
    return landmarks_m


def test_standing_feet_are_found_to_within_two_frames():
    found = foot_contacts(stepping_m(), TIMES_S)
    assert found.shape == (len(TIMES_S), len(CONTACT_POINTS))
    wrong = np.flatnonzero(found[:, 0] != STANDS)
    change = np.flatnonzero(np.diff(STANDS))
    assert all(np.abs(change - frame).min() <= 2 for frame in wrong)
    assert found[:, 0].any() and not found[:, 0].all()


@pytest.mark.parametrize("lift_m", [-0.2, 0.15])
def test_a_floor_that_lies_wrong_changes_nothing(lift_m):
    moved = stepping_m() + np.array([0, lift_m, 0])
    np.testing.assert_array_equal(foot_contacts(moved, TIMES_S), foot_contacts(stepping_m(), TIMES_S))


def test_time_run_backwards_gives_the_same_contacts():
    backwards = foot_contacts(stepping_m()[::-1], TIMES_S)
    np.testing.assert_array_equal(backwards[::-1], foot_contacts(stepping_m(), TIMES_S))


def test_a_raised_foot_that_rests_in_the_air_does_not_stand():
    landmarks_m = stepping_m()
    landmarks_m[:, CONTACT_ROWS[0]] = [0.0, 0.3, 0.0]
    landmarks_m[:, CONTACT_ROWS[2:]] = [[0.2, 0.047, 0.0], [0.2, 0.029, 0.1]]
    found = foot_contacts(landmarks_m, TIMES_S)
    assert not found[:, 0].any() and found[:, 2:].all()


def test_a_sliding_foot_does_not_stand():
    sliding = np.stack([2.0 * TIMES_S, np.zeros_like(TIMES_S), np.zeros_like(TIMES_S)], axis=-1)[:, None]
    assert not point_contacts(sliding, TIMES_S, np.zeros(1)).any()


def test_slow_enough_to_stay_but_never_to_land_is_no_contact():
    creeping = np.stack([1.05 * TIMES_S, np.zeros_like(TIMES_S), np.zeros_like(TIMES_S)], axis=-1)[:, None]
    assert not point_contacts(creeping, TIMES_S, np.zeros(1)).any()
    stops = creeping.copy()
    stops[60:, 0, 0] = stops[60, 0, 0]
    assert point_contacts(stops, TIMES_S, np.zeros(1)).all()


def test_one_frame_and_a_jump_are_no_trouble():
    assert foot_contacts(stepping_m()[:1], TIMES_S[:1]).shape == (1, 4)
    jump = stepping_m()
    jump[:, list(CONTACT_ROWS)] = [[[0.0, sole_m, 0.0] for sole_m in SOLE_M]]
    flight = (TIMES_S > 1.0) & (TIMES_S < 1.5)
    jump[flight] += np.stack([0 * TIMES_S, 1.3 * np.sin((TIMES_S - 1) * 2 * np.pi), 0 * TIMES_S], -1)[flight, None]
    found = foot_contacts(jump, TIMES_S)
    assert not found[(TIMES_S > 1.1) & (TIMES_S < 1.4)].any()
    assert found[TIMES_S < 0.9].all() and found[TIMES_S > 1.6].all()
