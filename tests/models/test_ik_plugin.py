"""Another estimator's motion improved with keypoints: biases go, garbage is refused, the truth stays the truth."""

import math

import pytest
import roma
import torch
from torch import Tensor

from models.bodies import load_body
from models.ik_plugin import improve_motion
from models.keypoints import Keypoints
from models.kinematics import world_from_joints
from models.nets.pose_net import PoseNet
from models.rig import Pose, Rig, make_rig, rig_points
from models.rotations import unit
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from tests.models.toy_body import plausible_pose

FRAMES = 60


@pytest.fixture(scope="module")
def net() -> PoseNet:
    torch.manual_seed(0)
    return PoseNet().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def rig() -> Rig:
    body = load_body("free")
    return make_rig(body, torch.zeros(body.beta_count), "smpl24")


def _local() -> Tensor:
    """From one pose to another."""
    start, end = plausible_pose(2, seed=4).float()
    way = roma.rotmat_to_rotvec(start.mT @ end)
    return start @ roma.rotvec_to_rotmat(torch.linspace(0, 1, FRAMES)[:, None, None] * way)


def _posed(local: Tensor) -> Pose:
    return Pose(world_from_joints(SMPL_PARENTS, local), torch.linspace(0, 1, FRAMES)[:, None] * torch.ones(3))


def _seen(rig: Rig, noise_m: float) -> Keypoints:
    points_m = rig_points(rig, _posed(_local()))
    points_m = points_m + noise_m * torch.randn(points_m.shape, generator=torch.Generator().manual_seed(3))
    return Keypoints("smpl24", points_m, torch.ones_like(points_m[..., 0]), 30.0)


def _biased(rig: Rig) -> Pose:
    """Ten degrees of heading, and of each joint ten about an axis across its bone."""
    turn = torch.nn.functional.normalize(torch.randn(24, 3, generator=torch.Generator().manual_seed(5)), dim=-1)
    ends = [SMPL_PARENTS.index(joint) if joint in SMPL_PARENTS else joint for joint in range(24)]
    across = unit(torch.linalg.cross(turn, rig.offset_m[ends])) * math.radians(10)
    local = _local() @ roma.rotvec_to_rotmat(across)
    local[:, 0] = roma.rotvec_to_rotmat(torch.tensor([0.0, math.radians(10), 0.0])) @ local[:, 0]
    return _posed(local)


def _error_m(rig: Rig, pose: Pose) -> Tensor:
    return (rig_points(rig, pose) - rig_points(rig, _posed(_local()))).norm(dim=-1).mean(-1)


def test_constant_errors_are_taken_out_and_noise_is_not_let_in(rig: Rig, net: PoseNet) -> None:
    given = _biased(rig)
    improved = improve_motion(rig, _seen(rig, 0.02), given, net=net, steps=1)
    before_m, after_m = _error_m(rig, given), _error_m(rig, improved.pose)
    assert (after_m < before_m).all()
    assert after_m.median() < 0.02 and before_m.median() > 0.05
    assert not improved.motion_refused.any()


def test_frames_of_garbage_are_refused_and_do_no_harm(rig: Rig, net: PoseNet) -> None:
    given, seen = _biased(rig), _seen(rig, 0.005)
    turns = given.world_from_joint.clone()
    turns[20:25] = roma.rotvec_to_rotmat(torch.tensor([0.0, 0.0, 2.0])) @ turns[20:25]
    improved = improve_motion(rig, seen, Pose(turns, given.root_m), net=net, steps=1)
    assert improved.motion_refused[20:25].all() and improved.motion_refused.sum() == 5
    whole = improve_motion(rig, seen, given, net=net, steps=1)
    elsewhere = torch.ones(FRAMES, dtype=torch.bool)
    elsewhere[15:30] = False
    assert (_error_m(rig, improved.pose) - _error_m(rig, whole.pose))[elsewhere].max() < 0.005


def test_a_gross_point_is_named(rig: Rig, net: PoseNet) -> None:
    seen = _seen(rig, 0.005)
    points_m = seen.points_m.clone()
    elbow = SMPL_INDEX["left_elbow"]
    points_m[30, elbow] += 0.6
    spoilt = Keypoints("smpl24", points_m, seen.confidence, 30.0)
    refused = improve_motion(rig, spoilt, _posed(_local()), net=net, steps=1).point_refused
    assert refused[30, elbow] and refused.sum() < 10


def test_the_twist_that_no_joint_shows_stays_the_given_one(rig: Rig, net: PoseNet) -> None:
    """The network here knows nothing: a right motion must come out right though its twists cannot be seen."""
    improved = improve_motion(rig, _seen(rig, 0.01), _posed(_local()), net=net, steps=1).pose
    gap = roma.rotmat_geodesic_distance(improved.world_from_joint, _posed(_local()).world_from_joint)
    assert gap.median() < math.radians(6)
