"""SMPLify-3D: its gradient, its minimiser, and what it finds, alone and beside smplx and torch."""

from dataclasses import fields, replace

import pytest
import roma
import torch

from benchmark.baselines import smplify as stages
from benchmark.baselines.smplify import load_smplify, make_task, smplify
from benchmark.baselines.smplify_cost import Task, Weights, cost_and_gradient, point_cost, pose_of
from benchmark.baselines.smplify_fit_prior import axis_angles, fit_mixture
from benchmark.baselines.smplify_lbfgs import Rule, minimise
from benchmark.baselines.smplify_prior import Mixture, hinge_cost, load_mixture
from benchmark.baselines.smplify_smplx import smplify_with_smplx
from benchmark.ik_problem import Problem
from models.bodies import load_body
from models.errors import InputError
from models.keypoints import Keypoints
from models.kinematics import world_from_joints
from models.rig import Pose, make_rig, rig_joints, rig_points
from models.skeletons import SMPL_INDEX, SMPL_PARENTS

WEIGHTS = Weights(noise_m=0.005, robust_m=0.1, prior=1.0, hinge=1.0)


def draw(set_name: str = "smpl24", frames: int = 2) -> tuple[Problem, Pose]:
    """Two bodies in poses near the prior's likeliest, any way up."""
    generator = torch.Generator().manual_seed(5)
    body, mixture = load_body("free"), load_mixture()
    betas = torch.randn(2, body.beta_count, generator=generator).clamp(-2, 2)
    likely = mixture.mean[mixture.offset.argmin()].unflatten(-1, (23, 3))
    local = roma.rotvec_to_rotmat(likely + 0.1 * torch.randn(2, frames, 23, 3, generator=generator))
    root = roma.random_rotmat((2, frames, 1), generator=generator)
    world = world_from_joints(SMPL_PARENTS, torch.cat([root, local], dim=-3))
    pose = Pose(world, torch.randn(2, frames, 3, generator=generator))
    rig = make_rig(body, betas[:, None], set_name)
    points_m = rig_points(rig, pose)
    return Problem(body, betas, rig, Keypoints(set_name, points_m, torch.ones_like(points_m[..., 0]), 30.0)), pose


def in_double(task: Task) -> Task:
    tensors = {field.name: getattr(task, field.name) for field in fields(task)}
    return Task(**{name: t.double() if t.is_floating_point() else t for name, t in tensors.items()})


@pytest.mark.parametrize("set_name", ["smpl24", "body25", "blazepose33"])
def test_the_gradient_by_hand_is_the_slope_of_the_cost(set_name: str) -> None:
    task, _ = make_task(draw(set_name)[0])
    task, mixture = in_double(task), load_mixture().to(task.seen_m.double())
    numbers = 0.4 * torch.randn(4, 75, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    numbers[0, 3:] = 0
    _, slope = cost_and_gradient(task, mixture, WEIGHTS, numbers)
    for index in (*range(9), 12, 40, 74):
        step = torch.zeros(75, dtype=torch.float64)
        step[index] = 1e-6
        above, below = (cost_and_gradient(task, mixture, WEIGHTS, numbers + way * step)[0] for way in (1, -1))
        torch.testing.assert_close((above - below) / 2e-6, slope[:, index], rtol=1e-5, atol=1e-4)


def test_the_cost_of_the_true_pose_is_nothing() -> None:
    problem, truth = draw()
    task, _ = make_task(problem)
    local = truth.world_from_joint.flatten(0, 1)
    local = torch.cat([task.start.mT[:, None] @ local[:, :1], local[:, SMPL_PARENTS[1:]].mT @ local[:, 1:]], dim=1)
    numbers = torch.cat([truth.root_m.flatten(0, 1), roma.rotmat_to_rotvec(local).flatten(1)], dim=-1)
    assert point_cost(task, WEIGHTS, numbers)[0].max() < 1e-4
    torch.testing.assert_close(
        pose_of(task, numbers).world_from_joint, truth.world_from_joint.flatten(0, 1), atol=1e-5, rtol=0
    )


def test_a_bend_backward_costs_more_than_one_forward() -> None:
    pose = torch.zeros(3, 23, 3)
    pose[:, SMPL_INDEX["left_knee"] - 1, 0] = torch.tensor([-0.5, 0.0, 0.5])
    backward, straight, forward = hinge_cost(pose.flatten(1))[0].tolist()
    assert backward > straight > forward
    assert straight == 4.0


def test_the_minimiser_solves_rosenbrock_and_parabolas_side_by_side() -> None:
    steep = torch.tensor([1.0, 10, 100, 1000], dtype=torch.float64)

    def cost(at: torch.Tensor, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.enable_grad():
            free = at.detach().requires_grad_()
            value = steep[rows] * (free[:, 1] - free[:, 0] ** 2) ** 2 + (1 - free[:, 0]) ** 2
            (slope,) = torch.autograd.grad(value.sum(), free)
        return value.detach(), slope

    start = torch.tensor([[-1.2, 1.0]], dtype=torch.float64).expand(4, 2)
    found = minimise(cost, start, Rule(tolerance=1e-16, evaluations=300))
    torch.testing.assert_close(found, torch.ones_like(found), atol=1e-4, rtol=0)
    alone = minimise(lambda at, rows: cost(at, rows + 2), start[:1], Rule(tolerance=1e-16, evaluations=300))
    torch.testing.assert_close(alone[0], found[2])


def test_a_mixture_is_found_again_from_its_own_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.baselines.smplify_fit_prior.ROUNDS", 8)
    generator = torch.Generator().manual_seed(0)
    middle = 3 * torch.randn(8, 69, generator=generator, dtype=torch.float64)
    drawn = middle[torch.randint(8, (800,), generator=generator)]
    torch.manual_seed(1)
    poses = drawn + 0.1 * torch.randn(800, 69, generator=generator, dtype=torch.float64)
    found = fit_mixture(poses)
    missed = torch.cdist(found.mean, middle).amin(0)
    assert (missed < 0.1).sum() >= 4  # random starts may share a Gaussian
    value, _ = found.cost(poses)
    assert torch.isfinite(value).all()


def test_mirrored_poses_are_as_likely() -> None:
    local = roma.random_rotmat((5, 24), generator=torch.Generator().manual_seed(2))
    both = axis_angles(local)
    again = axis_angles(
        roma.rotvec_to_rotmat(torch.cat([torch.zeros(5, 1, 3), both[5:].unflatten(-1, (23, 3))], dim=1))
    )
    torch.testing.assert_close(again[5:], both[:5], atol=2e-5, rtol=0)


def test_clean_joints_are_met_within_millimetres_and_outliers_do_not_pull() -> None:
    problem, truth = draw(frames=6)
    found = load_smplify()(problem)
    error_m = (rig_joints(problem.rig, found) - rig_joints(problem.rig, truth)).norm(dim=-1)
    assert error_m.mean() < 0.004
    points_m = problem.keypoints.points_m.clone()
    points_m[..., SMPL_INDEX["left_elbow"], :] += 0.4
    wrong = replace(problem, keypoints=replace(problem.keypoints, points_m=points_m))
    again_m = (rig_joints(problem.rig, load_smplify()(wrong)) - rig_joints(problem.rig, truth)).norm(dim=-1)
    assert again_m.mean() < 0.03


@pytest.mark.parametrize("set_name", ["smpl24", "coco17"])
@pytest.mark.parametrize("shown", [0, 1])
def test_frames_with_next_to_nothing_seen_give_a_finite_pose(
    set_name: str, shown: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "STAGES", ((WEIGHTS, Rule(1e-3, 30)),))
    problem, _ = draw(set_name)
    confidence = torch.zeros_like(problem.keypoints.confidence)
    confidence[..., :shown] = 1
    points_m = torch.where(confidence[..., None] > 0, problem.keypoints.points_m, 1e3)
    blind = replace(problem, keypoints=Keypoints(set_name, points_m, confidence, 30.0))
    pose = smplify(load_mixture(), blind)
    assert torch.isfinite(pose.world_from_joint).all()
    assert torch.isfinite(pose.root_m).all()


def test_one_frame_after_the_other_with_smplx_finds_the_same_pose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "STAGES", ((WEIGHTS, Rule(1e-4, 25)),))
    monkeypatch.setattr("benchmark.baselines.smplify_smplx.STAGES", ((WEIGHTS, Rule(1e-4, 25)),))
    problem, _ = draw(frames=1)
    mixture: Mixture = load_mixture()
    ours, theirs = smplify(mixture, problem), smplify_with_smplx(mixture, problem)
    apart_m = (rig_joints(problem.rig, ours) - rig_joints(problem.rig, theirs)).norm(dim=-1)
    # Two searches that stop by their own rules on a flat floor: each is some 10 mm from the joints it is given.
    assert apart_m.mean() < 0.015


def test_smplx_refuses_points_that_are_not_its_joints() -> None:
    with pytest.raises(InputError, match="24 joints"):
        smplify_with_smplx(load_mixture(), draw("coco17")[0])
