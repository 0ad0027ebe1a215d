"""Sets motions from elsewhere on the floor: up or down as a whole until the soles stand on y = 0."""

from typing import Final

import numpy as np
from jaxtyping import Float
from torch import Tensor

from models.bodies.body import Body
from models.contacts import CONTACT_ROWS, SOLE_M
from models.retarget.body import posed_points

LOWEST_SHARE: Final = 0.05
"""The floor lies where the lower sole is in this share of the frames, so that a few sunken ones do not lift it."""


def lift_above_floor_m(
    body: Body,
    betas: Float[Tensor, " betas"],
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"],
    trans_m: Float[np.ndarray, "frames 3"],
    *,
    every_frame: bool = False,
) -> Float[np.ndarray, " frames"]:
    """What to add to y.

    Args:
        body: in double precision, on the CPU.
        every_frame: stand on the lower foot in each frame, where nothing is known of the way.
    """
    _, landmarks_m = posed_points(body, betas, parent_from_joint, trans_m)
    lowest_m = (landmarks_m[:, CONTACT_ROWS, 1] - np.array(SOLE_M)).min(axis=1)
    return -lowest_m if every_frame else np.full(len(lowest_m), -float(np.quantile(lowest_m, LOWEST_SHARE)))
