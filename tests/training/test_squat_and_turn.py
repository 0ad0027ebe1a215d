"""Squats repeat with both feet where they are; a turn is made of steps; key poses are met."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from models.bodies import load_body
from models.bodies.body import pose_joints, rest_joints
from models.skeletons import SMPL_INDEX
from tests.training.toy_mocap import stick_clip
from training import squat, turn
from training.curves import fit, fit_turns, through_keys, turns, waves
from training.plant_feet import soles_of
from training.retarget import SmplPose, joint_positions

BODY = load_body("free")
BETAS = np.zeros(BODY.beta_count)
REST = rest_joints(BODY, torch.zeros(BODY.beta_count)).double().numpy()
TIMES_S = np.arange(120) / 30
RANDOM = np.random.default_rng(0)


def small_turns(count: int, joints: int, size_rad: float = 0.6) -> np.ndarray:
    vectors = RANDOM.normal(0, size_rad / 2, (count * joints, 3))
    return Rotation.from_rotvec(vectors).as_matrix().reshape(count, joints, 3, 3)


def soles_m(rotation: np.ndarray, trans_m: np.ndarray) -> list[np.ndarray]:
    soles = soles_of(BODY, BETAS, rotation)
    return [points_m + trans_m[:, None] for points_m in (soles.left_m, soles.right_m)]


def test_curves_give_back_what_they_were_made_of():
    basis = waves(np.linspace(0, 3, 40), 3)
    weights = RANDOM.normal(size=(7, 4, 3))
    np.testing.assert_allclose(fit(basis, np.tensordot(basis, weights, axes=1)), weights, atol=1e-9)
    around = small_turns(1, 4)[0]
    rotation = turns(around, weights * 0.05, basis)
    mean, fitted_rad = fit_turns(waves(np.linspace(0, 3, 40), 8), rotation)
    again = turns(mean, fitted_rad, waves(np.linspace(0, 3, 40), 8))
    np.testing.assert_allclose(again, rotation, atol=2e-3)


def test_key_poses_are_met_and_held_before_the_first_and_after_the_last():
    keys_s, keys = np.array([0.5, 1.0, 2.0, 2.5]), small_turns(4, 3)
    np.testing.assert_allclose(through_keys(keys_s, keys, keys_s), keys, atol=1e-9)
    held = through_keys(keys_s, keys, np.array([0.0, 0.5, 2.5, 4.0]))
    np.testing.assert_allclose(held[[0, 3]], held[[1, 2]], atol=1e-9)
    fine = through_keys(keys_s, keys, np.arange(300) / 100)
    assert np.abs(np.diff(fine, axis=0)).max() < 0.06


@pytest.fixture(scope="module")
def squats() -> tuple[np.ndarray, np.ndarray]:
    cycle = squat.fit_repetition(squatting(), BODY, BETAS)
    assert cycle.period_s == pytest.approx(2.0, abs=0.05)
    return squat.repeat(cycle, BODY, BETAS, TIMES_S)


def squatting():
    """Sticks that bend hips and knees every two seconds; their feet hang in the air, and slide."""
    clip = stick_clip(frames=240, speed_m_s=0.0)
    bend_rad = 0.55 * (1 - np.cos(np.arange(240) / 60 * 2 * np.pi))
    rotation = np.tile(np.eye(3), (240, len(clip.joints), 1, 1))
    for side in ("l", "r"):
        for part, share in (("hip", -1), ("knee", 2), ("ankle", -1)):
            joint = clip.joint_of[f"{side}_{part}"]
            rotation[:, joint] = Rotation.from_rotvec(bend_rad[:, None] * share * np.array([1, 0, 0])).as_matrix()
    for side in ("l", "r"):
        hang = Rotation.from_rotvec((0.3, 0, 0)).as_matrix()
        rotation[:, clip.joint_of[f"{side}_elbow"]] = hang
    root_m = np.array([0.2, 0, -0.1]) + np.array([0, 1, 0]) * (0.93 - 0.85 * (1 - np.cos(bend_rad)))[:, None]
    return replace(clip, parent_from_joint=rotation, root_m=root_m)


def test_squatting_feet_touch_the_floor_and_stay(squats: tuple[np.ndarray, np.ndarray]):
    for skin_m in soles_m(*squats):
        np.testing.assert_allclose(skin_m[..., 1].min(axis=1), 0, atol=2e-3)
        assert np.ptp(skin_m[..., [0, 2]].mean(axis=1), axis=0).max() < 0.05


def test_the_squat_begins_upright_and_goes_down_again_after_a_period(squats: tuple[np.ndarray, np.ndarray]):
    height_m = squats[1][:, 1]
    assert height_m.argmin() in range(27, 34) or height_m.argmin() in range(86, 94)
    np.testing.assert_allclose(height_m[:60], height_m[60:], atol=0.01)
    assert height_m[0] - height_m.min() > 0.2


@pytest.fixture(scope="module")
def turned() -> tuple[np.ndarray, np.ndarray]:
    arms = {name: small_turns(1, len(turn.ARMS), 0.3)[0] for name in ("hang", "cross", "open")}
    return turn.turn_around(arms, BODY, BETAS, TIMES_S)


def test_the_turn_ends_where_its_steps_lead(turned: tuple[np.ndarray, np.ndarray]):
    heading = np.unwrap(np.arctan2(turned[0][:, 0, 0, 2], turned[0][:, 0, 2, 2]))
    assert heading[-1] - heading[0] == pytest.approx(3 * turn.STEP_RAD, abs=0.02)
    assert np.diff(heading).min() > -1e-6


def test_one_foot_stands_still_while_the_other_steps(turned: tuple[np.ndarray, np.ndarray]):
    skins_m = soles_m(*turned)
    lowest_m = np.stack([skin_m[..., 1].min(axis=1) for skin_m in skins_m])
    assert lowest_m.min() > -1e-3
    assert lowest_m.min(axis=0).max() < 1e-3
    for skin_m, height_m in zip(skins_m, lowest_m, strict=True):
        standing = (height_m[1:] < 1e-4) & (height_m[:-1] < 1e-4)
        assert np.linalg.norm(np.diff(skin_m, axis=0), axis=-1).max(axis=1)[standing].max() < 0.012
        assert 0.04 < height_m.max() < 0.07


def test_legs_reach_the_floor_without_stretching(turned: tuple[np.ndarray, np.ndarray]):
    joints_m = joint_positions(SmplPose(turned[0], turned[1] + REST[0]), REST)
    posed = (torch.from_numpy(array).float() for array in (BETAS, *turned))
    np.testing.assert_allclose(joints_m, pose_joints(BODY, *posed).numpy(), atol=1e-5)
    for side in ("left", "right"):
        assert turned[0][:, SMPL_INDEX[f"{side}_knee"], 2, 1].min() > 0
