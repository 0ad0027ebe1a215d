"""Statistics of what corruption does, within their sampling error, and that the same generator does the same."""

import math

import pytest
import roma
import torch

from models.bodies import load_body
from models.bodies.regressors import point_names
from models.keypoints import Keypoints
from models.rig import Pose, bare_rig, make_rig, rig_joints
from models.skeletons import SMPL_PARENTS
from training.corrupt import (
    DetectorError,
    MotionError,
    PointDamage,
    corrupt_landmarks,
    corrupt_motion,
    corrupt_points,
    drift,
)

BODY = load_body("free")
RIG = make_rig(BODY, torch.zeros(BODY.beta_count), "smpl24")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def points(set_name: str = "smpl24", batch: tuple[int, ...] = (20,), frames: int = 200) -> Keypoints:
    shape = (*batch, frames, len(point_names(set_name)))
    return Keypoints(set_name, torch.randn((*shape, 3), generator=seeded(7)), torch.ones(shape), 30.0)


def motion(batch: tuple[int, ...] = (300,), frames: int = 40) -> Pose:
    turns = roma.rotvec_to_rotmat(0.4 * torch.randn((*batch, 1, 24, 3), generator=seeded(3)))
    way_m = torch.randn((*batch, frames, 3), generator=seeded(4))
    return Pose(turns.expand(*batch, frames, 24, 3, 3).contiguous(), way_m)


def test_noise_has_the_deviation_that_was_asked_for_along_each_axis():
    clean = points()
    noisy = corrupt_points(clean, PointDamage(noise_sd_m=0.02), seeded())
    sd_m = (noisy.points_m - clean.points_m).flatten(0, -2).std(0)
    torch.testing.assert_close(sd_m, torch.full((3,), 0.02), rtol=0.01, atol=0.0)
    assert noisy.confidence.eq(1).all()


def test_the_share_that_is_missing_and_nothing_else():
    damaged = corrupt_points(points(), PointDamage(missing_share=0.4), seeded())
    missing = damaged.confidence == 0
    assert missing.float().mean().item() == pytest.approx(0.4, abs=4 * math.sqrt(0.24 / missing.numel()))
    neighbours = (missing[..., 1:, :] & missing[..., :-1, :]).float().mean().item()
    assert neighbours == pytest.approx(0.16, abs=0.01)
    assert damaged.points_m.equal(points().points_m)


def test_outliers_fill_the_room_between_two_spheres_and_keep_their_confidence():
    clean = points()
    damaged = corrupt_points(clean, PointDamage(outlier_share=0.1, outlier_m=(0.1, 0.5)), seeded())
    away_m = (damaged.points_m - clean.points_m).norm(dim=-1)
    moved = away_m > 0
    assert moved.float().mean().item() == pytest.approx(0.1, abs=4 * math.sqrt(0.09 / moved.numel()))
    assert away_m[moved].min() >= 0.1 - 1e-5
    assert away_m[moved].max() <= 0.5 + 1e-5
    inner = (away_m[moved] < 0.3).float().mean().item()
    assert inner == pytest.approx((0.3**3 - 0.1**3) / (0.5**3 - 0.1**3), abs=0.02)
    assert damaged.confidence.eq(1).all()


@pytest.mark.parametrize("set_name", ["smpl24", "blazepose33", "body25", "coco17"])
def test_whole_limbs_are_missing_for_seconds(set_name: str):
    clean = points(set_name, (100,), 300)
    damaged = corrupt_points(clean, PointDamage(limb_missing_share=0.2, limb_missing_s=1.0), seeded())
    names = [name.lower() for name in point_names(set_name)]
    missing = damaged.confidence == 0
    elbow = next(i for i, name in enumerate(names) if name.startswith("l") and "elbow" in name)
    wrist = next(i for i, name in enumerate(names) if name.startswith("l") and "wrist" in name)
    ankle = next(i for i, name in enumerate(names) if name.startswith("r") and "ankle" in name)
    hip = next(i for i, name in enumerate(names) if name.startswith("l") and "hip" in name)
    assert missing[..., elbow].equal(missing[..., wrist])
    assert not missing[..., hip].any()
    assert not missing[..., ankle].equal(missing[..., wrist])
    assert missing[..., elbow].float().mean().item() == pytest.approx(0.2, abs=0.05)
    ends = (missing[:, :-1, elbow] & ~missing[:, 1:, elbow]).sum() / missing[:, :-1, elbow].sum()
    assert 1 / ends.item() / 30 == pytest.approx(1.0, rel=0.25)


def test_feet_do_not_count_as_hands():
    clean = points("blazepose33", (1,), 2000)
    missing = corrupt_points(clean, PointDamage(limb_missing_share=0.3), seeded()).confidence == 0
    order = point_names("blazepose33")
    foot, knee, hand = (missing[..., order.index(f"left_{part}")] for part in ("foot_index", "knee", "index"))
    assert foot.equal(knee)
    assert not foot.equal(hand)


def test_drift_is_of_unit_size_and_forgets_itself_over_its_period():
    noise = drift((4000, 60), -1, 15.0, torch.zeros(()), seeded())
    assert noise.std(0).mean().item() == pytest.approx(1, abs=0.02)
    for lag in (1, 15, 30):
        correlation = (noise[:, lag:] * noise[:, :-lag]).mean().item()
        assert correlation == pytest.approx(math.exp(-lag / 15), abs=0.03)


def test_drifting_points_add_to_the_noise():
    clean = points(frames=400)
    moved = corrupt_points(clean, PointDamage(noise_sd_m=0.03, drift_sd_m=0.04), seeded()).points_m - clean.points_m
    assert moved.std().item() == pytest.approx(0.05, rel=0.03)


def test_heading_is_wrong_by_its_deviation_and_constant():
    pose = motion()
    error = MotionError(joint_sd_rad=0, drift_sd_rad=0, depth=(1, 1))
    wrong = corrupt_motion(pose, RIG.offset_m, 30.0, seeded(), error)
    turn = wrong.world_from_joint @ pose.world_from_joint.mT
    torch.testing.assert_close(turn, turn[:, :1, :1].expand_as(turn), atol=1e-4, rtol=0)
    rotvec = roma.rotmat_to_rotvec(turn[:, 0, 0])
    assert rotvec[:, [0, 2]].abs().max() < 1e-3
    assert rotvec[:, 1].std().item() == pytest.approx(math.radians(10), rel=0.15)
    torch.testing.assert_close(wrong.root_m, pose.root_m)


def test_every_joint_is_wrong_by_its_own_constant():
    pose = motion((60,), 4)
    error = MotionError(heading_sd_rad=0, drift_sd_rad=0, depth=(1, 1))
    wrong = corrupt_motion(pose, RIG.offset_m, 30.0, seeded(), error)
    angle = roma.rotmat_geodesic_distance(_local(wrong.world_from_joint), _local(pose.world_from_joint))
    assert angle.square().mean().sqrt().item() == pytest.approx(math.radians(8), rel=0.05)
    assert (angle - angle[:, :1]).abs().max() < 2e-3


def test_every_joint_wanders_by_its_deviation():
    pose = motion((60,), 60)
    error = MotionError(heading_sd_rad=0, joint_sd_rad=0, depth=(1, 1))
    wrong = corrupt_motion(pose, RIG.offset_m, 30.0, seeded(), error)
    angle = roma.rotmat_geodesic_distance(_local(wrong.world_from_joint), _local(pose.world_from_joint))
    assert angle.square().mean().sqrt().item() == pytest.approx(math.radians(4), rel=0.05)


def _local(world: torch.Tensor) -> torch.Tensor:
    return torch.cat([world[..., :1, :, :], world[..., SMPL_PARENTS[1:], :, :].mT @ world[..., 1:, :, :]], dim=-3)


def test_depth_shortens_the_way_and_swings_bones_that_keep_their_lengths():
    pose = motion((50,), 3)
    error = MotionError(heading_sd_rad=0, joint_sd_rad=0, drift_sd_rad=0, depth=(0.8, 0.8))
    wrong = corrupt_motion(pose, RIG.offset_m, 30.0, seeded(), error)
    before, after = (p.root_m - p.root_m.mean(1, keepdim=True) for p in (pose, wrong))
    stretch = torch.linalg.svdvals((torch.linalg.pinv(before) @ after)[0])
    assert stretch[-1].item() <= 0.8 + 1e-3 or stretch[0].item() == pytest.approx(1, abs=1e-3)
    skeleton = bare_rig(RIG.offset_m)
    old_m, new_m = rig_joints(skeleton, pose), rig_joints(skeleton, wrong)
    shin = [(p[..., 7, :] - p[..., 4, :]) for p in (old_m, new_m)]
    torch.testing.assert_close(shin[0].norm(dim=-1), shin[1].norm(dim=-1))
    upright = (shin[1] / shin[1].norm(dim=-1, keepdim=True))[..., 1].abs()
    assert (upright >= (shin[0] / shin[0].norm(dim=-1, keepdim=True))[..., 1].abs() - 1e-5).all()


def test_a_detector_errs_along_the_line_of_sight_most():
    clean = points("blazepose33", (400,), 20)
    error = DetectorError(depth=(1, 1), pitch_sd_rad=0)
    moved = corrupt_landmarks(clean, seeded(), error).points_m - clean.points_m
    values = torch.linalg.svdvals(moved.flatten(1, 2)) / math.sqrt(20 * 33)
    assert values[:, 0].square().mean().sqrt().item() == pytest.approx(0.110, rel=0.05)
    assert values[:, 1:].square().mean().sqrt().item() == pytest.approx(0.036, rel=0.05)
    assert moved[..., 1].std().item() == pytest.approx(0.036, rel=0.05)


def test_a_detector_without_noise_flattens_the_person_about_his_middle():
    clean = points("blazepose33", (8,), 5)
    error = DetectorError(depth=(0.7, 0.7), across_sd_m=1e-9, along_sd_m=1e-9, across_bias_m=1e-9, along_bias_m=1e-9)
    seen = corrupt_landmarks(clean, seeded(), error)
    middles = [keypoints.points_m.mean(-2, keepdim=True) for keypoints in (clean, seen)]
    torch.testing.assert_close(*middles, atol=1e-5, rtol=0)
    change = torch.linalg.lstsq((clean.points_m - middles[0])[0, 0], (seen.points_m - middles[1])[0, 0]).solution
    torch.testing.assert_close(torch.linalg.svdvals(change), torch.tensor([1.0, 1.0, 0.7]), atol=1e-3, rtol=0)


@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_any_batch_axes_and_the_same_seed_the_same_result(batch: tuple[int, ...]):
    clean, pose = points("blazepose33", batch, 6), motion(batch, 6)
    damage = PointDamage(0.01, 0.2, 0.2, 1.0, 0.02, drift_sd_m=0.01)

    def everything(seed: int) -> list[torch.Tensor]:
        generator = seeded(seed)
        damaged = corrupt_points(clean, damage, generator)
        wrong = corrupt_motion(pose, RIG.offset_m, 30.0, generator)
        seen = corrupt_landmarks(clean, generator)
        return [damaged.points_m, damaged.confidence, wrong.world_from_joint, wrong.root_m, seen.points_m]

    for first, again, other in zip(everything(1), everything(1), everything(2), strict=True):
        assert first.equal(again)
        assert not first.equal(other)
        assert first.dtype == torch.float32
        assert first.shape[: len(batch)] == batch
        assert first.isfinite().all()
