"""Rays of several cameras: they meet in the truth, miss where something is wrong, and tell clocks and people apart."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from models.cameras import undistort
from models.cameras.agreement import shifted_px, whole_shift_px
from models.cameras.epipolar import distance_px
from models.cameras.matching import Track, find_lead_s, match
from models.cameras.sides import contradictions
from models.cameras.triangulate import triangulate
from models.side_swap import swap_sides
from tests.models.cameras.rigs import camera_at, seen_by, walker_in_world_m

RIG = (camera_at("a", 10), camera_at("b", 80), camera_at("c", 150))
TIMES_S = np.arange(60) / 30
WALK_M = walker_in_world_m(TIMES_S)


def track(number, points_m=WALK_M, times_s=TIMES_S, noise_px=2.0):
    pixels = seen_by(RIG[number], points_m) + np.random.default_rng(number).normal(
        0, noise_px, (*points_m.shape[:2], 2)
    )
    return Track(number, times_s, pixels, np.full(points_m.shape[:2], 0.9), 350.0)


def test_rays_of_one_point_do_not_miss_each_other():
    first, second = seen_by(RIG[0], WALK_M), seen_by(RIG[1], WALK_M)
    assert np.abs(distance_px(first, second, RIG[0], RIG[1])).max() < 1e-6


def test_the_distance_is_how_far_a_pixel_has_to_move_off_its_line():
    first, second = seen_by(RIG[0], WALK_M), seen_by(RIG[1], WALK_M)
    away = distance_px(first, second + np.array([0, 4.0]), RIG[0], RIG[1])
    # both pictures may give way, and so each moves by about 4 / sqrt(2)
    assert np.abs(np.abs(away) - 4 / np.sqrt(2)).max() < 0.5


@pytest.mark.parametrize("views", [2, 3])
def test_rays_meet_in_the_truth(views):
    pixels = np.stack([seen_by(camera, WALK_M) for camera in RIG[:views]])
    assert np.abs(triangulate(pixels, np.ones(pixels.shape[:-1]), RIG[:views]) - WALK_M).max() < 1e-6


def test_of_three_rays_a_wrong_one_is_outvoted():
    pixels = np.stack([seen_by(camera, WALK_M) for camera in RIG])
    pixels[1, ::3] += 60.0
    assert np.linalg.norm(triangulate(pixels, np.full(pixels.shape[:-1], 2.0), RIG) - WALK_M, axis=-1).max() < 0.01


def test_a_point_that_one_camera_sees_is_nowhere():
    pixels = np.stack([seen_by(camera, WALK_M) for camera in RIG[:2]])
    pixels[1, :, 7] = np.nan
    found_m = triangulate(pixels, np.ones(pixels.shape[:-1]), RIG[:2])
    assert np.isnan(found_m[:, 7]).all()
    assert np.isfinite(np.delete(found_m, 7, axis=1)).all()


def test_what_the_lens_bent_is_straight_again():
    bent = replace(RIG[0], distortion=np.array([-0.3, 0.05, 0.002, -0.001, 0.0]))
    pose = RIG[0].camera_from_world
    turn = cv2.Rodrigues(pose[:3, :3])[0]
    seen = cv2.projectPoints(WALK_M[0], turn, pose[:3, 3], bent.camera_matrix, bent.distortion)[0][:, 0]
    assert np.abs(seen - seen_by(RIG[0], WALK_M[0])).max() > 2
    seen[3] = np.nan
    straight = undistort(seen, bent)
    assert np.isnan(straight[3]).all()
    assert np.nanmax(np.abs(straight - seen_by(RIG[0], WALK_M[0]))) < 0.05


@pytest.mark.parametrize("lead_s", [0.0, 0.4, -0.75, 0.05])
def test_the_clock_of_the_second_camera_is_found(lead_s):
    late = track(1, times_s=TIMES_S + lead_s)
    assert find_lead_s([track(0)], [late], RIG, 1.0) == pytest.approx(lead_s, abs=0.006)


def test_somebody_who_stands_still_tells_no_time():
    still_m = np.repeat(WALK_M[:1], len(WALK_M), axis=0)
    assert find_lead_s([track(0, still_m)], [track(1, still_m, TIMES_S + 0.3)], RIG, 1.0) == 0.0


def test_people_are_told_apart_and_a_lost_one_is_put_together():
    other_m = WALK_M[::-1] + np.array([1.2, 0, 0.3])
    half = len(TIMES_S) // 2
    early = track(1, WALK_M[:half], TIMES_S[:half])
    late = track(1, WALK_M[half:], TIMES_S[half:])
    tracks = [track(0, other_m), track(0), early, track(1, other_m), late]
    assert match(tracks, [0.0, 0.0, 0.0], RIG) == [[0, 3], [1, 2, 4]]


def test_somebody_whom_one_camera_sees_is_nobodys_match():
    assert match([track(0), track(1, WALK_M + np.array([2.0, 0.5, 1.0]))], [0.0, 0.0, 0.0], RIG) == []


def test_a_shifted_picture_shows_in_the_rays():
    straight = np.stack([seen_by(camera, WALK_M) for camera in RIG])
    sure = np.ones(straight.shape[:-1])
    assert whole_shift_px(shifted_px(straight, sure, RIG)) < 1e-6
    moved = straight.copy()
    moved[2] += [3.0, 20.0]
    assert 12 < whole_shift_px(shifted_px(moved[[0, 2]], sure[:2], (RIG[0], RIG[2]))) < 21
    assert np.argmax(np.linalg.norm(shifted_px(moved, sure, RIG), axis=1)) == 2


def test_a_view_with_left_and_right_exchanged_contradicts_the_other():
    first, second = seen_by(RIG[0], WALK_M), seen_by(RIG[1], WALK_M)
    wrong = np.zeros(len(TIMES_S), dtype=bool)
    wrong[20:35] = True
    noise = np.random.default_rng(3).normal(0, 2.0, second.shape)
    found = contradictions(first, swap_sides(second, wrong) + noise, 350.0, RIG[:2])
    assert (found == wrong).mean() > 0.95
    assert not contradictions(first, second + noise, 350.0, RIG[:2]).any()
