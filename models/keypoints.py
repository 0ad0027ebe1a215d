"""What inverse kinematics is given: named points in the world, frame by frame, some of them missing or wrong."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Keypoints:
    """Points of one known set; the last batch axis is time (one frame is a sequence of length 1).

    Attributes:
        set_name: one of models.bodies.regressors.point_sets.
        points_m: in the world; finite, and of no meaning where the confidence is 0.
        confidence: 0..1; 0 for a point that is missing.
        rate_hz: frames per second.
    """

    set_name: str
    points_m: Float[Tensor, "*batch frames points 3"]
    confidence: Float[Tensor, "*batch frames points"]
    rate_hz: float
