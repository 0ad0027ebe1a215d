"""A skin with one torn place is drawn together there and left alone elsewhere."""

import numpy as np
import pytest

from training.edge_limits import SHARES, EdgeLimits, edge_lengths, edges_of

SIDE = 12


@pytest.fixture(scope="module")
def sheet() -> tuple[np.ndarray, np.ndarray]:
    """A square metre of cloth: places of its points and its edges."""
    across, along = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
    corner = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    a, b, c, d = corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return np.stack([across, along, np.zeros_like(across)], -1).reshape(-1, 3) / (SIDE - 1), edges_of(faces)


def test_each_pair_of_neighbours_is_an_edge_once(sheet: tuple[np.ndarray, np.ndarray]) -> None:
    _, edges = sheet
    assert len(edges) == 2 * SIDE * (SIDE - 1) + (SIDE - 1) ** 2
    assert (edges[:, 0] < edges[:, 1]).all()


def test_a_skin_within_the_limits_stays(sheet: tuple[np.ndarray, np.ndarray]) -> None:
    rest_m, edges = sheet
    posed_m = rest_m * (1.4, 0.8, 1) + 0.2
    np.testing.assert_array_equal(EdgeLimits(rest_m, edges).relaxed(posed_m, rest_m), posed_m)


def test_a_tear_is_shared_with_its_neighbourhood(sheet: tuple[np.ndarray, np.ndarray]) -> None:
    rest_m, edges = sheet
    torn_m = rest_m + np.where(rest_m[:, :1] > 0.5, (0.2, 0.0, 0.0), 0)
    assert (edge_lengths(torn_m, edges) / edge_lengths(rest_m, edges)).max() > 3
    relaxed_m = EdgeLimits(rest_m, edges).relaxed(torn_m, rest_m)
    share = edge_lengths(relaxed_m, edges) / edge_lengths(rest_m, edges)
    soft = 0.25
    assert share.max() < SHARES[1] + soft
    assert np.abs(relaxed_m - torn_m).max() < 0.1
    np.testing.assert_allclose(relaxed_m.mean(axis=0), torn_m.mean(axis=0), atol=1e-9)
