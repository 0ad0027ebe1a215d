"""SMPL-IKS, its bound and the hinge rule on random poses: exact on clean joints, finite whatever is missing."""

import itertools
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import roma
import torch
from torch import Tensor

from benchmark.baselines.hinge import hinge
from benchmark.baselines.smpl_iks import smpl_iks
from benchmark.baselines.smpl_iks_joints import filled_in_time, seen_joints
from benchmark.baselines.smpl_iks_swing import BONES, LEAVES, bone_axes
from benchmark.baselines.smpl_iks_twist import (
    BASELINE_WEIGHTS,
    WEIGHTS_NAME,
    TwistNet,
    learned_twist,
    load_learned_twist,
    untwisted_joints,
)
from benchmark.baselines.train_smpl_iks import draw_batch, train
from benchmark.baselines.true_twist import true_twist
from benchmark.ik_problem import Method, Problem
from models.bodies import load_body
from models.bodies.regressors import point_sets
from models.ik_refine import parent_from_joints
from models.keypoints import Keypoints
from models.kinematics import world_from_joints
from models.rig import Pose, make_rig, rig_joints, rig_points
from models.rotations import twist_about
from models.skeletons import SMPL_INDEX, SMPL_JOINTS, SMPL_PARENTS
from models.weights import find_weights

METHODS: dict[str, Callable[[Problem, Pose], Pose]] = {
    "smpl_iks": lambda problem, truth: smpl_iks(problem),
    "hinge": lambda problem, truth: hinge(problem),
    "true_twist": true_twist,
}


def draw(
    set_name: str = "smpl24", *, noise_m: float = 0.0, missing: float = 0.0, bend: float = 0.6
) -> tuple[Problem, Pose]:
    """Twelve random bodies in four random poses each, moving not at all in between."""
    generator = torch.Generator().manual_seed(3)
    body = load_body("free")
    betas = torch.randn(12, body.beta_count, generator=generator).clamp(-2, 2)
    local = roma.rotvec_to_rotmat(bend * torch.randn(12, 4, 24, 3, generator=generator))
    local[..., 0, :, :] = roma.random_rotmat((12, 4), generator=generator)
    pose = Pose(world_from_joints(SMPL_PARENTS, local), torch.randn(12, 4, 3, generator=generator))
    rig = make_rig(body, betas[:, None], set_name)
    points_m = rig_points(rig, pose)
    points_m = points_m + noise_m * torch.randn(points_m.shape, generator=generator)
    confidence = (torch.rand(points_m.shape[:-1], generator=generator) >= missing).float()
    points_m = torch.where(confidence[..., None] > 0, points_m, torch.nan)
    return Problem(body, betas, rig, Keypoints(set_name, points_m.nan_to_num(1e3), confidence, 30.0)), pose


def joint_error_m(problem: Problem, found: Pose, truth: Pose) -> Tensor:
    return (rig_joints(problem.rig, found) - rig_joints(problem.rig, truth)).norm(dim=-1)


@pytest.mark.parametrize("name", METHODS)
def test_clean_joints_are_met_exactly_on_any_shape_and_pose(name: str) -> None:
    problem, truth = draw()
    assert joint_error_m(problem, METHODS[name](problem, truth), truth).max() < 3e-4


def test_true_twists_on_clean_joints_leave_nothing_open() -> None:
    problem, truth = draw()
    error_rad = roma.rotmat_geodesic_distance(true_twist(problem, truth).world_from_joint, truth.world_from_joint)
    assert error_rad.max() < 2e-3


def test_without_learning_no_bone_twists_and_leaves_keep_their_parents_turn() -> None:
    problem, _ = draw()
    local = parent_from_joints(smpl_iks(problem).world_from_joint)
    assert (local[..., LEAVES, :, :] - torch.eye(3)).abs().max() < 1e-5
    shin = problem.rig.offset_m[..., SMPL_INDEX["left_ankle"], :]
    turn = roma.rotmat_to_rotvec(local[..., SMPL_INDEX["left_knee"], :, :])
    assert (turn * shin).sum(-1).abs().max() < 1e-5


def test_a_pose_turned_and_moved_is_solved_turned_and_moved() -> None:
    problem, _ = draw(noise_m=0.01)
    turn, way_m = roma.random_rotmat(generator=torch.Generator().manual_seed(1)), torch.tensor([1.0, 2.0, 3.0])
    moved_m = problem.keypoints.points_m @ turn.T + way_m
    moved = Problem(
        problem.body, problem.betas, problem.rig, Keypoints("smpl24", moved_m, problem.keypoints.confidence, 30.0)
    )
    for method in (smpl_iks, hinge):
        before, after = method(problem), method(moved)
        error_rad = roma.rotmat_geodesic_distance(turn @ before.world_from_joint, after.world_from_joint)
        assert error_rad.median() < 1e-4
        assert (before.root_m @ turn.T + way_m - after.root_m).abs().max() < 1e-4


def test_the_root_rule_has_a_lever_of_a_centimetre_and_breaks_under_ten_millimetres_of_noise() -> None:
    problem, truth = draw(noise_m=0.01)

    def root_error_deg(method: Method) -> float:
        turn = method(problem).world_from_joint[..., 0, :, :]
        return roma.rotmat_geodesic_distance(turn, truth.world_from_joint[..., 0, :, :]).rad2deg().median().item()

    assert root_error_deg(hinge) < 10
    assert root_error_deg(smpl_iks) > 4 * root_error_deg(hinge)


def test_opposite_bones_are_half_a_turn_apart_and_met() -> None:
    problem, _ = draw(bend=0.0)
    offset_m = problem.rig.offset_m.expand(12, 4, 24, 3)
    truth = Pose(torch.eye(3).expand(12, 4, 24, 3, 3), problem.rig.pelvis_m.expand(12, 4, 3))
    joints_m = rig_joints(problem.rig, truth).clone()
    knee, hip = SMPL_INDEX["left_knee"], SMPL_INDEX["left_hip"]
    below = [knee, SMPL_INDEX["left_ankle"], SMPL_INDEX["left_foot"]]
    joints_m[..., below, :] -= 2 * offset_m[..., knee, None, :]
    raised = Problem(
        problem.body, problem.betas, problem.rig, Keypoints("smpl24", joints_m, torch.ones(12, 4, 24), 30.0)
    )
    found_m = rig_joints(problem.rig, smpl_iks(raised))
    assert (found_m - joints_m).norm(dim=-1).max() < 3e-4
    assert (joints_m[..., hip, :] - joints_m[..., knee, :]).norm(dim=-1).min() > 0.1


@pytest.mark.parametrize("missing", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("set_name", [name for name in point_sets() if name not in ("rajagopal2016", "full_body")])
def test_every_set_gives_a_finite_pose_whatever_is_missing(set_name: str, missing: float) -> None:
    problem, truth = draw(set_name, missing=missing)
    for method in METHODS.values():
        pose = method(problem, truth)
        assert torch.isfinite(pose.world_from_joint).all()
        assert torch.isfinite(pose.root_m).all()
        assert (pose.world_from_joint.det() - 1).abs().max() < 1e-3


def test_joints_that_a_set_does_not_show_hang_on_the_trunk_of_a_body_at_rest() -> None:
    problem, truth = draw("smpl24_mid_hip", bend=0.0)
    assert (seen_joints(problem) - rig_joints(problem.rig, truth)).norm(dim=-1).max() < 1e-3
    problem, truth = draw("body25", bend=0.0)
    error_m = (seen_joints(problem) - rig_joints(problem.rig, truth)).norm(dim=-1).amax((0, 1))
    assert max(error_m.tolist()) < 0.02, dict(zip(SMPL_JOINTS, error_m.tolist(), strict=True))


def test_gaps_are_crossed_in_a_straight_line_and_ends_are_held() -> None:
    points_m = torch.tensor([9.0, 1.0, 9.0, 9.0, 4.0, 9.0])[:, None, None].expand(6, 1, 3)
    seen = torch.tensor([0.0, 1, 0, 0, 1, 0])[:, None]
    filled_m, known = filled_in_time(points_m, seen)
    assert filled_m[:, 0, 0].tolist() == pytest.approx([1, 1, 2, 3, 4, 4])
    assert known.all()
    assert not filled_in_time(points_m, torch.zeros(6, 1))[1].any()


def untrained() -> TwistNet:
    torch.manual_seed(0)
    return TwistNet().eval()


def test_clean_joints_are_met_whatever_twists_the_networks_name() -> None:
    problem, truth = draw()
    found = learned_twist(untrained(), problem)
    assert joint_error_m(problem, found, truth).max() < 3e-4


def test_the_twists_that_the_networks_name_are_those_of_the_pose() -> None:
    problem, truth = draw()
    net, offset_m = untrained(), problem.rig.offset_m.expand(12, 4, 24, 3)
    joints_m = rig_joints(problem.rig, truth)
    betas = problem.betas[:, None].expand(12, 4, -1)
    named = net(untwisted_joints(offset_m, joints_m).flatten(0, 1), betas.flatten(0, 1)).unflatten(0, (12, 4))
    local = parent_from_joints(learned_twist(net, problem).world_from_joint)
    found_rad = twist_about(local, bone_axes(offset_m))[..., BONES]
    torch.testing.assert_close(found_rad.cos(), named[..., BONES, 0], atol=2e-3, rtol=0)
    torch.testing.assert_close(found_rad.sin(), named[..., BONES, 1], atol=2e-3, rtol=0)


def test_the_networks_see_the_same_whichever_way_a_person_faces() -> None:
    problem, truth = draw()
    offset_m, joints_m = problem.rig.offset_m.expand(12, 4, 24, 3), rig_joints(problem.rig, truth)
    turn = roma.random_rotmat(generator=torch.Generator().manual_seed(1))
    seen_m = untwisted_joints(offset_m, joints_m)
    torch.testing.assert_close(untwisted_joints(offset_m, joints_m @ turn.T + 1), seen_m, atol=1e-4, rtol=0)


def test_the_networks_are_as_large_as_the_papers_and_small_on_disk() -> None:
    assert 1.2e6 < sum(parameter.numel() for parameter in TwistNet().parameters()) < 1.3e6
    assert find_weights(WEIGHTS_NAME, BASELINE_WEIGHTS).path.stat().st_size < 3e6


def test_the_shipped_networks_meet_clean_joints_and_twist_bones() -> None:
    problem, truth = draw(bend=0.3)
    pose = load_learned_twist()(problem)
    assert joint_error_m(problem, pose, truth).max() < 3e-4
    assert roma.rotmat_geodesic_distance(pose.world_from_joint, smpl_iks(problem).world_from_joint).mean() > 0.01


def test_a_training_batch_is_half_clean_and_its_clean_joints_fit_its_bones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.baselines.train_smpl_iks.BATCH", 64)
    torch.manual_seed(0)
    poses = roma.random_rotmat((10, 24))
    batch = draw_batch(load_body("free"), poses, 0.02)
    bones_m = (batch.seen_m[:, 1:] - batch.seen_m[:, SMPL_PARENTS[1:]]).norm(dim=-1)
    clean = ((bones_m - batch.offset_m[:, 1:].norm(dim=-1)).abs().amax(-1) < 1e-5).float().mean()
    assert 0.3 < clean < 0.7


def test_training_lowers_the_error_of_twists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.baselines.train_smpl_iks.BATCH", 32)
    monkeypatch.setattr("benchmark.baselines.train_smpl_iks.SKIN_POSES", 8)
    clock = SimpleNamespace(monotonic=itertools.count().__next__, process_time=lambda: 0.0)
    monkeypatch.setattr("benchmark.baselines.train_smpl_iks.time", clock)
    torch.manual_seed(0)
    local = torch.eye(3).repeat(1, 24, 1, 1)
    local[0, SMPL_INDEX["left_elbow"]] = roma.rotvec_to_rotmat(torch.tensor([1.2, 0, 0]))
    body = load_body("free")

    def twist_rad(net: TwistNet) -> float:
        batch = draw_batch(body, local, 0.0)
        found = net(untwisted_joints(batch.offset_m, batch.seen_m), batch.betas).detach()
        truth_rad = twist_about(batch.parent_from_joint, bone_axes(batch.offset_m))[:, BONES]
        return (found[:, BONES] - torch.stack([truth_rad.cos(), truth_rad.sin()], -1)).norm(dim=-1).mean().item()

    assert twist_rad(train(local, 0.0, 50.0)) < 0.75 * twist_rad(TwistNet().eval())
