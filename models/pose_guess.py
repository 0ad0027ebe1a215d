"""What a network believes of a pose before the exact steps: rotations, and how far each may be off."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Guess:
    """Rotations with their uncertainty.

    Attributes:
        world_from_joint: orientations in SMPL's joint order.
        swing_sd_rad: standard deviation of each joint's rotation against its parent, about either axis across its bone.
        twist_sd_rad: the same about the bone; a joint without a child has its whole turn here and in swing_sd_rad.
        noise_m: standard deviation of the points along each axis, as far as it can be told from them; 0 for points
            that agree with the bones exactly.
    """

    world_from_joint: Float[Tensor, "*batch frames 24 3 3"]
    swing_sd_rad: Float[Tensor, "*batch frames 24"]
    twist_sd_rad: Float[Tensor, "*batch frames 24"]
    noise_m: Float[Tensor, "*batch frames"]
