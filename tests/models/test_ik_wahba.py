"""Laws of the rotation onto points: it undoes turns, beats its neighbours, and is defined where nothing is."""

import pytest
import roma
import torch
from torch import Tensor

from models.ik_wahba import align_rest, best_turn, best_turn_in_torch

MIRROR = torch.diag(torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64))


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def turns(count: int, seed: int = 5) -> Tensor:
    return roma.rotvec_to_rotmat(2 * random(count, 3, seed=seed))


DEGENERATE = {
    "nothing": torch.zeros(3, 3),
    "half turn": torch.diag(torch.tensor([-1.0, -1.0, 1.0])),
    "opposite": -torch.outer(torch.tensor([0.0, 1, 0]), torch.tensor([0.0, 1, 0])),
    "opposite with a prior": torch.eye(3) * 1e-3 - torch.diag(torch.tensor([0.0, 1, 0])),
    "one line": torch.outer(torch.tensor([0.6, 0.8, 0]), torch.tensor([0.0, 0, 1])),
    "inside out": -torch.eye(3),
}


def test_turned_vectors_give_the_turn() -> None:
    turn, rest = turns(200), random(200, 5, 3)
    torch.testing.assert_close(align_rest(rest, rest @ turn.mT, torch.ones(200, 5).double()), turn, atol=1e-7, rtol=0)


def test_no_neighbour_is_better() -> None:
    spread = random(300, 3, 3)
    found = best_turn(spread)
    fit = (found * spread).sum((-2, -1))
    for seed in range(5):
        near = roma.rotvec_to_rotmat(0.02 * random(300, 3, seed=10 + seed)) @ found
        assert ((near * spread).sum((-2, -1)) <= fit + 1e-12).all()


def test_the_compiled_function_and_its_twin_agree() -> None:
    spread = random(2000, 3, 3)
    torch.testing.assert_close(best_turn(spread), best_turn_in_torch(spread), atol=1e-6, rtol=0)


def test_it_agrees_with_singular_values() -> None:
    spread = random(500, 3, 3)
    torch.testing.assert_close(best_turn(spread), roma.special_procrustes(spread), atol=1e-7, rtol=0)


@pytest.mark.parametrize("name", DEGENERATE)
def test_what_leaves_the_turn_open_still_gives_the_same_rotation_twice(name: str) -> None:
    spread = DEGENERATE[name].double()
    found, twin = best_turn(spread), best_turn_in_torch(spread)
    torch.testing.assert_close(found @ found.mT, torch.eye(3, dtype=torch.float64))
    assert torch.linalg.det(found) > 0
    assert (found * spread).sum() == pytest.approx(float((twin * spread).sum()), abs=1e-9)
    reached = torch.linalg.svdvals(spread) * torch.tensor([1, 1, torch.linalg.det(spread).sign()]).double()
    assert (found * spread).sum() == pytest.approx(float(reached.sum()), abs=1e-6)


def test_no_vectors_give_the_identity_or_the_prior() -> None:
    nothing, vectors = torch.zeros(4, 5), torch.randn(4, 5, 3)
    torch.testing.assert_close(align_rest(vectors, vectors, nothing), torch.eye(3).expand(4, 3, 3))
    prior = turns(4).float()
    torch.testing.assert_close(align_rest(vectors, vectors, nothing, 50 * prior), prior, atol=1e-6, rtol=0)


def test_turned_and_mirrored_vectors_give_turned_and_mirrored_rotations() -> None:
    rest, seen, weight, turn = random(50, 6, 3), random(50, 6, 3, seed=1), random(50, 6, seed=2).abs(), turns(1)[0]
    found = align_rest(rest, seen, weight)
    torch.testing.assert_close(align_rest(rest, seen @ turn.mT, weight), turn @ found, atol=1e-8, rtol=0)
    mirrored = align_rest(rest @ MIRROR, seen @ MIRROR, weight)
    torch.testing.assert_close(mirrored, MIRROR @ found @ MIRROR, atol=1e-12, rtol=0)


def test_any_batch_axes_and_a_shared_rest_give_what_each_gives_alone() -> None:
    rest, seen, weight = random(6, 3), random(2, 3, 6, 3, seed=1), random(2, 3, 6, seed=2).abs()
    many = align_rest(rest, seen, weight)
    torch.testing.assert_close(many[1, 2], align_rest(rest, seen[1, 2], weight[1, 2]))
