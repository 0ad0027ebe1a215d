"""The metrics of inverse kinematics against cases worked out by hand."""

import math

import numpy as np
import pytest
import roma
import torch
from torch import Tensor

from benchmark.ik_metrics import ANY_FAMILY, Bodies, bone_lengths, frame_errors, summarise
from models.bodies.body import rest_joints
from models.kinematics import world_from_joints
from models.rig import Pose
from models.rotations import rotation_about, unit
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from tests.models.toy_body import plausible_pose, toy_body

BODY = toy_body(torch.float32)
NO_BETAS = torch.zeros(2, 10)


def _bodies(local: Tensor, root_m: Tensor, betas: Tensor = NO_BETAS) -> Bodies:
    """Two sequences of three frames."""
    return Bodies(BODY, betas, Pose(world_from_joints(SMPL_PARENTS, local), root_m))


@pytest.fixture(scope="module")
def local() -> Tensor:
    return plausible_pose(6, seed=1).float().unflatten(0, (2, 3))


@pytest.fixture(scope="module")
def root_m() -> Tensor:
    return torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(0))


def test_the_truth_has_no_error(local: Tensor, root_m: Tensor) -> None:
    errors = frame_errors(_bodies(local, root_m), _bodies(local, root_m), whole=True)
    assert all(value.shape == (2, 3) for value in errors.values())
    assert max(value.max() for value in errors.values()) < 1e-3


def test_a_shifted_body_is_wrong_only_in_absolute_places(local: Tensor, root_m: Tensor) -> None:
    shift_m = torch.tensor([0.03, 0.0, -0.04])
    errors = frame_errors(_bodies(local, root_m + shift_m), _bodies(local, root_m), whole=True)
    for name, value in errors.items():
        np.testing.assert_allclose(value, 50 if "absolute" in name else 0, rtol=1e-4, atol=1e-2)


def test_a_turned_root_turns_every_joint_about_the_pelvis_and_no_angle_below_it(local: Tensor, root_m: Tensor) -> None:
    turn = roma.rotvec_to_rotmat(torch.tensor([0.0, math.radians(10), 0.0]))
    turned = local.clone()
    turned[..., 0, :, :] = turn @ local[..., 0, :, :]
    errors = frame_errors(_bodies(turned, root_m), _bodies(local, root_m), whole=True)
    np.testing.assert_allclose(errors["root_deg"], 10, rtol=1e-4)
    assert errors["angle_deg"].max() < 1e-3
    joints_m = rest_joints(BODY, NO_BETAS)[0]
    still = torch.eye(3).expand(1, 1, 24, 3, 3).clone()
    upright = Bodies(BODY, NO_BETAS[:1], Pose(still, torch.zeros(1, 1, 3)))
    spun = Bodies(BODY, NO_BETAS[:1], Pose(turn @ still, torch.zeros(1, 1, 3)))
    arm_m = (joints_m - joints_m[0])[:, [0, 2]].norm(dim=-1)
    expected_mm = 1e3 * 2 * math.sin(math.radians(5)) * arm_m.mean()
    found = frame_errors(spun, upright, whole=True)
    np.testing.assert_allclose(found["mpjpe_mm"], float(expected_mm), rtol=1e-4)
    ankle_m = (joints_m - joints_m[SMPL_INDEX["right_ankle"]])[:, [0, 2]].norm(dim=-1).mean()
    ratio = float(ankle_m / arm_m.mean())
    np.testing.assert_allclose(found["mpve_ankle_mm"] / found["mpve_mm"], ratio, rtol=0.05)


def test_a_twist_about_the_bone_is_a_twist_and_a_swing_is_none(local: Tensor, root_m: Tensor) -> None:
    joints_m, knee, ankle = rest_joints(BODY, NO_BETAS)[0], SMPL_INDEX["left_knee"], SMPL_INDEX["left_ankle"]
    bone = unit(joints_m[ankle] - joints_m[knee])
    aside = unit(torch.linalg.cross(bone, torch.tensor([0.0, 0.0, 1.0])))
    for axis, twist_deg in ((bone, 20.0), (aside, 0.0)):
        turned = local.clone()
        turned[..., knee, :, :] = local[..., knee, :, :] @ rotation_about(axis, torch.tensor(math.radians(20)))
        errors = frame_errors(_bodies(turned, root_m), _bodies(local, root_m), whole=True)
        np.testing.assert_allclose(errors["twist_deg"], twist_deg / 18, atol=1e-3)
        np.testing.assert_allclose(errors["angle_deg"], 20 / 23, rtol=1e-3)


def test_bone_lengths_are_fourteen_and_differ_by_what_the_shapes_differ(local: Tensor, root_m: Tensor) -> None:
    other = torch.zeros(2, 10)
    other[1, 2] = 2.0
    true, found = _bodies(local, root_m), _bodies(local, root_m, other)
    assert bone_lengths(true).shape == (2, 14)
    errors = frame_errors(found, true, whole=True)
    rest_m, wide_m = (rest_joints(BODY, betas) for betas in (NO_BETAS[0], other[1]))
    grown_m = [
        abs(float((wide_m[joint] - wide_m[parent]).norm() - (rest_m[joint] - rest_m[parent]).norm()))
        for joint, parent in enumerate(SMPL_PARENTS)
    ]
    middle_and_left = [3, 6, 9, 12, 15, 1, 4, 7, 10, 13, 16, 18, 20, 22]
    np.testing.assert_allclose(
        errors["mpbe_mm"][1], 1e3 * sum(grown_m[joint] for joint in middle_and_left) / 14, rtol=1e-4
    )
    assert errors["mpbe_mm"][0].max() == 0


def test_a_family_without_twist_is_not_judged_by_skin_or_angles(local: Tensor, root_m: Tensor) -> None:
    assert set(frame_errors(_bodies(local, root_m), _bodies(local, root_m), whole=False)) == set(ANY_FAMILY)


def test_the_interval_holds_the_spread_of_clips_not_of_frames() -> None:
    """Frames of a clip are copies: a bootstrap over frames would give an interval of a twentieth of the width."""
    random = np.random.default_rng(3)
    level = random.normal(10, 2, size=40)
    errors = {"mpjpe_mm": np.repeat(level[:, None], 400, axis=1)}
    row = summarise(errors, np.arange(40))
    low, high = row["mpjpe_mm_mean_interval"]
    assert high - low == pytest.approx(2 * 1.96 * level.std() / math.sqrt(40), rel=0.15)
    assert low < row["mpjpe_mm_mean"] < high and row["mpjpe_mm"] == pytest.approx(np.median(level), rel=1e-3)
    assert row["mpjpe_mm_interval"][0] <= row["mpjpe_mm"] <= row["mpjpe_mm_interval"][1]


def test_two_pieces_of_one_clip_count_as_one_clip() -> None:
    errors = {"root_deg": np.array([[1.0], [1.0], [5.0], [5.0]])}
    together, apart = summarise(errors, np.array([0, 0, 1, 1])), summarise(errors, np.arange(4))
    assert together["root_deg_mean_interval"] == [1.0, 5.0]
    assert apart["root_deg_mean_interval"] == [1.0, 5.0] or apart["root_deg_mean_interval"][0] >= 1.0
    assert summarise(errors, np.arange(4)) == apart


def test_resampled_medians_are_numpys() -> None:
    """A clip that counts twice counts as two clips."""
    errors = {"root_deg": np.arange(6.0).reshape(1, 6)}
    row = summarise(errors, np.array([7]))
    assert (
        row["root_deg"] == 2.5
        and row["root_deg_interval"] == [2.5, 2.5]
        and row["root_deg_mean_interval"] == [2.5, 2.5]
    )
