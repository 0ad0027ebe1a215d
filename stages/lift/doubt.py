"""How far lifted landmarks are off, coordinate by coordinate, such that nine tenths lie within 1.645 deviations."""

from typing import Final

import numpy as np
from jaxtyping import Float

from stages.lift.evidence import Sight

AFTER_FIT: Final = (1.15, 1.25)
"""Factors on what the network says of its own shape, across the line of sight and along it, once paths and bones were
fitted to it and to the picture: on films of held-out subjects nine tenths of the errors then lie inside."""
UNTOLD_M: Final = (0.04, 0.12)
"""Without a network: the same for every landmark."""


def deviations(sight: Sight, world_from_camera: Float[np.ndarray, "4 4"]) -> Float[np.ndarray, "frames 33 3"]:
    """Standard deviations in metres along the world's axes, about the mid-hip; NaN where not observed.

    A landmark that is hidden has a large one: it was inferred.
    """
    told_m = (
        sight.sigma_m * AFTER_FIT if len(sight.sigma_m) else np.broadcast_to(UNTOLD_M, (*sight.shape_m.shape[:2], 2))
    )
    world_from_look = world_from_camera[:3, :3] @ sight.camera_from_look
    variance = np.einsum("fij,fpj->fpi", world_from_look**2, told_m[..., [0, 0, 1]] ** 2)
    return np.where(sight.observed[:, None, None], np.sqrt(variance), np.nan)
