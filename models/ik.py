"""Inverse kinematics: from seen points of any known set to a pose, its uncertainty, and why a frame is doubtful.

Points lose what noise time can take away, and short gaps. A network guesses every joint's rotation and how far it may
be off; bones are then turned onto the points from the root to the leaves, and a few steps of Gauss and Newton weigh
points and guess against each other. Limits of joints hold in every answer.
"""

from dataclasses import dataclass, replace
from enum import IntFlag

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from models.errors import InputError
from models.ik_exact import fit_points
from models.ik_habits import towards_rest
from models.ik_steady import steady_points
from models.keypoints import Keypoints
from models.nets.inputs import BeforeKind
from models.nets.pose_guess import guess_pose
from models.nets.pose_net import PoseNet
from models.pose_guess import Guess
from models.rig import Pose, Rig

TRUNK_JOINTS = 10
"""Points that hang on one of the first ten joints above the knees show where the trunk is."""


class Doubt(IntFlag):
    """Why a frame is doubtful; 0 where nothing is."""

    NOTHING_SEEN = 1
    FEW_POINTS = 2
    TRUNK_UNSEEN = 4
    POINTS_DISAGREE = 8
    LIMITS_PRESSED = 16


FEW = 6
"""Fewer points do not tell a pose."""
LARGE_M = 0.06
"""Half the points lie farther off than detectors are wrong."""
PRESSED = 0.02
"""Limits moved bones by more than a degree: the points show what joints cannot do."""


WIDEST = 1.5
WIDE_M = 0.01
"""Deviations grow by the first for clean points, by half of it at this noise."""


@dataclass(frozen=True, eq=False)
class Solution:
    """What is found for every frame.

    Attributes:
        pose: within the limits of joints.
        twist_sd_rad: standard deviation of each joint's turn about its bone, which points hardly show.
        residual_m: the median of what the seen points lie off by; 0 where none is seen.
        doubt: bits of Doubt.
    """

    pose: Pose
    twist_sd_rad: Float[Tensor, "*batch frames 24"]
    residual_m: Float[Tensor, "*batch frames"]
    doubt: Int64[Tensor, "*batch frames"]


def solve_pose(  # noqa: PLR0913 - the one door to all that a solution may take into account
    rig: Rig,
    keypoints: Keypoints,
    *,
    net: PoseNet,
    steps: int,
    before: Pose | None = None,
    before_kind: BeforeKind = BeforeKind.NONE,
    causal: bool = False,
) -> Solution:
    """Pose bodies so that their points lie where they are seen.

    Args:
        rig: for the keypoints' set; its shape axes broadcast against the keypoints' batch and frames.
        net: what guesses.
        steps: of Gauss and Newton: 0 for speed, 1 or 3 for exactness.
        before, before_kind: a pose that is known beforehand for every frame, and where it comes from.
        causal: every frame sees itself and earlier ones only; points are then solved as they come. Else noisy points
            are steadied first (models/ik_steady.py), and residuals are those of steadied points.

    Raises:
        ConfigError: the network does not know the set's points.
        InputError: the rig is for another set, or a pose before comes without its kind or the kind without the pose.
    """
    _check_set(rig, keypoints)
    points = keypoints if causal else steady_points(rig, keypoints)
    guess = guess_pose(net, rig, points, before=before, before_kind=before_kind, causal=causal)
    guess = widened(guess if before is not None else towards_rest(rig, guess))
    return _solve(rig, points, guess, steps=steps, seen=keypoints.confidence > 0)


def widened(guess: Guess) -> Guess:
    """A network's guess with standard deviations as its points' noise deserves.

    Its errors hang together along chains, which deviations joint by joint do not tell: the better the points, the more
    such a chain may still turn as a whole. The factor was found on held-out people of the training set.
    """
    factor = 1 + WIDEST / (1 + (guess.noise_m / WIDE_M).square())
    swing, twist = (factor[..., None] * sd for sd in (guess.swing_sd_rad, guess.twist_sd_rad))
    return replace(guess, swing_sd_rad=swing, twist_sd_rad=twist)


def solve_guess(rig: Rig, keypoints: Keypoints, guess: Guess, *, steps: int) -> Solution:
    """As solve_pose, from a guess that is there already; every frame for itself.

    Raises:
        InputError: the rig is for another set.
    """
    _check_set(rig, keypoints)
    return _solve(rig, keypoints, guess, steps=steps, seen=keypoints.confidence > 0)


def _check_set(rig: Rig, keypoints: Keypoints) -> None:
    if rig.set_name != keypoints.set_name:
        problem = f"the rig carries the points {rig.set_name!r}, the keypoints are {keypoints.set_name!r}"
        raise InputError(problem, "make the rig for the keypoints' set")


def _solve(rig: Rig, keypoints: Keypoints, guess: Guess, *, steps: int, seen: Tensor) -> Solution:
    fit = fit_points(rig, keypoints, guess, steps=steps)
    return Solution(
        pose=Pose(fit.world_from_joint, fit.root_m),
        twist_sd_rad=fit.twist_sd_rad,
        residual_m=fit.residual_m,
        doubt=_doubts(rig, seen, fit.residual_m, fit.pressed),
    )


def _doubts(rig: Rig, seen: Tensor, residual_m: Tensor, pressed: Tensor) -> Tensor:
    on_trunk = torch.zeros(rig.point_count, dtype=torch.bool, device=rig.joint.device)
    on_trunk[rig.point[rig.joint < TRUNK_JOINTS]] = True
    reasons = {
        Doubt.NOTHING_SEEN: ~seen.any(-1),
        Doubt.FEW_POINTS: seen.sum(-1) < FEW,
        Doubt.TRUNK_UNSEEN: (seen & on_trunk).sum(-1) < 3,
        Doubt.POINTS_DISAGREE: residual_m > LARGE_M,
        Doubt.LIMITS_PRESSED: pressed > PRESSED,
    }
    return torch.stack([int(bit) * held.long() for bit, held in reasons.items()]).sum(0)
