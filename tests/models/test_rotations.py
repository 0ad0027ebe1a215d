"""Laws of arcs, twists and means of rotations."""

import math

import pytest
import roma
import torch
from torch import Tensor

from models.rotations import (
    across,
    angle_about,
    part_way,
    rotation_about,
    shortest_arc,
    turn_onto,
    twist_about,
    unit,
)


def vectors(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rotations(*shape: int, seed: int = 0) -> Tensor:
    return roma.rotvec_to_rotmat(vectors(*shape, seed=seed))


def act(rotation: Tensor, vector: Tensor) -> Tensor:
    return (rotation @ vector[..., None])[..., 0]


@pytest.mark.parametrize("batch", [(), (5,), (2, 3)])
def test_the_shortest_arc_lands_on_its_end_by_the_angle_between(batch: tuple[int, ...]) -> None:
    start, end = vectors(*batch, seed=1), vectors(*batch, seed=2)
    arc = shortest_arc(start, end, vectors(*batch, seed=3))
    torch.testing.assert_close(act(arc, unit(start)), unit(end))
    angle = roma.rotmat_to_rotvec(arc).norm(dim=-1)
    torch.testing.assert_close(angle.cos(), (unit(start) * unit(end)).sum(-1))


def test_antiparallel_directions_turn_half_about_the_hint() -> None:
    start = vectors(7)
    hint = vectors(7, seed=1)
    arc = shortest_arc(start, -2 * start, hint)
    torch.testing.assert_close(act(arc, start), -start)
    axis = unit(across(hint, unit(start)))
    torch.testing.assert_close(act(arc, axis), axis)


@pytest.mark.parametrize("angle", [1e-3, 1e-5, 1e-7, 1e-9])
def test_nearly_antiparallel_directions_still_give_a_rotation(angle: float) -> None:
    start = torch.tensor([1.0, 0, 0], dtype=torch.float64)
    end = torch.tensor([-math.cos(angle), math.sin(angle), 0], dtype=torch.float64)
    arc = shortest_arc(start, end, torch.tensor([0, 0, 1.0], dtype=torch.float64))
    torch.testing.assert_close(arc @ arc.mT, torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(act(arc, start), end, atol=2e-6, rtol=0)


def test_an_arc_from_or_to_nowhere_is_the_identity() -> None:
    zero, one = torch.zeros(3, dtype=torch.float64), vectors()
    for start, end in ((zero, one), (one, zero), (zero, zero)):
        torch.testing.assert_close(shortest_arc(start, end, one), torch.eye(3, dtype=torch.float64))


def test_the_twist_is_what_a_perpendicular_swing_leaves() -> None:
    axis = unit(vectors(50))
    swing_axis = unit(across(vectors(50, seed=1), axis))
    angle = torch.linspace(-3.1, 3.1, 50, dtype=torch.float64)
    swing = rotation_about(swing_axis, torch.linspace(-2.5, 2.5, 50, dtype=torch.float64))
    torch.testing.assert_close(twist_about(swing @ rotation_about(axis, angle), axis), angle)


def test_the_angle_about_an_axis_undoes_a_turn_about_it() -> None:
    axis, start = unit(vectors(50)), vectors(50, seed=1)
    angle = torch.linspace(-3.1, 3.1, 50, dtype=torch.float64)
    torch.testing.assert_close(angle_about(axis, start, act(rotation_about(axis, angle), start)), angle)


def test_part_way_starts_at_the_start_ends_at_the_end_and_keeps_its_speed() -> None:
    start, end = rotations(6, seed=1), rotations(6, seed=2)
    torch.testing.assert_close(part_way(start, end, 0.0), start)
    torch.testing.assert_close(part_way(start, end, 1.0), end)
    third, twice = part_way(start, end, 1 / 3), part_way(start, end, 2 / 3)
    torch.testing.assert_close(start.mT @ third, third.mT @ twice)


def test_clean_vectors_give_their_rotation_back_whatever_their_weights() -> None:
    truth, rest = rotations(20), vectors(20, 4, seed=1)
    found = turn_onto(rest, act(truth[:, None], rest), torch.rand(20, 4, dtype=torch.float64) + 0.1)
    torch.testing.assert_close(found, truth)


def test_collinear_vectors_still_give_a_proper_rotation_that_turns_them() -> None:
    rest = torch.tensor([[0, 1.0, 0], [0, 2.0, 0], [0, -1.0, 0]], dtype=torch.float64)
    truth = rotations(9)
    found = turn_onto(rest, act(truth[:, None], rest), torch.ones(9, 3, dtype=torch.float64))
    torch.testing.assert_close(torch.linalg.det(found), torch.ones(9, dtype=torch.float64))
    torch.testing.assert_close(act(found, rest[0].expand(9, 3)), act(truth, rest[0].expand(9, 3)))


def test_vectors_without_weight_leave_the_prior() -> None:
    prior = rotations(4)
    found = turn_onto(vectors(4, 3, seed=1), vectors(4, 3, seed=2), torch.zeros(4, 3, dtype=torch.float64), prior)
    torch.testing.assert_close(found, prior)
