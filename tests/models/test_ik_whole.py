"""Laws of the whole solver, network and exact part together: turns, mirrors and later frames change what they must."""

from dataclasses import replace

import pytest
import roma
import torch
from torch import Tensor

from models.ik import Solution, solve_pose, widened
from models.ik_plan import make_plan
from models.keypoints import Keypoints
from models.nets.pose_net import PoseNet
from models.rig import rig_joints
from models.skeletons import SMPL_MIRROR
from tests.models.ik_case import Case, case

MIRROR = torch.diag(torch.tensor([-1.0, 1.0, 1.0]))
TURN = roma.rotvec_to_rotmat(torch.tensor([0.7, -2.0, 0.4]))


@pytest.fixture(scope="module")
def net() -> PoseNet:
    torch.manual_seed(0)
    return PoseNet().eval()


def solved(net: PoseNet, given: Case, *, steps: int = 1, causal: bool = False) -> Solution:
    return solve_pose(given.rig, given.keypoints, net=net, steps=steps, causal=causal)


def seeing(given: Case, points_m: Tensor) -> Case:
    return replace(given, keypoints=replace(given.keypoints, points_m=points_m))


@pytest.mark.parametrize("steps", [0, 1])
def test_a_turned_and_shifted_person_gives_a_turned_and_shifted_pose(net: PoseNet, steps: int) -> None:
    given, shift_m = case(frames=12, noise_m=0.005), torch.tensor([3.0, -1.0, 4.0])
    here = solved(net, given, steps=steps).pose
    there = solved(net, seeing(given, given.keypoints.points_m @ TURN.mT + shift_m), steps=steps).pose
    assert (there.world_from_joint - TURN @ here.world_from_joint).abs().median() < 1e-4
    torch.testing.assert_close(there.root_m, here.root_m @ TURN.mT + shift_m, atol=1e-3, rtol=0)


@pytest.mark.parametrize("steps", [0, 1])
def test_a_mirrored_person_gives_a_mirrored_pose(net: PoseNet, steps: int) -> None:
    given = case(frames=12, noise_m=0.005)
    given = replace(given, rig=symmetric(given))
    here = solved(net, given, steps=steps).pose
    there = solved(net, seeing(given, (given.keypoints.points_m @ MIRROR)[:, SMPL_MIRROR]), steps=steps).pose
    expected = MIRROR @ here.world_from_joint[:, SMPL_MIRROR] @ MIRROR
    assert (there.world_from_joint - expected).abs().median() < 1e-4
    torch.testing.assert_close(there.root_m, here.root_m @ MIRROR, atol=1e-3, rtol=0)


def symmetric(given: Case):
    """The same rig with both sides exactly alike."""
    offset_m = (given.rig.offset_m + (given.rig.offset_m @ MIRROR)[list(SMPL_MIRROR)]) / 2
    return replace(given.rig, offset_m=offset_m)


def test_what_is_causal_does_not_know_the_future(net: PoseNet) -> None:
    given = case(frames=12, noise_m=0.005)
    points_m = given.keypoints.points_m.clone()
    points_m[8:] += torch.randn(points_m[8:].shape, generator=torch.Generator().manual_seed(1))
    here, there = (solved(net, g, causal=True).pose.world_from_joint for g in (given, seeing(given, points_m)))
    torch.testing.assert_close(here[:8], there[:8], atol=1e-5, rtol=0)
    assert (here[8:] - there[8:]).abs().max() > 0.1


def test_clean_joints_come_back_whatever_an_untrained_network_guesses(net: PoseNet) -> None:
    given = case(frames=12)
    found = rig_joints(given.rig, solved(net, given).pose)
    assert (found - rig_joints(given.rig, given.truth)).norm(dim=-1).median() < 1e-4


def test_the_better_the_points_the_wider_the_guess() -> None:
    given = case(frames=3)
    guess = replace(given.guess, noise_m=torch.tensor([0.0, 0.01, 10.0]))
    factor = widened(guess).swing_sd_rad[:, 0] / guess.swing_sd_rad[:, 0]
    torch.testing.assert_close(factor, torch.tensor([2.5, 1.75, 1.0]), atol=1e-4, rtol=0)


def test_all_frames_unseen_give_a_pose(net: PoseNet) -> None:
    given = case(frames=3)
    blind = replace(given, keypoints=replace(given.keypoints, confidence=torch.zeros(3, 24)))
    found = solved(net, blind)
    assert found.pose.world_from_joint.isfinite().all() and found.pose.root_m.isfinite().all()


def test_a_single_pose_is_a_sequence_of_one(net: PoseNet) -> None:
    given = case(frames=1)
    found = solved(
        net, replace(given, keypoints=Keypoints("smpl24", given.keypoints.points_m, torch.ones(1, 24), 30.0))
    )
    assert found.pose.world_from_joint.shape == (1, 24, 3, 3)


def test_joints_on_joints_hang_on_their_parents() -> None:
    plan = make_plan(case(frames=1).rig)
    assert plan.alone.all() and len(plan.point) == 24
    assert plan.start[-1] == 24 and (plan.start[1:] >= plan.start[:-1]).all()
    torch.testing.assert_close(plan.share, torch.ones(24))
