"""The chain that swing solvers share: root to leaf, each bone swings onto its seen child from where the chain has put
its joint, and someone else says how it twists.

Starting each bone at the joint that is already placed, not at the seen one, is the length-consistent refinement of
SMPL-IKS and its analytic solver in one pass: bones keep their length, and clean joints stay exact whatever the twists.
"""

from collections.abc import Callable
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from models.rig import Pose
from models.rotations import shortest_arc, turn_onto, unit
from models.skeletons import SMPL_INDEX, SMPL_PARENTS

PELVIS: Final = SMPL_INDEX["pelvis"]
CHEST: Final = SMPL_INDEX["spine3"]
CHILDREN: Final = tuple(
    tuple(joint for joint, parent in enumerate(SMPL_PARENTS) if parent == own) for own in range(len(SMPL_PARENTS))
)
LEAVES: Final = tuple(joint for joint, children in enumerate(CHILDREN) if not children)
BONES: Final = tuple(joint for joint, children in enumerate(CHILDREN) if len(children) == 1)
"""Joints with one child: these swing and twist."""

Rotation = Float[Tensor, "*batch 3 3"]
TurnOnto = Callable[[Float[Tensor, "*#batch children 3"], Float[Tensor, "*batch children 3"]], Rotation]
"""Rotation that brings bones at rest, all from one joint, onto the seen ones."""
Spin = Callable[[int, Rotation, Float[Tensor, "*batch 3"]], Rotation]
"""Rotation in a joint's own frame after its swing: a twist about its bone, or all of a leaf's turn.

Args: the joint, its orientation in the world after the swing, its place in the world.
"""


def no_spin(joint: int, world_from_joint: Rotation, place_m: Float[Tensor, "*batch 3"]) -> Rotation:
    """Twists are zero and leaves keep their parents' orientation."""
    return torch.eye(3, dtype=place_m.dtype, device=place_m.device).expand_as(world_from_joint)


def chain(
    offset_m: Float[Tensor, "*#batch 24 3"],
    joints_m: Float[Tensor, "*batch 24 3"],
    root: tuple[Rotation, Float[Tensor, "*batch 3"]],
    turn_chest: TurnOnto,
    spin: Spin = no_spin,
) -> Pose:
    """Solve from the pelvis outwards.

    Args:
        offset_m: each joint's place in its parent's frame.
        joints_m: where the joints are seen.
        root: the pelvis's orientation and place.
        turn_chest: for spine3, the other joint with several children.
    """
    offset_m = offset_m.expand_as(joints_m)
    world: list[Tensor] = [root[0]]
    placed_m: list[Tensor] = [root[1]]
    for joint in range(1, len(SMPL_PARENTS)):
        above = world[SMPL_PARENTS[joint]]
        placed_m.append(placed_m[SMPL_PARENTS[joint]] + _turned(above, offset_m[..., joint, :]))
        children = CHILDREN[joint]
        reach_m = joints_m[..., children, :] - placed_m[joint][..., None, :]
        if joint == CHEST:
            world.append(turn_chest(offset_m[..., children, :], reach_m))
            continue
        if children:
            bone_m = offset_m[..., children[0], :]
            above = above @ shortest_arc(bone_m, _turned(above.mT, reach_m[..., 0, :]), beside(bone_m))
        world.append(above @ spin(joint, above, placed_m[joint]))
    return Pose(torch.stack(world, dim=-3), root[1])


def beside(vector: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3"]:
    """The axis of the frame that a vector is least along."""
    return torch.nn.functional.one_hot(vector.abs().argmin(-1), 3).to(vector)


def _turned(rotation: Rotation, vector: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3"]:
    return (rotation @ vector[..., None])[..., 0]


def bone_axes(offset_m: Float[Tensor, "*batch 24 3"]) -> Float[Tensor, "*batch 24 3"]:
    """The direction at rest of the bone that each joint turns, in its own frame; zero for leaves, and of no meaning
    for pelvis and spine3."""
    first = [children[0] if children else 0 for children in CHILDREN]
    leaf = torch.tensor([not children for children in CHILDREN], device=offset_m.device)
    return unit(torch.where(leaf[:, None], torch.zeros_like(offset_m), offset_m[..., first, :]))


def turn_onto_all(rest_m: Float[Tensor, "*batch points 3"], seen_m: Float[Tensor, "*batch points 3"]) -> Rotation:
    """The least-squares turn of several bones (Wahba's problem), each counting by its length."""
    return turn_onto(rest_m, seen_m, torch.ones_like(seen_m[..., 0]))


def rigid_root(
    offset_m: Float[Tensor, "*batch 24 3"], joints_m: Float[Tensor, "*batch 24 3"]
) -> tuple[Rotation, Float[Tensor, "*batch 3"]]:
    """The pelvis as it best fits itself and its children, none of which counts more than the others."""
    children = CHILDREN[PELVIS]
    rest_m = torch.cat([torch.zeros_like(offset_m[..., :1, :]), offset_m[..., children, :]], dim=-2)
    seen_m = joints_m[..., (PELVIS, *children), :]
    rest_mid_m, seen_mid_m = rest_m.mean(-2), seen_m.mean(-2)
    turn = turn_onto_all(rest_m - rest_mid_m[..., None, :], seen_m - seen_mid_m[..., None, :])
    return turn, seen_mid_m - _turned(turn, rest_mid_m)
