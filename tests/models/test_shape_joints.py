"""Laws of shape from joints: lengths alone suffice, noise and gaps do little, what is unsure is said to be."""

import pytest
import torch
from torch import Tensor

from models.bodies import load_body
from models.bodies.body import Body, pose_joints
from models.shape_joints import (
    RIGID_PAIRS,
    Lengths,
    joint_distances,
    measure_lengths,
    shape_from_joints,
    shape_from_lengths,
)
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from models.stature import stature
from tests.models.toy_body import plausible_pose
from training.adults import BONES, draw_adults

FLOAT = torch.float64
TREE = [(joint, parent) for joint, parent in enumerate(SMPL_PARENTS) if parent >= 0]


@pytest.fixture(scope="module")
def free() -> Body:
    return load_body("free").to("cpu", FLOAT)


def random_betas(body: Body, seed: int) -> Tensor:
    return torch.randn(body.beta_count, dtype=FLOAT, generator=torch.Generator().manual_seed(seed))


def noisy_walker(body: Body, seed: int, noise_m: float = 0.01) -> tuple[Tensor, Tensor, Tensor]:
    """Betas, a hundred frames of joints with noise along each axis, confidence; a fifth of the joints is missing."""
    random = torch.Generator().manual_seed(seed)
    betas = random_betas(body, seed)
    joints_m = pose_joints(body, betas, plausible_pose(100, seed), torch.zeros(100, 3, dtype=FLOAT))
    joints_m = joints_m + noise_m * torch.randn(joints_m.shape, dtype=FLOAT, generator=random)
    confidence = (torch.rand(100, 24, generator=random) > 0.2).to(FLOAT)
    joints_m[confidence == 0] = torch.nan
    return betas, joints_m, confidence


def test_every_rigid_pair_keeps_its_distance_in_any_pose(free: Body) -> None:
    betas = random_betas(free, 3)
    joints_m = pose_joints(free, betas, plausible_pose(5, seed=3), torch.zeros(5, 3, dtype=FLOAT))
    rest_m = joint_distances(free, betas, RIGID_PAIRS)
    for pair, (end, start) in enumerate(RIGID_PAIRS):
        now_m = (joints_m[:, end] - joints_m[:, start]).norm(dim=-1)
        torch.testing.assert_close(now_m, rest_m[pair].expand(5))
    assert set(TREE) <= set(RIGID_PAIRS)


def test_the_bones_of_two_hundred_adults_are_met_by_shape_alone(free: Body) -> None:
    pairs = [(SMPL_INDEX[end], SMPL_INDEX[start]) for end, start in BONES]
    adults_m = torch.from_numpy(draw_adults(200, seed=0))
    known = torch.full((len(pairs),), 5e-4, dtype=FLOAT)
    betas = torch.stack([shape_from_lengths(free, Lengths(pairs, length_m, known)).betas for length_m in adults_m])
    gap_m = (joint_distances(free, betas, pairs) - adults_m).abs()
    assert gap_m.mean() < 0.002 and gap_m.max() < 0.006
    assert (betas**2).mean() < 1.5


def test_noise_and_gaps_leave_height_and_bones_nearly_true(free: Body) -> None:
    for seed in range(4):
        betas, joints_m, confidence = noisy_walker(free, seed)
        found = shape_from_joints(free, joints_m, confidence).betas
        assert abs(stature(free, found) - stature(free, betas)) < 0.015
        gap_m = (joint_distances(free, found, TREE) - joint_distances(free, betas, TREE)).abs()
        assert gap_m.mean() < 0.005


def test_the_error_is_as_large_as_it_is_said_to_be(free: Body) -> None:
    surprise: list[Tensor] = []
    for seed in range(12):
        betas, joints_m, confidence = noisy_walker(free, seed)
        found = shape_from_joints(free, joints_m, confidence)
        gap = found.betas - betas
        surprise.append(gap @ torch.linalg.solve(found.covariance, gap))
    # Of twelve people of 20 betas the mean has a standard deviation of 0.09; joints that two lengths share widen it.
    assert 0.5 < torch.stack(surprise).mean() / free.beta_count < 1.5


def test_more_noise_makes_lengths_less_sure(free: Body) -> None:
    calm, wild = (measure_lengths(*noisy_walker(free, 1, noise_m)[1:]) for noise_m in (0.005, 0.03))
    assert (wild.sd_m > calm.sd_m).all()


def test_noise_does_not_make_bones_longer(free: Body) -> None:
    gap_m: list[Tensor] = []
    for seed in range(10):
        betas, joints_m, confidence = noisy_walker(free, seed, noise_m=0.02)
        lengths = measure_lengths(joints_m, confidence)
        gap_m.append(lengths.length_m - joint_distances(free, betas, lengths.pairs))
    short = joint_distances(free, torch.zeros(free.beta_count, dtype=FLOAT), RIGID_PAIRS) < 0.12
    # Untreated, noise of 20 mm makes the short distances 8 mm longer on average.
    assert torch.stack(gap_m)[:, short].mean().abs() < 0.003


def test_a_joint_that_nobody_saw_leaves_its_bones_to_the_prior(free: Body) -> None:
    _, joints_m, confidence = noisy_walker(free, 2)
    joints_m[:, SMPL_INDEX["head"]] = torch.nan
    confidence[:, SMPL_INDEX["head"]] = 0
    lengths = measure_lengths(joints_m, confidence)
    unseen = [SMPL_INDEX["head"] in pair for pair in lengths.pairs]
    assert torch.isinf(lengths.sd_m[unseen]).all() and torch.isfinite(lengths.sd_m[[not u for u in unseen]]).all()
    assert torch.isfinite(shape_from_joints(free, joints_m, confidence).betas).all()


def test_without_any_joint_the_body_is_the_mean_and_as_unsure_as_before(free: Body) -> None:
    found = shape_from_joints(free, torch.full((3, 24, 3), torch.nan, dtype=FLOAT), torch.zeros(3, 24, dtype=FLOAT))
    torch.testing.assert_close(found.betas, torch.zeros_like(found.betas))
    torch.testing.assert_close(found.covariance, torch.eye(free.beta_count, dtype=FLOAT))


@pytest.mark.parametrize("height_m", [1.5, 1.75, 2.0])
def test_a_given_height_is_kept_to_and_makes_the_shape_surer(free: Body, height_m: float) -> None:
    _, joints_m, confidence = noisy_walker(free, 5)
    unseen = torch.zeros_like(confidence)
    found = shape_from_joints(free, joints_m, unseen, height_m)
    assert abs(stature(free, found.betas) - height_m) < 0.003
    assert torch.trace(found.covariance) < free.beta_count


@pytest.mark.parametrize("seed", range(3))
def test_exact_joints_that_are_known_to_be_exact_give_bones_to_a_millimetre(free: Body, seed: int) -> None:
    betas, joints_m, confidence = noisy_walker(free, seed, noise_m=0)
    rest_m = joint_distances(free, betas, TREE)
    told, untold = (
        (joint_distances(free, shape.betas, TREE) - rest_m).abs().max()
        for shape in (
            shape_from_joints(free, joints_m[:4], confidence[:4], expected_noise_m=0.0),
            shape_from_joints(free, joints_m[:4], confidence[:4]),
        )
    )
    assert told < 1e-3 < untold
