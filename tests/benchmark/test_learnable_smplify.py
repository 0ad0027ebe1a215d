"""Learnable SMPLify sees OpenPose's skeleton in a right-handed frame that turns with the person; it gives no NaN."""

from dataclasses import replace

import pytest
import roma
import torch
from torch import Tensor

from benchmark.baselines.learnable_smplify import human_frame, pairing, shipped_net, solve_sequences
from benchmark.baselines.learnable_smplify_net import SmplifyNet, adjacency, graph_bones
from benchmark.ik_problem import Problem
from models.bodies import load_body
from models.bodies.regressors import point_names
from models.keypoints import Keypoints
from models.kinematics import world_from_joints
from models.rig import Pose, make_rig, rig_joints, rig_points
from models.skeletons import SMPL_PARENTS
from tests.models.toy_body import plausible_pose

BODY = load_body("free")
# The numbers of OpenPose's documentation ("Pose Output Format, BODY_25").
OPENPOSE = (
    "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "MidHip", "RHip", "RKnee",
    "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar", "LBigToe", "LSmallToe", "LHeel", "RBigToe",
    "RSmallToe", "RHeel",
)  # fmt: skip


def problem(set_name: str, frames: int = 3) -> tuple[Problem, Pose]:
    """Two people who move a little, clean."""
    betas = torch.randn(2, BODY.beta_count, generator=torch.Generator().manual_seed(1))
    turn = plausible_pose(2, 4).float()[:, None] @ roma.rotvec_to_rotmat(
        0.02 * torch.arange(frames)[:, None, None] * torch.ones(24, 3)
    )
    pose = Pose(world_from_joints(SMPL_PARENTS, turn), torch.full((2, frames, 3), 0.5))
    rig = make_rig(BODY, betas[:, None], set_name)
    points_m = rig_points(rig, pose)
    points = Keypoints(set_name, points_m, torch.ones_like(points_m[..., 0]), 30.0)
    return Problem(BODY, betas, rig, points), pose


def net(set_name: str) -> SmplifyNet:
    """One that turns joints somewhere."""
    torch.manual_seed(0)
    made = SmplifyNet(set_name, BODY.beta_count, channels=8, width=8).requires_grad_(False)
    torch.nn.init.normal_(made.turn.weight, std=0.02)
    return made


def turned(poses: Pose, turn: Tensor) -> Pose:
    return Pose(turn @ poses.world_from_joint, (turn @ poses.root_m[..., None])[..., 0])


def test_body25_has_openposes_order() -> None:
    assert [name.lower() for name in point_names("body25")] == [name.lower() for name in OPENPOSE]


@pytest.mark.parametrize("set_name", ["body25", "smpl24"])
def test_the_graph_is_a_tree_whose_ways_are_both_in_it(set_name: str) -> None:
    itself, inward, outward = (adjacency(set_name) > 0).float()
    assert torch.equal(inward, outward.T)
    assert torch.equal(itself, torch.eye(len(itself)))
    near = itself + inward + outward
    assert (torch.linalg.matrix_power(near, len(near)) > 0).all()
    assert len(graph_bones(set_name)) == len(near) - 1


def test_bones_of_body25_are_short_and_keep_to_their_side() -> None:
    given, _ = problem("body25")
    names = point_names("body25")
    assert ("Neck", "RShoulder") in {(names[a], names[b]) for a, b in graph_bones("body25")}
    for near, far in graph_bones("body25"):
        assert (given.keypoints.points_m[..., near, :] - given.keypoints.points_m[..., far, :]).norm(
            dim=-1
        ).max() < 0.65
        assert {names[near][0], names[far][0]} != {"L", "R"}


def test_the_human_frame_is_right_handed_and_turns_with_the_person() -> None:
    given, truth = problem("smpl24", frames=1)
    pose = Pose(truth.world_from_joint[:, 0], truth.root_m[:, 0])
    rig = make_rig(BODY, given.betas, "smpl24")
    frame = human_frame(rig, pose)
    torch.testing.assert_close(torch.linalg.det(frame), torch.ones(2))
    joints_m = rig_joints(rig, pose)
    left = frame.mT @ (joints_m[:, 1] - joints_m[:, 2])[..., None]
    assert (left[:, 0, 0] > 0.05).all()
    turn = roma.random_rotmat().float()
    torch.testing.assert_close(human_frame(rig, turned(pose, turn)), turn @ frame, atol=1e-5, rtol=0)


@pytest.mark.parametrize("set_name", ["smpl24", "body25"])
def test_a_turned_person_is_solved_turned(set_name: str) -> None:
    given, truth = problem(set_name)
    first = Pose(truth.world_from_joint[:, 0], truth.root_m[:, 0])
    turn = roma.random_rotmat().float()
    points_m = (turn @ given.keypoints.points_m[..., None])[..., 0]
    found = solve_sequences(replace(given, first=first), net)
    other = replace(given, keypoints=replace(given.keypoints, points_m=points_m), first=turned(first, turn))
    again = solve_sequences(other, net)
    torch.testing.assert_close(again.world_from_joint, turn @ found.world_from_joint, atol=1e-4, rtol=0)


def test_a_network_that_turns_nothing_keeps_the_pose_and_follows_the_person() -> None:
    given, truth = problem("smpl24")
    still = Pose(truth.world_from_joint[:, :1].expand(2, 3, 24, 3, 3), truth.root_m + torch.tensor([0.0, 0.1, 0.2]))
    points = replace(given.keypoints, points_m=rig_points(given.rig, still))
    first = Pose(still.world_from_joint[:, 0], truth.root_m[:, 0])
    found = solve_sequences(
        replace(given, keypoints=points, first=first), lambda set_name: SmplifyNet(set_name, BODY.beta_count, 8, 8)
    )
    torch.testing.assert_close(found.world_from_joint, still.world_from_joint, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.root_m[:, 1:], still.root_m[:, 1:], atol=1e-4, rtol=0)


@pytest.mark.parametrize("set_name", ["smpl24", "smpl24_mid_hip", "body25", "halpe26", "blazepose33", "h36m17"])
def test_nothing_seen_gives_a_pose_all_the_same(set_name: str) -> None:
    given, _ = problem(set_name)
    points = replace(given.keypoints, confidence=torch.zeros_like(given.keypoints.confidence))
    pose = solve_sequences(replace(given, keypoints=points), net)
    assert pose.world_from_joint.isfinite().all()
    assert pose.root_m.isfinite().all()


@pytest.mark.parametrize(("set_name", "least"), [("halpe26", 23), ("blazepose33", 17), ("h36m17", 14)])
def test_sets_meet_body25_by_the_names_of_their_points(set_name: str, least: int) -> None:
    own, ours = pairing(set_name, "body25")
    assert len(own) == len(ours) >= least
    given, _ = problem(set_name)
    rig = make_rig(BODY, given.betas[:, None], "body25")
    rest = Pose(torch.eye(3).expand(2, 1, 24, 3, 3), rig.pelvis_m)
    apart_m = rig_points(given.rig, rest)[..., own, :] - rig_points(rig, rest)[..., ours, :]
    assert apart_m.norm(dim=-1).max() < 0.12


def test_the_shipped_network_comes_nearer_to_a_motion_than_staying() -> None:
    given, truth = problem("smpl24", frames=6)
    first = Pose(truth.world_from_joint[:, 0], truth.root_m[:, 0])
    found = solve_sequences(replace(given, first=first), shipped_net)
    off, stay = (
        roma.rotmat_geodesic_distance(world, truth.world_from_joint[:, 5]).mean()
        for world in (found.world_from_joint[:, 5], first.world_from_joint)
    )
    assert off < stay
