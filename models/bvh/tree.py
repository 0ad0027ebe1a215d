"""A skeleton as a tree of names and bone lengths: who hangs on whom, and where a body's limbs are in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from models.bvh.reader import Bvh


@dataclass(frozen=True)
class Limbs:
    """Joints of a person, by the name that the SMPL tree has for them.

    Attributes:
        joint: hip, knee, ankle, shoulder, elbow and wrist of both sides; foot, collar, hand and head where there
            are some. A hip is the joint that turns the thigh.
    """

    joint: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Tree:
    """Names and parents, root first.

    Attributes:
        bone: length of the bone to each joint from its parent, in the file's unit.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    bone: Float[np.ndarray, " joints"]

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """Of every joint."""
        found: list[list[int]] = [[] for _ in self.names]
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                found[parent].append(joint)
        return tuple(map(tuple, found))

    def above(self, joint: int) -> tuple[int, ...]:
        """Parent, grandparent, up to the root."""
        found: list[int] = []
        while (joint := self.parents[joint]) >= 0:
            found.append(joint)
        return tuple(found)

    def below(self, joint: int) -> tuple[int, ...]:
        """Children, then grandchildren, and so on."""
        found = list(self.children[joint])
        for index in found:
            found.extend(self.children[index])
        return tuple(found)

    def meeting(self, one: int, other: int) -> int:
        """The last joint on which both hang."""
        above = {one, *self.above(one)}
        return next(joint for joint in (other, *self.above(other)) if joint in above)

    def path(self, top: int, bottom: int) -> tuple[int, ...]:
        """Joints from below the top down to the bottom, the bottom included; empty where they are the same."""
        upwards = (bottom, *self.above(bottom))
        return upwards[: upwards.index(top)][::-1]


def tree_of(bvh: Bvh) -> Tree:
    """The tree of a file; bones as long as they are in its first frame."""
    return Tree(bvh.names, bvh.parents, np.linalg.norm(bvh.position[0], axis=-1))
