"""How far seen bones are from their length: what points betray of their own noise."""

from functools import lru_cache
from itertools import combinations
from typing import Final

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from models.bodies.points import Inside
from models.bodies.regressors import point_places
from models.skeletons import SMPL_INDEX, SMPL_PARENTS

UNKNOWN_M: Final = 0.01
"""Where no bone is seen, nothing is known: a constant of the design."""
TINY: Final = 1e-12


@lru_cache(maxsize=64)
def carriers(set_name: str, point: tuple[int, ...], joint: tuple[int, ...]) -> tuple[frozenset[int], ...]:
    """The joints in whose axes each point of a set does not move.

    A joint's centre stays where it is in its own axes and in its parent's; a point of the skin in those of the one
    joint that carries it.

    Args:
        point, joint: which joints carry which points, as a rig has it.
    """
    found: list[frozenset[int]] = []
    for number, place in enumerate(point_places(set_name).values()):
        if isinstance(place, Inside):
            held = [frozenset({SMPL_INDEX[name], SMPL_PARENTS[SMPL_INDEX[name]]}) for name in place.joints]
            found.append(frozenset.intersection(*held) - {-1})
        else:
            of_point = {own for tied, own in zip(point, joint, strict=True) if tied == number}
            found.append(frozenset(of_point) if len(of_point) == 1 else frozenset())
    return tuple(found)


@lru_cache(maxsize=64)
def rigid_pairs(carried_by: tuple[frozenset[int], ...]) -> Int64[Tensor, "pairs 2"]:
    """Pairs of points whose distance no pose changes."""
    pairs = [(a, b) for a, b in combinations(range(len(carried_by)), 2) if carried_by[a] & carried_by[b]]
    return torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)


def disagreement(
    pairs: Int64[Tensor, "pairs 2"],
    rest_m: Float[Tensor, "*#batch points 3"],
    points_m: Float[Tensor, "*batch points 3"],
    confidence: Float[Tensor, "*batch points"],
) -> Float[Tensor, "*batch"]:
    """How far distances are from those at rest: the square of the mean square root, which outliers hardly move."""
    first, second = pairs.unbind(-1)
    weight = confidence[..., first] * confidence[..., second]
    length_m = (points_m[..., first, :] - points_m[..., second, :]).norm(dim=-1)
    off_m = (length_m - (rest_m[..., first, :] - rest_m[..., second, :]).norm(dim=-1)).abs()
    total = weight.sum(-1)
    mean = (torch.where(weight > 0, off_m, 0.0).sqrt() * weight).sum(-1) / total.clamp_min(TINY)
    return torch.where(total > 0, mean.square(), UNKNOWN_M)
