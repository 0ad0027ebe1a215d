"""Gait of a model that moves: read off the origins of its pelvis, heels and toes."""

from itertools import pairwise
from typing import Final

import numpy as np
from jaxtyping import Float

from models.gait import SIDES, Gait, Walker, find_gait
from models.osim.forward import place_bodies
from models.osim.model import Model

NEEDED: Final = ("pelvis", "femur_r", "tibia_r", "calcn_r", "toes_r", "calcn_l", "toes_l")


def gait_of_poses(
    model: Model, timestamps_s: Float[np.ndarray, " frames"], poses: Float[np.ndarray, "frames coordinates"]
) -> Gait:
    """Read gait off poses in a ground frame whose x is ahead; a model that lacks legs has none.

    Args:
        model: whose coordinates these are.
        timestamps_s: rising.
        poses: radians and metres.
    """
    missing = [body for body in NEEDED if body not in model.body_index]
    if missing:
        return Gait(absence=f"the model has no body called {missing[0]}")
    place_m = place_bodies(model, poses).origin_m
    body_m = {body: place_m[:, model.body_index[body]] for body in NEEDED}
    chain = ("femur_r", "tibia_r", "calcn_r")
    leg_m = sum(float(np.linalg.norm(body_m[a][0] - body_m[b][0])) for a, b in pairwise(chain))
    heel_m, toe_m = (np.stack([body_m[f"{part}_{side[0]}"] for side in SIDES], axis=1) for part in ("calcn", "toes"))
    return find_gait(Walker(timestamps_s, body_m["pelvis"], heel_m, toe_m, leg_m))
