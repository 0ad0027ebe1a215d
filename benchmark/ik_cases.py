"""Problems with known answers for inverse kinematics: pieces of real motion on drawn bodies, seen with drawn noise.

Everything is drawn from seeds, so that every method is given the same numbers in the same cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.ik_metrics import Bodies
from benchmark.ik_problem import Problem
from models.bodies.body import Body, rest_joints
from models.bodies.regressors import pose_points
from models.errors import InputError
from models.keypoints import Keypoints
from models.kinematics import world_from_joints
from models.rig import Pose, make_rig
from models.skeletons import SMPL_PARENTS
from training.corrupt import PointDamage, corrupt_points
from training.mocap import TrueMotion

FRAMES: Final = 25
"""Frames of a sequence: every clip of a second or more holds one, and a method that uses time sees a motion."""
MOST_BETA: Final = 2.0


@dataclass(frozen=True, eq=False)
class Windows:
    """Pieces of true motion, all of one length.

    Attributes:
        clip: which motion each piece is from.
        family: and its skeleton family.
        pelvis_m: on the mean body.
        whole: the truth knows twists, hands and feet.
    """

    clip: Int[np.ndarray, " sequences"]
    family: tuple[str, ...]
    rate_hz: float
    parent_from_joint: Float[Tensor, "sequences frames 24 3 3"]
    pelvis_m: Float[Tensor, "sequences frames 3"]
    whole: bool


@dataclass(frozen=True, eq=False)
class Case:
    """What a method is given, and what it should find."""

    problem: Problem
    truth: Bodies
    windows: Windows


def draw_windows(motions: Sequence[TrueMotion], sequences: int, seed: int, frames: int = FRAMES) -> Windows:
    """Pieces spread over the clips: one from each in a drawn order, then a second from each, until there are enough.

    Raises:
        InputError: no clip is long enough, or their rates differ.
    """
    random = np.random.default_rng(seed)
    long = [index for index, motion in enumerate(motions) if len(motion.pelvis_m) >= frames]
    if not long:
        raise InputError(f"no clip has the {frames} frames of a sequence", "give a folder with longer clips")
    order = [long[i] for _ in range(sequences // len(long) + 1) for i in random.permutation(len(long))][:sequences]
    start = {i: int(random.integers(len(motions[i].pelvis_m) - frames + 1)) for i in long}
    pieces: list[tuple[TrueMotion, int]] = []
    for index in order:
        pieces.append((motions[index], start[index]))
        start[index] = int(random.integers(len(motions[index].pelvis_m) - frames + 1))
    return cut(pieces, np.array(order), frames)


def cut(pieces: Sequence[tuple[TrueMotion, int]], clip: Int[np.ndarray, " sequences"], frames: int) -> Windows:
    """The given number of frames of each motion from a given one on."""
    if len(rates := {motion.rate_hz for motion, _ in pieces}) > 1:
        raise InputError(f"the clips have rates of {sorted(rates)} Hz", "give a folder of clips of one rate")
    return Windows(
        clip=clip,
        family=tuple(motion.family for motion, _ in pieces),
        rate_hz=rates.pop(),
        parent_from_joint=_float32([motion.parent_from_joint[start : start + frames] for motion, start in pieces]),
        pelvis_m=_float32([motion.pelvis_m[start : start + frames] for motion, start in pieces]),
        whole=all(motion.whole for motion, _ in pieces),
    )


def make_case(body: Body, windows: Windows, set_name: str, damage: PointDamage, seed: int) -> Case:
    """Put the motions on drawn bodies and see the set's points of them.

    The bodies depend on the seed alone: all cells of a seed show the same people.
    """
    betas = draw_betas(body, len(windows.clip), seed)
    truth = true_bodies(body, betas, windows)
    trans_m = truth.pose.root_m - rest_joints(body, betas)[:, None, 0]
    points_m = pose_points(body, set_name, betas[:, None], windows.parent_from_joint, trans_m)
    clean = Keypoints(set_name, points_m, torch.ones_like(points_m[..., 0]), windows.rate_hz)
    generator = torch.Generator().manual_seed(seed)
    first = Pose(truth.pose.world_from_joint[:, 0], truth.pose.root_m[:, 0])
    rig = make_rig(body, betas[:, None], set_name)
    return Case(Problem(body, betas, rig, spoilt(clean, damage, generator), first), truth, windows)


def with_shape(case: Case, betas: Float[Tensor, "sequences betas"]) -> Case:
    """The same keypoints, their owner believed to be of another shape."""
    rig = make_rig(case.problem.body, betas[:, None], case.problem.keypoints.set_name)
    return replace(case, problem=replace(case.problem, betas=betas, rig=rig))


def draw_betas(body: Body, people: int, seed: int) -> Float[Tensor, "people betas"]:
    """Standard normal, cut off at MOST_BETA."""
    generator = torch.Generator().manual_seed(seed + 1)
    return torch.randn(people, body.beta_count, generator=generator).clamp(-MOST_BETA, MOST_BETA)


def true_bodies(body: Body, betas: Float[Tensor, "sequences betas"], windows: Windows) -> Bodies:
    """The motions on bodies of these shapes."""
    world = world_from_joints(SMPL_PARENTS, windows.parent_from_joint)
    return Bodies(body, betas, Pose(world, windows.pelvis_m))


def spoilt(keypoints: Keypoints, damage: PointDamage, generator: torch.Generator) -> Keypoints:
    """The points damaged; one that is missing is at the origin, where nobody can peep at it."""
    damaged = corrupt_points(keypoints, damage, generator)
    points_m = torch.where(damaged.confidence[..., None] > 0, damaged.points_m, torch.zeros_like(damaged.points_m))
    return replace(damaged, points_m=points_m)


def _float32(pieces: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(pieces).astype(np.float32))
