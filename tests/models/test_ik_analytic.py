"""Laws of the solver: what a body made itself comes back, frames and sides are alike, nothing is ever undefined."""

import math

import pytest
import roma
import torch
from torch import Tensor

from models.anatomy import ARMS, HINGE_RANGE_RAD, LEGS, Limb
from models.bodies.body import Body, pose_joints, pose_landmarks
from models.ik_analytic import solve_analytic
from models.ik_direct import direct_orientations
from models.ik_refine import (
    FREE_JOINTS,
    SPREAD_RAD,
    landmark_precision,
    parent_from_joints,
    refine_pose,
    turn_derivative,
)
from models.kinematics import world_from_joints
from models.rig import Pose, Rig, make_rig, rig_joints, rig_points
from models.rotations import rotation_about, twist_about, unit
from models.skeletons import LANDMARK_INDEX, LANDMARK_MIRROR, SMPL_INDEX, SMPL_MIRROR, SMPL_PARENTS
from tests.models.toy_body import plausible_pose, toy_body

BETAS = torch.linspace(-1, 1, 10, dtype=torch.float64)
STEPS = 2


def made(body: Body, frames: int = 40, seed: int = 0, betas: Tensor = BETAS) -> tuple[Rig, Pose, Tensor]:
    """A rig, a random pose of it and the body's landmarks in that pose."""
    local = plausible_pose(frames, seed)
    trans_m = torch.randn(frames, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    joints_m = pose_joints(body, betas, local, trans_m)
    pose = Pose(world_from_joints(SMPL_PARENTS, local), joints_m[:, 0])
    return make_rig(body, betas), pose, pose_landmarks(body, betas, local, trans_m)


def solved(rig: Rig, landmarks_m: Tensor, steps: int = STEPS) -> Pose:
    return solve_analytic(rig, landmarks_m, torch.ones_like(landmarks_m[..., 0]), steps=steps)


def standing(rig: Rig) -> Tensor:
    rest = torch.eye(3, dtype=torch.float64).expand(24, 3, 3)
    return rig_points(rig, Pose(rest, rig.pelvis_m))


def moved(points_m: Tensor, changes: dict[str, tuple[float, float, float]]) -> Tensor:
    points_m = points_m.clone()
    for name, place in changes.items():
        points_m[LANDMARK_INDEX[name]] = torch.tensor(place, dtype=torch.float64)
    return points_m


def test_a_rig_has_the_landmarks_and_joints_of_its_body() -> None:
    body = toy_body()
    rig, pose, landmarks_m = made(body)
    torch.testing.assert_close(rig_points(rig, pose), landmarks_m)


def test_the_derivative_is_that_of_finite_differences() -> None:
    rig, pose, landmarks_m = made(toy_body(), frames=3)
    exact = turn_derivative(rig, pose)
    local, step = parent_from_joints(pose.world_from_joint), 1e-6
    for column in range(3 * len(FREE_JOINTS)):
        turn = torch.zeros(3, dtype=torch.float64)
        turn[column % 3] = step
        nudged = local.clone()
        joint = FREE_JOINTS[column // 3]
        nudged[:, joint] = local[:, joint] @ roma.rotvec_to_rotmat(turn)
        there_m = rig_points(rig, Pose(world_from_joints(SMPL_PARENTS, nudged), pose.root_m))
        torch.testing.assert_close((there_m - landmarks_m) / step, exact[..., column], atol=1e-5, rtol=1e-5)


def test_limbs_point_exactly_where_clean_joints_say_without_any_refinement() -> None:
    rig, pose, landmarks_m = made(toy_body(landmarks_at_joints=True), betas=BETAS * 0)
    found = Pose(direct_orientations(rig, landmarks_m, torch.ones(40, 33, dtype=torch.float64)), pose.root_m)
    for limb in (*LEGS, *ARMS):
        for start, end in ((limb.upper, limb.lower), (limb.lower, limb.end)):
            ways = [
                unit(joints[:, end] - joints[:, start]) for joints in (rig_joints(rig, found), rig_joints(rig, pose))
            ]
            # The toy's points are single precision.
            torch.testing.assert_close(ways[0], ways[1], atol=1e-6, rtol=0)


def test_a_body_s_own_landmarks_come_back_within_millimetres() -> None:
    rig, pose, landmarks_m = made(toy_body(), frames=200)
    found = solved(rig, landmarks_m)
    error_m = (rig_points(rig, found) - landmarks_m).norm(dim=-1)
    # Not zero: the solver expects a detector's noise and holds what moves little to where it usually is.
    assert error_m.mean() < 0.006
    assert (rig_joints(rig, found) - rig_joints(rig, pose)).norm(dim=-1).mean() < 0.008


def test_refinement_brings_landmarks_nearer_in_every_frame() -> None:
    rig, _, landmarks_m = made(toy_body(), frames=200)
    noisy_m = landmarks_m + 0.03 * torch.randn(landmarks_m.shape, generator=torch.Generator().manual_seed(1))
    square = [(rig_points(rig, solved(rig, noisy_m, steps)) - noisy_m).square().sum(-1).mean(-1) for steps in (0, 1, 2)]
    assert (square[1] < square[0]).all()
    assert square[2].mean() < square[1].mean()


def test_refinement_ends_where_landmarks_and_prior_balance() -> None:
    rig, _, landmarks_m = made(toy_body(), frames=20)
    noisy_m = landmarks_m + 0.02 * torch.randn(landmarks_m.shape, generator=torch.Generator().manual_seed(1))
    start, weight = solved(rig, noisy_m, 0), torch.ones_like(noisy_m[..., 0])

    def cost(steps: int) -> Tensor:
        pose = refine_pose(rig, start, noisy_m, weight, steps=steps)
        gap_m = (rig_points(rig, pose) - noisy_m).square().sum(-1)
        before, after = (parent_from_joints(p.world_from_joint)[:, FREE_JOINTS] for p in (start, pose))
        drift = roma.rotmat_to_rotvec(before.mT @ after) / torch.tensor(SPREAD_RAD, dtype=torch.float64)
        return (landmark_precision(weight) * gap_m).sum() + drift.square().sum()

    costs = [cost(steps) for steps in (0, 1, 2, 6, 7)]
    assert costs[0] > costs[1] > costs[2]
    assert abs(costs[4] - costs[3]) < 1e-4 * costs[3]
    assert costs[3] < 1.001 * costs[2]


def test_bones_keep_their_lengths() -> None:
    rig, _, landmarks_m = made(toy_body())
    joints_m = rig_joints(rig, solved(rig, landmarks_m))
    for joint, parent in enumerate(SMPL_PARENTS[1:], start=1):
        length_m = (joints_m[:, joint] - joints_m[:, parent]).norm(dim=-1)
        torch.testing.assert_close(length_m, rig.offset_m[joint].norm().expand(40), atol=1e-9, rtol=0)


@pytest.mark.parametrize("steps", [0, STEPS])
def test_a_turned_and_shifted_person_gives_a_turned_and_shifted_pose(steps: int) -> None:
    rig, _, landmarks_m = made(toy_body())
    turn = roma.rotvec_to_rotmat(torch.tensor([0.7, -2.0, 0.4], dtype=torch.float64))
    shift_m = torch.tensor([3.0, -1.0, 8.0], dtype=torch.float64)
    here, there = solved(rig, landmarks_m, steps), solved(rig, landmarks_m @ turn.mT + shift_m, steps)
    # roma turns by angles below 1e-6 to first order only.
    torch.testing.assert_close(there.world_from_joint, turn @ here.world_from_joint, atol=1e-5, rtol=0)
    torch.testing.assert_close(there.root_m, here.root_m @ turn.mT + shift_m, atol=1e-5, rtol=0)


@pytest.mark.parametrize("steps", [0, STEPS])
def test_a_mirrored_person_gives_a_mirrored_pose(steps: int) -> None:
    body = toy_body()
    rig, _, landmarks_m = made(body)
    mirror = torch.diag(torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64))
    here, there = solved(rig, landmarks_m, steps), solved(rig, landmarks_m[:, LANDMARK_MIRROR] @ mirror, steps)
    torch.testing.assert_close(
        there.world_from_joint, mirror @ here.world_from_joint[:, SMPL_MIRROR] @ mirror, atol=1e-5, rtol=0
    )
    torch.testing.assert_close(there.root_m, here.root_m @ mirror, atol=1e-5, rtol=0)


def test_a_batch_of_one_equals_a_batch_of_many_whatever_its_axes() -> None:
    rig, _, landmarks_m = made(toy_body(), frames=6)
    many = solved(rig, landmarks_m).world_from_joint
    torch.testing.assert_close(solved(rig, landmarks_m[4]).world_from_joint, many[4])
    folded = solved(rig, landmarks_m.unflatten(0, (2, 3))).world_from_joint
    torch.testing.assert_close(folded.flatten(0, 1), many)


def test_single_precision_gives_the_same_pose() -> None:
    rig, _, landmarks_m = made(toy_body())
    single = make_rig(toy_body(torch.float32), BETAS.float())
    found = solved(single, landmarks_m.float()).world_from_joint
    torch.testing.assert_close(found.double(), solved(rig, landmarks_m).world_from_joint, atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    "changes",
    [
        {"left_elbow": (-0.1, 1.42, -0.01), "left_wrist": (-0.35, 1.42, -0.01)},
        {"left_knee": (0.1, 1.3, 0.02), "left_ankle": (0.1, 1.7, 0.02)},
        {"left_wrist": (0.17, 1.42, -0.01)},
        {"left_hip": (0.0, 0.9, 0.0), "right_hip": (0.0, 0.9, 0.0)},
        {"left_shoulder": (0, 1.3, 0), "right_shoulder": (0, 1.5, 0), "left_hip": (0, 1, 0), "right_hip": (0, 0.8, 0)},
    ],
    ids=["arm across", "leg up", "wrist on shoulder", "hips in one point", "trunk in one line"],
)  # fmt: skip
def test_impossible_people_give_rotations(changes: dict[str, tuple[float, float, float]]) -> None:
    rig = make_rig(toy_body(), BETAS * 0)
    world = solved(rig, moved(standing(rig), changes)).world_from_joint
    torch.testing.assert_close(world @ world.mT, torch.eye(3, dtype=torch.float64).expand(24, 3, 3))


@pytest.mark.parametrize("limb", [*LEGS, *ARMS])
def test_a_limb_exactly_opposite_to_its_rest_turns_half(limb: Limb) -> None:
    rig = make_rig(toy_body(landmarks_at_joints=True), BETAS * 0)
    landmarks_m = standing(rig)
    start_m = landmarks_m[limb.root_point].clone()
    for point in (limb.bend_point, *limb.end_points):
        landmarks_m[point] = 2 * start_m - landmarks_m[point]
    world = direct_orientations(rig, landmarks_m, torch.ones(33, dtype=torch.float64))
    torch.testing.assert_close(world @ world.mT, torch.eye(3, dtype=torch.float64).expand(24, 3, 3))
    way = unit(rig.offset_m[limb.lower])
    torch.testing.assert_close(world[limb.upper] @ way, -way, atol=1e-6, rtol=0)


def test_all_landmarks_in_one_point_give_rotations() -> None:
    rig = make_rig(toy_body(), BETAS * 0)
    world = solved(rig, torch.zeros(33, 3, dtype=torch.float64)).world_from_joint
    torch.testing.assert_close(world @ world.mT, torch.eye(3, dtype=torch.float64).expand(24, 3, 3))


def test_a_person_without_any_confidence_still_gets_a_pose() -> None:
    rig, _, landmarks_m = made(toy_body())
    found = solve_analytic(rig, landmarks_m, torch.zeros(40, 33, dtype=torch.float64), steps=STEPS)
    assert found.world_from_joint.isfinite().all() and found.root_m.isfinite().all()


@pytest.mark.parametrize("name", ["elbow", "knee"])
def test_a_limb_that_becomes_straight_turns_smoothly(name: str) -> None:
    rig = make_rig(toy_body(), BETAS * 0)
    joint = SMPL_INDEX[f"left_{name}"]
    limb = next(limb for limb in (*LEGS, *ARMS) if limb.lower == joint)
    bend = torch.linspace(0.6, 0.0, 301, dtype=torch.float64)
    local = torch.eye(3, dtype=torch.float64).repeat(301, 24, 1, 1)
    local[:, limb.upper] = roma.rotvec_to_rotmat(torch.tensor([0.5, 0.2, -0.3], dtype=torch.float64))
    local[:, joint] = roma.rotvec_to_rotmat(bend[:, None] * torch.tensor(limb.hinge, dtype=torch.float64))
    pose = Pose(world_from_joints(SMPL_PARENTS, local), torch.zeros(301, 3, dtype=torch.float64))
    found = solved(rig, rig_points(rig, pose)).world_from_joint
    step_rad = roma.rotmat_geodesic_distance(found[1:], found[:-1])
    assert step_rad.max() < math.radians(2.5)


@pytest.mark.parametrize("limb", [*LEGS, *ARMS])
def test_a_wrong_bend_that_becomes_straight_does_not_flip_the_upper_bone(limb: Limb) -> None:
    rig = make_rig(toy_body(landmarks_at_joints=True), BETAS * 0)
    hinge, along = torch.tensor(limb.hinge, dtype=torch.float64), unit(rig.offset_m[limb.lower])
    local = torch.eye(3, dtype=torch.float64).repeat(301, 24, 1, 1)
    local[:, limb.upper] = rotation_about(along, torch.tensor(0.97 * math.pi, dtype=torch.float64))
    local[:, limb.lower] = rotation_about(hinge, torch.linspace(0.9, 0.0, 301, dtype=torch.float64))
    pose = Pose(world_from_joints(SMPL_PARENTS, local), torch.zeros(301, 3, dtype=torch.float64))
    found = solved(rig, rig_points(rig, pose)).world_from_joint[:, limb.upper]
    assert roma.rotmat_geodesic_distance(found[1:], found[:-1]).max() < math.radians(2)


@pytest.mark.parametrize("limb", ARMS)
def test_a_sharp_bend_is_believed_however_far_it_twists_the_arm(limb: Limb) -> None:
    rig = make_rig(toy_body(landmarks_at_joints=True), BETAS * 0)
    local = torch.eye(3, dtype=torch.float64).repeat(24, 1, 1)
    far, sharp = torch.tensor(2.6, dtype=torch.float64), torch.tensor(2.1, dtype=torch.float64)
    local[limb.upper] = rotation_about(unit(rig.offset_m[limb.lower]), far)
    local[limb.lower] = rotation_about(torch.tensor(limb.hinge, dtype=torch.float64), sharp)
    pose = Pose(world_from_joints(SMPL_PARENTS, local), rig.pelvis_m)
    found = solved(rig, rig_points(rig, pose))
    apart_rad = roma.rotmat_geodesic_distance(found.world_from_joint[limb.upper], pose.world_from_joint[limb.upper])
    assert apart_rad < math.radians(10)


def test_no_hinge_leaves_its_range_even_when_the_person_s_does() -> None:
    rig, _, landmarks_m = made(toy_body(), frames=200)
    noisy_m = landmarks_m + 0.15 * torch.randn(landmarks_m.shape, generator=torch.Generator().manual_seed(1))
    local = parent_from_joints(solved(rig, noisy_m).world_from_joint)
    for limb in (*LEGS, *ARMS):
        bend = twist_about(local[:, limb.lower], torch.tensor(limb.hinge, dtype=torch.float64))
        assert bend.min() > HINGE_RANGE_RAD[0] - 1e-6 and bend.max() < HINGE_RANGE_RAD[1] + 1e-6


def test_the_foot_shows_the_twist_of_a_straight_leg() -> None:
    rig = make_rig(toy_body(), BETAS * 0)
    local = torch.eye(3, dtype=torch.float64).repeat(24, 1, 1)
    local[SMPL_INDEX["left_ankle"]] = roma.rotvec_to_rotmat(torch.tensor([0, 0.5, 0], dtype=torch.float64))
    landmarks_m = rig_points(rig, Pose(world_from_joints(SMPL_PARENTS, local), rig.pelvis_m))
    found = solved(rig, landmarks_m)
    up = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    assert twist_about(found.world_from_joint[SMPL_INDEX["left_hip"]], up) > 0.15
    assert twist_about(found.world_from_joint[SMPL_INDEX["left_ankle"]], up) == pytest.approx(0.5, abs=0.05)


def test_the_hand_shows_pronation_and_the_forearm_takes_its_share() -> None:
    rig = make_rig(toy_body(), BETAS * 0)
    local = torch.eye(3, dtype=torch.float64).repeat(24, 1, 1)
    along = torch.tensor([1.0, 0, 0], dtype=torch.float64)
    local[SMPL_INDEX["left_wrist"]] = roma.rotvec_to_rotmat(along)
    landmarks_m = rig_points(rig, Pose(world_from_joints(SMPL_PARENTS, local), rig.pelvis_m))
    found = parent_from_joints(solved(rig, landmarks_m).world_from_joint)
    forearm, wrist = (twist_about(found[SMPL_INDEX[name]], along) for name in ("left_elbow", "left_wrist"))
    # Of one radian: hands are rough landmarks, so their turn is not believed in full.
    assert 0.5 < float(forearm + wrist) < 1.0
    assert 0.3 < float(forearm / (forearm + wrist)) < 0.7
