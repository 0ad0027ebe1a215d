"""What every method of inverse kinematics is handed, ours and the baselines alike, and what it hands back."""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from models.bodies.body import Body
from models.keypoints import Keypoints
from models.rig import Pose, Rig


@dataclass(frozen=True, eq=False)
class Problem:
    """Sequences of keypoints on bodies of known shape; float32.

    Attributes:
        body: whose skin is measured in the end.
        betas: of each sequence.
        rig: bodies reduced to bones and the keypoints' set, a leading axis of sequences and one of length 1 for frames.
        keypoints: sequences x frames; every frame counts on its own unless a method uses time.
        first: the true pose of the first frame, for the one method that asks for it; None elsewhere.
    """

    body: Body
    betas: Float[Tensor, "sequences betas"]
    rig: Rig
    keypoints: Keypoints
    first: Pose | None = None


Method = Callable[[Problem], Pose]
"""Gives a pose for every sequence and frame, no NaN, whatever is missing."""
