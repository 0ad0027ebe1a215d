"""Laws of inverse kinematics: clean joints come back exactly, sides and frames are alike, all is defined."""

from dataclasses import replace

import pytest
import roma
import torch
from torch import Tensor

from models.errors import InputError
from models.ik import Doubt, Solution, solve_guess
from models.ik_refine import parent_from_joints
from models.keypoints import Keypoints
from models.pose_guess import Guess
from models.rig import Pose, rig_joints, rig_points
from models.skeletons import SMPL_INDEX, SMPL_MIRROR
from tests.models.ik_case import Case, case, turned

STEPS = [0, 1, 3]
SETS = ["smpl24", "blazepose33", "coco17", "smpl24_mid_hip"]
MIRROR = torch.diag(torch.tensor([-1.0, 1.0, 1.0]))
TURN = roma.rotvec_to_rotmat(torch.tensor([0.7, -2.0, 0.4]))


def solved(given: Case, steps: int) -> Solution:
    return solve_guess(given.rig, given.keypoints, given.guess, steps=steps)


def with_points(given: Case, points_m: Tensor, confidence: Tensor | None = None) -> Case:
    confidence = given.keypoints.confidence if confidence is None else confidence
    return replace(given, keypoints=replace(given.keypoints, points_m=points_m, confidence=confidence))


def assert_rotations(world: Tensor) -> None:
    torch.testing.assert_close(world @ world.mT, torch.eye(3).expand(world.shape), atol=1e-5, rtol=0)
    assert (torch.linalg.det(world) > 0).all()


@pytest.mark.parametrize("steps", STEPS)
def test_clean_joints_come_back_within_a_tenth_of_a_millimetre(steps: int) -> None:
    given = case(frames=300, swing_rad=0.06, twist_rad=0.06)
    found = solved(given, steps)
    error_m = (rig_joints(given.rig, found.pose) - rig_joints(given.rig, given.truth)).norm(dim=-1)
    assert error_m.amax(1).quantile(0.98) < 1e-4
    assert error_m.max() < 1e-3
    assert not found.doubt.any()


@pytest.mark.parametrize("set_name", SETS)
def test_steps_bring_points_nearer_and_joints_too(set_name: str) -> None:
    given = case(frames=200, set_name=set_name)
    missed = [
        (rig_points(given.rig, solved(given, steps).pose) - given.keypoints.points_m).norm(dim=-1).mean()
        for steps in (0, 1, 3)
    ]
    start = (rig_joints(given.rig, Pose(given.guess.world_from_joint, given.truth.root_m)), given.truth)
    assert missed[0] + 1e-5 >= missed[1] >= missed[2] - 1e-5
    assert missed[2] < 0.005
    truth_m = rig_joints(given.rig, start[1])
    assert (rig_joints(given.rig, solved(given, 3).pose) - truth_m).norm(dim=-1).mean() < 0.5 * (
        start[0] - truth_m
    ).norm(dim=-1).mean()


def test_noise_is_averaged_against_the_guess() -> None:
    given = case(frames=300, noise_m=0.02, swing_rad=0.05, twist_rad=0.1)
    truth_m = rig_joints(given.rig, given.truth)
    of_points = (given.keypoints.points_m - truth_m).norm(dim=-1).mean()
    found = (rig_joints(given.rig, solved(given, 3).pose) - truth_m).norm(dim=-1).mean()
    assert found < 0.75 * of_points


def test_a_point_far_off_hardly_moves_the_others() -> None:
    given = case(frames=100, noise_m=0.005)
    points_m = given.keypoints.points_m.clone()
    points_m[:, SMPL_INDEX["left_wrist"]] += torch.tensor([0.3, 0.2, 0.1])
    spoilt = rig_joints(given.rig, solved(with_points(given, points_m), 3).pose)
    error_m = (spoilt - rig_joints(given.rig, given.truth)).norm(dim=-1)
    others = [j for name, j in SMPL_INDEX.items() if not name.startswith("left_") or "hip" in name]
    assert error_m[:, others].mean() < 0.01
    assert error_m[:, SMPL_INDEX["left_wrist"]].median() < 0.06


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("set_name", ["smpl24", "blazepose33"])
def test_a_turned_and_shifted_person_gives_a_turned_and_shifted_pose(steps: int, set_name: str) -> None:
    given = case(set_name=set_name, noise_m=0.01)
    shift_m = torch.tensor([3.0, -1.0, 8.0])
    there = with_points(given, given.keypoints.points_m @ TURN.mT + shift_m)
    there = replace(there, guess=replace(given.guess, world_from_joint=TURN @ given.guess.world_from_joint))
    expected = turned(solved(given, steps).pose, TURN, shift_m)
    found = solved(there, steps).pose
    torch.testing.assert_close(found.world_from_joint, expected.world_from_joint, atol=2e-4, rtol=0)
    torch.testing.assert_close(found.root_m, expected.root_m, atol=1e-4, rtol=0)


@pytest.mark.parametrize("steps", STEPS)
def test_a_mirrored_person_gives_a_mirrored_pose(steps: int) -> None:
    given = case(noise_m=0.01)
    mirrored_world = MIRROR @ given.guess.world_from_joint[:, SMPL_MIRROR] @ MIRROR
    there = with_points(given, (given.keypoints.points_m @ MIRROR)[:, SMPL_MIRROR])
    there = replace(there, guess=replace(given.guess, world_from_joint=mirrored_world))
    here, found = solved(given, steps).pose, solved(there, steps).pose
    expected = MIRROR @ here.world_from_joint[:, SMPL_MIRROR] @ MIRROR
    torch.testing.assert_close(found.world_from_joint, expected, atol=2e-4, rtol=0)
    torch.testing.assert_close(found.root_m, here.root_m @ MIRROR, atol=1e-4, rtol=0)


@pytest.mark.parametrize("steps", STEPS)
def test_a_batch_of_one_equals_a_batch_of_many_whatever_its_axes(steps: int) -> None:
    given = case(frames=200, noise_m=0.01)
    many = solved(given, steps)

    def part(cut: slice) -> Solution:
        guess = Guess(*(getattr(given.guess, name)[cut] for name in Guess.__dataclass_fields__))
        points = Keypoints("smpl24", given.keypoints.points_m[cut], given.keypoints.confidence[cut], 30.0)
        return solve_guess(given.rig, points, guess, steps=steps)

    assert torch.equal(part(slice(7, 8)).pose.world_from_joint[0], many.pose.world_from_joint[7])
    guess = Guess(*(getattr(given.guess, name).unflatten(0, (4, 50)) for name in Guess.__dataclass_fields__))
    points = replace(
        given.keypoints,
        points_m=given.keypoints.points_m.unflatten(0, (4, 50)),
        confidence=given.keypoints.confidence.unflatten(0, (4, 50)),
    )
    shapes = replace(given.rig, **{
        name: getattr(given.rig, name).expand(4, 1, *getattr(given.rig, name).shape)
        for name in ("pelvis_m", "offset_m", "lever_m")
    })  # fmt: skip
    folded = solve_guess(shapes, points, guess, steps=steps)
    assert torch.equal(folded.pose.world_from_joint.flatten(0, 1), many.pose.world_from_joint)
    assert folded.residual_m.shape == folded.doubt.shape == (4, 50)


def test_bones_keep_their_lengths_and_rotations_are_rotations() -> None:
    given = case(noise_m=0.05)
    found = solved(given, 3).pose
    assert_rotations(found.world_from_joint)
    again = rig_joints(given.rig, Pose(found.world_from_joint, found.root_m))
    assert again.isfinite().all()


DEGENERATE = {
    "all missing": lambda points_m: (points_m, torch.zeros_like(points_m[..., 0])),
    "all in one point": lambda points_m: (torch.zeros_like(points_m), torch.ones_like(points_m[..., 0])),
    "all in one line": lambda points_m: (points_m * torch.tensor([0.0, 1, 0]), torch.ones_like(points_m[..., 0])),
    "upside down": lambda points_m: (-points_m, torch.ones_like(points_m[..., 0])),
    "inside out": lambda points_m: (2 * points_m[:, :1] - points_m, torch.ones_like(points_m[..., 0])),
    "far away": lambda points_m: (1e3 * points_m, torch.ones_like(points_m[..., 0])),
    "one point": lambda points_m: (points_m, torch.eye(24)[:1].expand(len(points_m), 24)),
}
ILL_FORMED = ("all in one line", "upside down", "inside out")
"""Somebody else's body, not an unclear one."""


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("name", DEGENERATE)
def test_whatever_is_seen_the_pose_is_defined(name: str, steps: int) -> None:
    given = case()
    spoilt = with_points(given, *DEGENERATE[name](given.keypoints.points_m))
    found = solved(spoilt, steps)
    assert_rotations(found.pose.world_from_joint)
    assert found.pose.root_m.isfinite().all() and found.residual_m.isfinite().all()
    assert found.twist_sd_rad.isfinite().all()
    assert (found.doubt > 0).all() or name in ILL_FORMED


def test_a_bone_seen_exactly_opposite_to_its_guess_turns_half() -> None:
    given = case(swing_rad=0.0, twist_rad=0.0, frames=10)
    hip, knee = SMPL_INDEX["left_collar"], SMPL_INDEX["left_shoulder"]
    world = given.guess.world_from_joint.clone()
    flip = torch.diag(torch.tensor([-1.0, -1.0, 1.0]))
    world[:, hip] = world[:, hip] @ flip
    sure = replace(given.guess, world_from_joint=world, swing_sd_rad=torch.full((10, 24), 0.5))
    found = solve_guess(given.rig, given.keypoints, sure, steps=0).pose
    assert_rotations(found.world_from_joint)
    joints_m, truth_m = rig_joints(given.rig, found), rig_joints(given.rig, given.truth)
    torch.testing.assert_close(joints_m[:, knee], truth_m[:, knee], atol=1e-3, rtol=0)


@pytest.mark.parametrize("steps", STEPS)
def test_a_frame_says_why_it_is_doubtful(steps: int) -> None:
    given = case(frames=1)
    points_m, confidence = given.keypoints.points_m, torch.zeros(1, 24)

    def doubts(points_m: Tensor, confidence: Tensor) -> Doubt:
        return Doubt(int(solved(with_points(given, points_m, confidence), steps).doubt))

    assert Doubt.NOTHING_SEEN in doubts(points_m, confidence)
    confidence[:, SMPL_INDEX["left_elbow"] :] = 1
    hands_only = doubts(points_m, confidence)
    assert Doubt.TRUNK_UNSEEN in hands_only and Doubt.NOTHING_SEEN not in hands_only
    assert Doubt.POINTS_DISAGREE in doubts(2 * points_m, torch.ones(1, 24))


def test_a_rig_for_another_set_is_refused() -> None:
    given, other = case(), case(set_name="coco17")
    with pytest.raises(InputError, match="coco17"):
        solve_guess(other.rig, given.keypoints, given.guess, steps=0)


def test_the_root_of_a_pose_is_a_rotation_against_the_world_and_all_others_against_their_parents() -> None:
    given = case()
    local = parent_from_joints(given.truth.world_from_joint)
    torch.testing.assert_close(local[:, 0], given.truth.world_from_joint[:, 0])
