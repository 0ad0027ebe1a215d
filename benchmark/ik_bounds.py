"""What no solver can know from joints: how much skin error is left when everything else is true.

The forearms' pronation of the data is drawn, on its own. `all_but_pronation` is the truth with pronation at its mean
over other draws and the wrists swung so that all joints are where they were: a solver that knows everything else and
guesses pronation without looking at the rest of the body, which tells nothing of it but where the hands bend. Leaves
of the tree (head, hands, feet) carry no bone whose end is seen: `all_but_pronation_and_leaves` has these at their mean
over the cell too; that is a landmark and no bound, for a leaf can be guessed from the rest of the body better than so.
`all_but_pronation_and_moving_leaves` has them at their mean over each piece: what is left to someone who knows which
way head, hands and feet are turned in every single second, and not how they move.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import roma
import torch
from torch import Tensor

from benchmark.ik_cases import Case, Windows, true_bodies
from benchmark.ik_cells import figures, solve
from models.kinematics import world_from_joints
from models.rig import Pose
from models.rotations import shortest_arc
from models.skeletons import SMPL_INDEX, SMPL_PARENTS

DRAWS: Final = 8
LEAVES: Final = tuple(joint for joint in range(1, 24) if joint not in SMPL_PARENTS)


def bounds(case: Case, others: Sequence[Windows]) -> dict[str, Any]:
    """Errors of each; all other draws show the same pieces of the same motions.

    Args:
        others: the case's windows with pronation drawn anew, DRAWS times.
    """
    guessed = _with_hands(case, _mean(torch.stack([windows.parent_from_joint for windows in others]), (0,)))
    leaves = guessed.clone()
    leaves[..., LEAVES, :, :] = _mean(guessed[..., LEAVES, :, :], (0, 1))
    still = guessed.clone()
    still[..., LEAVES, :, :] = _mean(guessed[..., LEAVES, :, :], (1,))[:, None]
    found = {
        "all_but_pronation": guessed,
        "all_but_pronation_and_moving_leaves": still,
        "all_but_pronation_and_leaves": leaves,
    }
    poses = {name: _pose(case, local) for name, local in found.items()}
    return {name: figures(solve(lambda problem, truth, pose=pose: pose, case)) for name, pose in poses.items()}


def _with_hands(case: Case, local: Tensor) -> Tensor:
    """The wrists swung so that the hands' joints lie where they truly lie."""
    swung, true = local.clone(), case.truth.pose.world_from_joint
    world = world_from_joints(SMPL_PARENTS, local)
    for side in ("left", "right"):
        elbow, wrist, hand = (SMPL_INDEX[f"{side}_{part}"] for part in ("elbow", "wrist", "hand"))
        bone = case.problem.rig.offset_m[..., hand, :, None]
        here, there = ((turns[..., wrist, :, :] @ bone)[..., 0] for turns in (world, true))
        arc = shortest_arc(here, there, world[..., wrist, :, 1])
        swung[..., wrist, :, :] = world[..., elbow, :, :].mT @ arc @ world[..., wrist, :, :]
    return swung


def _pose(case: Case, local: Tensor) -> Pose:
    windows = replace(case.windows, parent_from_joint=local)
    return true_bodies(case.problem.body, case.problem.betas, windows).pose


def _mean(rotations: Tensor, axes: tuple[int, ...]) -> Tensor:
    mean: Tensor = roma.special_procrustes(rotations.mean(axes))  # pyright: ignore[reportAssignmentType]
    return mean
