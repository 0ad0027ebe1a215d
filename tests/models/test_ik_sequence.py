"""Following a sequence: it holds while the points are garbage, comes back when they are not, and sees no future."""

import math

import pytest
import roma
import torch
from torch import Tensor

from models.bodies import load_body
from models.ik_sequence import FAR_M, MEMORY, PATIENCE_S, Followed, Verdict, follow, point_residual
from models.keypoints import Keypoints
from models.kinematics import world_from_joints
from models.nets.pose_net import PoseNet
from models.rig import Pose, Rig, make_rig, rig_points
from models.skeletons import SMPL_INDEX, SMPL_PARENTS

FRAMES = 40
RATE_HZ = 30.0
BURST = slice(15, 22)


@pytest.fixture(scope="module")
def net() -> PoseNet:
    torch.manual_seed(0)
    return PoseNet().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def rig() -> Rig:
    body = load_body("free")
    return make_rig(body, torch.zeros(body.beta_count), "smpl24")


def _walk(frames: int = FRAMES) -> Pose:
    """Two people who swing arms and legs and go forward at 1 m/s; arms hang."""
    phase = torch.arange(frames) / RATE_HZ * 2 * math.pi
    turn = torch.zeros(2, frames, 24, 3)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        turn[..., SMPL_INDEX[f"{side}_hip"], 0] = -0.4 * sign * phase.cos()
        turn[..., SMPL_INDEX[f"{side}_knee"], 0] = 0.5 - 0.3 * sign * phase.sin()
        turn[..., SMPL_INDEX[f"{side}_shoulder"], 2] = -1.2 * sign
    turn[1, :, 0, 1] = 1.0
    root_m = torch.zeros(2, frames, 3)
    root_m[..., 1] = 0.9
    root_m[..., 2] = torch.arange(frames) / RATE_HZ
    return Pose(world_from_joints(SMPL_PARENTS, roma.rotvec_to_rotmat(turn)), root_m)


def _seen(rig: Rig, pose: Pose) -> Keypoints:
    points_m = rig_points(rig, pose)
    return Keypoints("smpl24", points_m, torch.ones_like(points_m[..., 0]), RATE_HZ)


def _with(keypoints: Keypoints, frames: slice, points_m: Tensor) -> Keypoints:
    """Other points for the first person."""
    changed = keypoints.points_m.clone()
    changed[0, frames] = points_m
    return Keypoints(keypoints.set_name, changed, keypoints.confidence, keypoints.rate_hz)


def _error_m(rig: Rig, found: Followed, true: Pose) -> Tensor:
    return (rig_points(rig, found.pose) - rig_points(rig, true)).norm(dim=-1).mean(-1)


def test_clean_points_are_followed_without_a_true_first_frame(rig: Rig, net: PoseNet) -> None:
    found = follow(rig, _seen(rig, _walk()), net=net, steps=1)
    assert (found.verdict[:, 1:] != Verdict.HELD).all()
    assert _error_m(rig, found, _walk()).max() < 0.005


def test_a_burst_of_garbage_is_held_and_forgotten(rig: Rig, net: PoseNet) -> None:
    clean = _seen(rig, _walk())
    garbage_m = clean.points_m[0, BURST] + torch.randn(7, 24, 3, generator=torch.Generator().manual_seed(1))
    found = follow(rig, _with(clean, BURST, garbage_m), net=net, steps=1)
    assert (found.verdict[0, BURST] == Verdict.HELD).all()
    assert (found.residual_m[0, BURST] > FAR_M).all()
    kept = found.pose.world_from_joint[0, BURST] - found.pose.world_from_joint[0, BURST.start - 1]
    assert kept.abs().max() == 0
    assert found.verdict[0, BURST.stop] == Verdict.RECOVERED
    assert _error_m(rig, found, _walk())[0, BURST.stop :].max() < 0.005
    assert (found.verdict[1] != Verdict.HELD).all(), "the other person is not touched"


def test_another_person_far_away_is_not_followed_for_a_moment_but_in_the_end(rig: Rig, net: PoseNet) -> None:
    clean = _seen(rig, _walk(60))
    away_m = clean.points_m[0] + torch.tensor([30.0, 0.0, 0.0])
    short, long = slice(10, 20), slice(10, 60)
    found = follow(rig, _with(clean, short, away_m[short]), net=net, steps=0)
    assert (found.verdict[0, short] == Verdict.HELD).all() and found.verdict[0, 20] == Verdict.RECOVERED
    moved = follow(rig, _with(clean, long, away_m[long]), net=net, steps=0)
    patience = round(PATIENCE_S * RATE_HZ)
    assert (moved.verdict[0, 10 : 10 + patience - 1] == Verdict.HELD).all()
    assert (moved.verdict[0, 10 + patience + 2 :] != Verdict.HELD).all()
    assert moved.pose.root_m[0, -1, 0] > 29


def test_who_is_not_seen_is_held_and_who_was_never_seen_is_said_to_be(rig: Rig, net: PoseNet) -> None:
    clean = _seen(rig, _walk(12))
    confidence = clean.confidence.clone()
    confidence[0, 5:8] = 0
    confidence[1, :4] = 0
    found = follow(rig, Keypoints("smpl24", clean.points_m, confidence, RATE_HZ), net=net, steps=0)
    assert found.verdict[0, 5:8].tolist() == [Verdict.HELD] * 3 and found.verdict[0, 8] == Verdict.RECOVERED
    assert found.verdict[1, :4].tolist() == [Verdict.HELD] * 4 and found.verdict[1, 4] == Verdict.RECOVERED
    assert found.pose.world_from_joint.isfinite().all() and found.pose.root_m.isfinite().all()
    assert _error_m(rig, found, _walk(12))[1, 5:].max() < 0.01


def test_nobody_sees_the_future(rig: Rig, net: PoseNet) -> None:
    whole, cut = _seen(rig, _walk(12)), _seen(rig, _walk(8))
    later, now = (follow(rig, seen, net=net, steps=1).pose.world_from_joint for seen in (whole, cut))
    torch.testing.assert_close(later[:, :8], now)


def test_one_sequence_alone_is_one_of_many(rig: Rig, net: PoseNet) -> None:
    both = _seen(rig, _walk(2 * MEMORY))
    alone = Keypoints("smpl24", both.points_m[1], both.confidence[1], RATE_HZ)
    one, many = follow(rig, alone, net=net, steps=1), follow(rig, both, net=net, steps=1)
    torch.testing.assert_close(one.pose.world_from_joint, many.pose.world_from_joint[1], atol=1e-4, rtol=0)
    assert torch.equal(one.verdict, many.verdict[1])


def test_the_residual_is_the_middle_of_what_is_seen(rig: Rig) -> None:
    pose = _walk(1)
    seen = _seen(rig, pose)
    points_m = seen.points_m.clone()
    points_m[:, :, :11, 0] += 5.0
    points_m[:, :, 11:, 0] += 0.02
    moved = Keypoints("smpl24", points_m, seen.confidence, RATE_HZ)
    torch.testing.assert_close(point_residual(rig, moved, pose), torch.full((2, 1), 0.02), atol=1e-5, rtol=0)
    few = torch.zeros_like(seen.confidence)
    few[..., :3] = 1
    assert point_residual(rig, Keypoints("smpl24", points_m, few, RATE_HZ), pose).isinf().all()
