"""Finds a person's limbs in a tree whose names say nothing: by pairs of alike branches and by the lengths of bones."""

from itertools import combinations
from typing import Final

import numpy as np
from jaxtyping import Float

from models.bvh.tree import Limbs, Tree

ALIKE: Final = 0.1
"""Branches are a pair when their bones differ by less than this share of their length."""

Places = Float[np.ndarray, "frames joints 3"]
Limb = tuple[int, int, int]
Pair = tuple[Limb, Limb]


def limbs_by_topology(tree: Tree, joints: Places) -> Limbs | None:
    """Legs, arms and what lies next to them; None where there are not two pairs of limbs.

    Pairs of alike branches hang on the way from the root through the middle of the body. Of the two pairs with the
    longest bones the longer one are the legs. Each limb is its two longest neighbouring bones and the joint behind.
    Left of the body is the way from ankles to shoulders crossed with the way the feet point, or the knees where there
    are no toes.

    Args:
        joints: places in the world over the clip, in any unit.
    """
    pairs = sorted(_limb_pairs(tree), key=lambda pair: _length(tree, pair[0]))
    if len(pairs) < 2:
        return None
    arms, legs = pairs[-2:]
    ahead = sum((_ahead(tree, joints, leg) for leg in legs), np.zeros_like(joints[:, 0]))
    across = joints[:, legs[0][0]] - joints[:, legs[1][0]]
    shoulders = joints[:, arms[0][0]] - joints[:, arms[1][0]]
    up = sum((joints[:, arm[0]] - joints[:, leg[2]] for arm, leg in zip(arms, legs, strict=True)), np.zeros_like(ahead))
    if (np.cross(up, ahead) * across).sum() < 0:
        legs, across = (legs[1], legs[0]), -across
    if (across * shoulders).sum() < 0:
        arms = (arms[1], arms[0])
    return Limbs(_named_legs(tree, legs) | _named_arms(tree, arms))


def _named_legs(tree: Tree, legs: Pair) -> dict[str, int]:
    found: dict[str, int] = {}
    for side, leg in zip(("left", "right"), legs, strict=True):
        found |= {f"{side}_{part}": joint for part, joint in zip(("hip", "knee", "ankle"), leg, strict=True)}
        toes = _main_chain(tree, leg[2])[1:2]
        found |= {f"{side}_foot": toe for toe in toes}
    return found


def _named_arms(tree: Tree, arms: Pair) -> dict[str, int]:
    found: dict[str, int] = {}
    chest = tree.meeting(arms[0][0], arms[1][0])
    for side, arm in zip(("left", "right"), arms, strict=True):
        found |= {f"{side}_{part}": joint for part, joint in zip(("shoulder", "elbow", "wrist"), arm, strict=True)}
        collars = tree.path(chest, arm[0])[:-1]
        found |= {f"{side}_collar": collar for collar in collars[-1:]}
    return found


def _limb_pairs(tree: Tree) -> list[Pair]:
    """Pairs of limbs on the way through the middle of the body."""
    found: list[Pair] = []
    middle = 0
    while True:
        children = tree.children[middle]
        alike = [two for two in combinations(children, 2) if _alike(tree, *two)]
        paired = {child for two in alike for child in two}
        found.extend(pair for two in alike if (pair := _limb_pair(tree, *two)))
        others = [child for child in children if child not in paired]
        if not others:
            return found
        middle = max(others, key=lambda child: len(tree.below(child)))


def _alike(tree: Tree, one: int, other: int) -> bool:
    bones = [tree.bone[list(_main_chain(tree, branch)[:4])] for branch in (one, other)]
    if len(bones[0]) != len(bones[1]):
        return False
    return float(np.abs(bones[0] - bones[1]).sum()) <= ALIKE * float((bones[0] + bones[1]).sum()) / 2


def _limb_pair(tree: Tree, one: int, other: int) -> Pair | None:
    chains = [_main_chain(tree, branch) for branch in (one, other)]
    length = min(map(len, chains))
    if length < 3:
        return None
    bones = tree.bone[list(chains[0])]
    start = max(range(length - 2), key=lambda begin: float(bones[begin + 1] + bones[begin + 2]))
    first, second = ((chain[start], chain[start + 1], chain[start + 2]) for chain in chains)
    return first, second


def _main_chain(tree: Tree, joint: int) -> tuple[int, ...]:
    """A joint and the way down its longest branch."""
    found = [joint]
    while tree.children[found[-1]]:
        found.append(max(tree.children[found[-1]], key=lambda child: tree.bone[child] + _depth(tree, child)))
    return tuple(found)


def _depth(tree: Tree, joint: int) -> float:
    return max((float(tree.bone[child]) + _depth(tree, child) for child in tree.children[joint]), default=0.0)


def _length(tree: Tree, limb: Limb) -> float:
    return float(tree.bone[limb[1]] + tree.bone[limb[2]])


def _ahead(tree: Tree, joints: Places, leg: Limb) -> Float[np.ndarray, "frames 3"]:
    hip, knee, ankle = (joints[:, joint] for joint in leg)
    toes = _main_chain(tree, leg[2])[1:2]
    if toes:
        return joints[:, toes[0]] - ankle
    return knee - (hip + ankle) / 2
