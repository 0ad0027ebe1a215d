"""How the camera hangs over the floor: as it was told, or as planted feet and stretched legs tell it."""

import logging
import math

import numpy as np
from jaxtyping import Bool, Float

from models.floor import find_ground, world_from_camera
from stages.lift.config import Config

log = logging.getLogger(__name__)


def place_camera(
    config: Config,
    points_m: Float[np.ndarray, "frames 33 3"],
    observed: Bool[np.ndarray, " frames"],
    timestamps_s: Float[np.ndarray, " frames"],
) -> Float[np.ndarray, "4 4"]:
    """The camera's pose in the world; what was found goes to the log.

    Args:
        points_m: of one person in camera axes; NaN where not observed.
    """
    given = config.camera_pitch_deg
    ground = find_ground(points_m, observed, timestamps_s, None if given is None else math.radians(given))
    pitch_deg, roll_deg, pitch_sd_deg, roll_sd_deg = np.degrees([ground.pitch_rad, ground.roll_rad, *ground.sd_rad])
    said = "as given" if given is not None else f"+-{pitch_sd_deg:.0f}, rolled by {roll_deg:.0f} +-{roll_sd_deg:.0f}"
    log.info(
        "the camera hangs %.2f m over the floor and looks down by %.0f degrees (%s): feet stood in %d places, %.1f m "
        "deep", ground.height_m, pitch_deg, said, ground.places, ground.span_m,
    )  # fmt: skip
    return world_from_camera(ground.up, ground.height_m)
