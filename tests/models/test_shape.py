"""Laws of measuring a person: medians, betas from lengths, lengths carried over."""

import numpy as np
import torch
from torch import Tensor

from models.bodies.body import pose_landmarks
from models.shape import LENGTHS, carry_over, fit_betas, length_ratios, length_weights, lengths_of, weighted_median
from tests.models.toy_body import plausible_pose, toy_body

BODY = toy_body()
REST = torch.eye(3, dtype=torch.float64).expand(1, 24, 3, 3)


def random_betas(seed: int = 0) -> Tensor:
    return torch.randn(10, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def landmarks(betas: Tensor, pose: Tensor) -> Tensor:
    return pose_landmarks(BODY, betas, pose, torch.zeros(len(pose), 3, dtype=torch.float64))


def test_every_landmark_ends_one_length_and_starts_come_first() -> None:
    ends = [end for end, _ in LENGTHS]
    assert sorted(ends) == [*range(33), 34, 35]
    known = {33}
    for end, start in LENGTHS:
        assert start in known
        known.add(end)


def test_the_weighted_median_is_the_median_of_repeated_values() -> None:
    random = np.random.default_rng(0)
    value, weight = random.normal(size=(31, 4)), random.integers(0, 4, size=(31, 4))
    found = weighted_median(torch.from_numpy(value), torch.from_numpy(weight.astype(float)))
    for column in range(4):
        repeated = np.sort(np.repeat(value[:, column], weight[:, column]))
        assert found[column] == repeated[(len(repeated) - 1) // 2]


def test_betas_fitted_to_a_body_give_the_lengths_of_its_limbs() -> None:
    limbs = [end in range(11, 33) for end, _ in LENGTHS]
    for pose in (REST, plausible_pose(40, seed=1)):
        truth_m = lengths_of(landmarks(random_betas(), pose))
        betas = fit_betas(BODY, pose, truth_m, torch.ones_like(truth_m))
        # The prior draws every beta to 0, so that no length comes out exact.
        assert (lengths_of(landmarks(betas, pose)) - truth_m)[:, limbs].abs().max() < 0.008


def test_a_few_wild_frames_do_not_change_the_betas() -> None:
    pose = plausible_pose(41, seed=1)
    length_m = lengths_of(landmarks(random_betas(), pose))
    weight = torch.ones_like(length_m)
    clean = fit_betas(BODY, pose, length_m, weight)
    length_m[:5] *= 3
    assert (fit_betas(BODY, pose, length_m, weight) - clean).abs().max() < 0.02


def test_lengths_that_nobody_saw_leave_the_mean_body() -> None:
    length_m = lengths_of(landmarks(random_betas(), REST))
    betas = fit_betas(BODY, REST, length_m, torch.zeros_like(length_m))
    torch.testing.assert_close(betas, torch.zeros_like(betas))


def test_a_length_is_as_certain_as_its_worse_end() -> None:
    confidence = torch.ones(33, dtype=torch.float64)
    confidence[25] = 0.2
    weight = length_weights(confidence)
    for (end, start), certainty in zip(LENGTHS, weight, strict=True):
        assert certainty == (0.2 if 25 in (end, start) else 1.0)


def test_carrying_over_keeps_directions_and_gives_the_body_s_lengths() -> None:
    person = landmarks(random_betas(1), plausible_pose(7, seed=2))
    ratio = torch.linspace(0.8, 1.2, len(LENGTHS), dtype=torch.float64)
    ratio[[end in (11, 12, 23, 24) or end < 11 for end, _ in LENGTHS]] = 1.1
    carried = carry_over(person, ratio)
    torch.testing.assert_close(lengths_of(carried), ratio * lengths_of(person))
    way, carried_way = (points[:, 25] - points[:, 23] for points in (person, carried))
    torch.testing.assert_close(torch.linalg.cross(way, carried_way), torch.zeros_like(way), atol=1e-12, rtol=0)
    torch.testing.assert_close(carry_over(person, torch.ones_like(ratio)), person)


def test_ratios_of_a_person_half_as_large_are_two_but_for_face_hands_and_feet() -> None:
    length_m = lengths_of(landmarks(random_betas(), plausible_pose(9, seed=2)))
    ratio = length_ratios(length_m, length_m / 2, torch.ones_like(length_m))
    stiff = torch.tensor([end < 11 or 17 <= end <= 22 or 29 <= end <= 32 for end, _ in LENGTHS])
    torch.testing.assert_close(ratio, torch.where(stiff, 1.0, 2.0).to(ratio))
