"""The fitted walk repeats, has two equal sides, and puts its feet down without sliding or sinking."""

import numpy as np
import pytest
import torch

from models.bodies import load_body
from models.bodies.body import rest_joints
from models.skeletons import SMPL_INDEX, SMPL_MIRROR
from tests.training.toy_mocap import stick_clip
from training.gait import Gait, fit_gait, gait_rotations, walk
from training.plant_feet import move_ankles
from training.retarget import SmplPose, joint_positions

BODY = load_body("free")
BETAS = np.zeros(BODY.beta_count)
REST = rest_joints(BODY, torch.zeros(BODY.beta_count)).double().numpy()


@pytest.fixture(scope="module")
def gait() -> Gait:
    return fit_gait([stick_clip(95)], BODY, BETAS)


def test_the_cycle_has_the_source_s_length_and_repeats(gait: Gait):
    phase = np.linspace(0, 1, 7)
    assert gait.period_s == pytest.approx(1.0, abs=0.02)
    np.testing.assert_allclose(gait_rotations(gait, phase), gait_rotations(gait, phase + 3), atol=1e-9)


def test_half_a_cycle_later_left_is_right(gait: Gait):
    now, later = gait_rotations(gait, np.array([0.13])), gait_rotations(gait, np.array([0.63]))
    flip = np.diag([-1.0, 1, 1])
    np.testing.assert_allclose(flip @ later[:, list(SMPL_MIRROR)] @ flip, now, atol=2e-3)


def test_the_curves_follow_the_source(gait: Gait):
    knee = gait_rotations(gait, np.linspace(0, 1, 30, endpoint=False))[:, SMPL_INDEX["left_knee"]]
    bend_rad = np.arctan2(knee[:, 2, 1], knee[:, 1, 1])
    assert np.ptp(bend_rad) == pytest.approx(0.7, abs=0.05)


@pytest.fixture(scope="module")
def ankle_move() -> tuple[SmplPose, SmplPose, np.ndarray]:
    phase = np.linspace(0, 2, 40)
    rotation = gait_rotations(fit_gait([stick_clip(95)], BODY, BETAS), phase)
    pose = SmplPose(rotation, np.random.default_rng(1).normal(size=(40, 3)))
    shift_m = np.random.default_rng(2).uniform((-0.02, 0.005, -0.02), (0.02, 0.02, 0.02), (40, 3))
    return pose, move_ankles(pose, REST, (shift_m, np.zeros((40, 3)))), shift_m


def test_ankles_move_by_the_shift_and_nothing_else_does(ankle_move: tuple[SmplPose, SmplPose, np.ndarray]):
    before, after, shift_m = ankle_move
    moved_m = joint_positions(after, REST) - joint_positions(before, REST)
    np.testing.assert_allclose(moved_m[:, SMPL_INDEX["left_ankle"]], shift_m, atol=1e-9)
    np.testing.assert_allclose(moved_m[:, SMPL_INDEX["left_foot"]], shift_m, atol=1e-9)
    still = [index for name, index in SMPL_INDEX.items() if name not in ("left_knee", "left_ankle", "left_foot")]
    np.testing.assert_allclose(moved_m[:, still], 0, atol=1e-9)


def test_a_walk_goes_ahead_on_the_floor(gait: Gait):
    times_s = np.arange(60) / 30
    rotation, trans_m = walk(gait, BODY, BETAS, times_s)
    speed_m_s = np.polyfit(times_s, trans_m, 1)[0]
    assert rotation.shape == (60, 24, 3, 3)
    assert 0.4 < speed_m_s[2] < 2
    np.testing.assert_allclose(speed_m_s[:2], 0, atol=0.02)
