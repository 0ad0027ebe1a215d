"""The floor and the vertical are found from where feet stood, whichever way the camera hangs."""

import math

import numpy as np
import pytest

from models.contacts import CONTACT_ROWS, SOLE_M
from models.floor import LEVEL_RAD, STEEPEST_RAD, find_ground, up_of, world_from_camera
from models.skeletons import LANDMARK_INDEX

RATE_HZ = 30
TIMES_S = np.arange(4 * RATE_HZ) / RATE_HZ
SEEN = np.ones(len(TIMES_S), dtype=bool)
HANGS = [(0, 0, 1.5), (20, 1, 2.5), (-10, -3, 0.6), (30, 0, 3.0)]
WAY = (np.array([1.0, 0.0, 0.3]), np.array([0.2, 0.0, 1.0]), np.array([-0.7, 0.0, 0.7]))


def walker_m(way: np.ndarray) -> np.ndarray:
    """Somebody of straight legs who walks over y = 0, one foot a step before the other; 5 m ahead."""
    way = way / np.linalg.norm(way)
    side = np.cross(way, [0.0, 1.0, 0.0])
    points_m = np.zeros((len(TIMES_S), 33, 3))
    for foot, name in enumerate(("left", "right")):
        phase = TIMES_S + 0.5 * foot
        swing = np.clip((phase % 1.0 - 0.5) / 0.5, 0, 1)
        ahead_m = 1.2 * (np.floor(phase) + swing**2 * (3 - 2 * swing)) - 2.0
        ankle_m = ahead_m[:, None] * way + (0.1 - 0.2 * foot) * side + [0.0, 0.1, 0.0]
        ankle_m[:, 1] += 0.1 * np.sin(np.pi * swing)
        points_m[:, LANDMARK_INDEX[f"{name}_ankle"]] = ankle_m
        for part, column, far in (("heel", 2 * foot, -0.05), ("foot_index", 2 * foot + 1, 0.15)):
            points_m[:, LANDMARK_INDEX[f"{name}_{part}"]] = ankle_m + far * way - [0.0, 0.1 - SOLE_M[column], 0.0]
        hip_m = (1.2 * (TIMES_S - 0.25) - 2.0)[:, None] * way + [0.0, 0.9, 0.0]
        points_m[:, LANDMARK_INDEX[f"{name}_hip"]] = hip_m
    return points_m - [0.0, 0.0, 5.0]


def seen_by(points_m: np.ndarray, pitch_deg: float, roll_deg: float, height_m: float) -> np.ndarray:
    pose = world_from_camera(up_of(math.radians(pitch_deg), math.radians(roll_deg)), height_m)
    return (points_m - pose[:3, 3]) @ pose[:3, :3]


@pytest.mark.parametrize("way", WAY)
@pytest.mark.parametrize(("pitch_deg", "roll_deg", "height_m"), HANGS)
def test_a_walk_tells_how_the_camera_hangs(way, pitch_deg, roll_deg, height_m):
    ground = find_ground(seen_by(walker_m(way), pitch_deg, roll_deg, height_m), SEEN, TIMES_S)
    depth = abs(way[2]) / np.linalg.norm(way)
    assert abs(math.degrees(ground.pitch_rad) - pitch_deg) < (2.5 if depth > 0.9 else 8)
    assert abs(math.degrees(ground.roll_rad) - roll_deg) < (3 if depth > 0.9 else 4)
    assert ground.height_m == pytest.approx(height_m, abs=0.12 if depth > 0.9 else 0.7)
    assert ground.places > 5


@pytest.mark.parametrize(("pitch_rad", "roll_rad"), [(0.0, 0.0), (0.4, 0.1), (-0.3, -0.2)])
def test_the_pose_of_a_camera_and_the_vertical_it_sees_belong_together(pitch_rad, roll_rad):
    up = up_of(pitch_rad, roll_rad)
    pose = world_from_camera(up, 1.7)
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
    np.testing.assert_allclose(pose[:3, :3] @ up, [0, 1, 0], atol=1e-12)
    ahead = pose[:3, :3] @ [0, 0, 1]
    assert ahead[0] == pytest.approx(0, abs=1e-12) and ahead[2] < 0
    assert math.asin(-ahead[1]) == pytest.approx(math.asin(math.sin(pitch_rad) * math.cos(roll_rad)))


def test_a_known_pitch_is_kept_and_the_camera_is_upright():
    ground = find_ground(seen_by(walker_m(WAY[1]), 12, 0, 2.0), SEEN, TIMES_S, math.radians(12))
    assert ground.pitch_rad == pytest.approx(math.radians(12), abs=1e-6)
    assert ground.roll_rad == pytest.approx(0, abs=1e-6)
    assert ground.height_m == pytest.approx(2.0, abs=0.03)


def test_mirrored_pictures_mirror_the_roll_only():
    seen_m = seen_by(walker_m(WAY[2]), 10, 4, 1.5)
    order = list(range(33))
    for name in ("hip", "ankle", "heel", "foot_index"):
        left, right = LANDMARK_INDEX[f"left_{name}"], LANDMARK_INDEX[f"right_{name}"]
        order[left], order[right] = right, left
    ground, mirrored = (find_ground(points_m, SEEN, TIMES_S) for points_m in (seen_m, (seen_m * [-1, 1, 1])[:, order]))
    assert mirrored.pitch_rad == pytest.approx(ground.pitch_rad, abs=1e-9)
    assert mirrored.roll_rad == pytest.approx(-ground.roll_rad, abs=1e-9)
    assert mirrored.height_m == pytest.approx(ground.height_m, abs=1e-9)


def test_who_lies_tells_nothing_of_the_vertical_and_gaps_do_not_matter():
    lying = seen_by(walker_m(WAY[0]), 0, 0, 1.0)[:, :, [1, 0, 2]]
    lying[:, CONTACT_ROWS] += np.sin(40 * TIMES_S)[:, None, None]
    assert abs(find_ground(lying, SEEN, TIMES_S).pitch_rad) < STEEPEST_RAD
    gap = SEEN.copy()
    gap[50:60] = False
    points_m = seen_by(walker_m(WAY[1]), 15, 0, 2.0)
    points_m[~gap] = np.nan
    assert math.degrees(find_ground(points_m, gap, TIMES_S).pitch_rad) == pytest.approx(15, abs=2)


def test_without_any_place_a_level_camera_over_the_lowest_foot_remains():
    flying = seen_by(walker_m(WAY[0]), 0, 0, 1.0)
    flying[:, CONTACT_ROWS, 0] += 0.5 * np.sin(40 * TIMES_S)[:, None]
    ground = find_ground(flying, SEEN, TIMES_S)
    assert ground.places == 0 and ground.span_m == 0
    assert np.isfinite(ground.height_m) and abs(ground.pitch_rad) < LEVEL_RAD[0]
    one = find_ground(flying[:1], SEEN[:1], TIMES_S[:1])
    assert np.isfinite(one.height_m)
