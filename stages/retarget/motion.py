"""The motion of a body that follows the person of a BVH."""

import logging
from typing import Final

import numpy as np
import torch
from jaxtyping import Float

from models.bodies import load_body
from models.devices import single_thread
from models.errors import InputError
from models.resample import resample_places, resample_turns, times_at_rate
from models.retarget.body import fit_bone_lengths, posed_points, retarget_pose
from models.retarget.source import Source
from models.stand_in_camera import stand_in_matrix, world_from_stand_in
from stages.contracts import Motion

log = logging.getLogger(__name__)

WHOLE_RATE: Final = 3e-4
"""A rate this near to a whole number is meant to be it (0.0333333 s is 30 Hz); 23.976 Hz is not."""
RATES_HZ: Final = (1, 2000)
"""What a recording of a person can have."""


@single_thread()
def retarget_person(body_name: str, source: Source) -> Motion:
    """Pose the body as the file's person.

    Raises:
        InputError: no recording has the file's rate.
        ConfigError, WeightsError: as load_body.
    """
    rate_hz, times_s = _whole_rate(source)
    body = load_body(body_name).to("cpu", torch.float64)
    betas = fit_bone_lengths(body, source)
    local, trans_m = retarget_pose(body, betas, source)
    given_s = np.arange(len(trans_m)) * source.frame_time_s
    if len(times_s) != len(given_s) or not np.allclose(times_s, given_s, rtol=WHOLE_RATE, atol=1e-9):
        local, trans_m = resample_turns(local, given_s, times_s), resample_places(trans_m, given_s, times_s)
    joints_m, landmarks_m = posed_points(body, betas, local, trans_m)
    log.info("%d frames at %d Hz; one unit of the file is %g m", len(times_s), rate_hz, source.unit_m)
    return Motion(
        rate_hz=rate_hz,
        timestamps_s=times_s,
        observed=np.ones(len(times_s), bool),
        parent_from_joint=local,
        trans_m=trans_m,
        betas=betas.numpy(),
        confidence=np.ones((len(times_s), local.shape[1])),
        world_from_camera=world_from_stand_in(joints_m),
        camera_matrix=stand_in_matrix(),
        body_model=body.name,
        body_sha256=body.sha256,
        joints_m=joints_m,
        landmarks_m=landmarks_m,
    )


def _whole_rate(source: Source) -> tuple[int, Float[np.ndarray, " frames"]]:
    """The nearest whole rate, and the times of its frames in the file."""
    exact_hz, frames = 1 / source.frame_time_s, len(source.joints_m)
    if not RATES_HZ[0] <= exact_hz <= RATES_HZ[1]:
        raise InputError(
            f"a frame lasts {source.frame_time_s:g} s", f"write a Frame Time of {RATES_HZ[0]} to {RATES_HZ[1]} Hz"
        )
    rate_hz = max(1, round(exact_hz))
    if abs(exact_hz / rate_hz - 1) < WHOLE_RATE:
        return rate_hz, np.arange(frames) / rate_hz
    log.warning("%.4f Hz is not a whole rate: resampled to %d Hz", exact_hz, rate_hz)
    return rate_hz, times_at_rate(np.arange(frames) * source.frame_time_s, rate_hz)
