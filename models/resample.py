"""A motion at other times: turns at constant angular velocity, places on straight lines, between two frames."""

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation


def times_at_rate(timestamps_s: Float[np.ndarray, " frames"], rate_hz: int) -> Float[np.ndarray, " new"]:
    """From the first time on in steps of 1 / rate_hz, as many as lie before the last time or on it."""
    span_s = float(timestamps_s[-1] - timestamps_s[0])
    return timestamps_s[0] + np.arange(int(span_s * rate_hz + 1e-6) + 1) / rate_hz


def resample_turns(
    turns: Float[np.ndarray, "frames *joints 3 3"],
    timestamps_s: Float[np.ndarray, " frames"],
    wanted_s: Float[np.ndarray, " new"],
) -> Float[np.ndarray, "new *joints 3 3"]:
    """Rotations at other times; beyond the ends the first and the last one."""
    before, share = _neighbours(timestamps_s, wanted_s)
    start, end = turns[before], turns[np.minimum(before + 1, len(turns) - 1)]
    between = Rotation.from_matrix((start.swapaxes(-1, -2) @ end).reshape(-1, 3, 3)).as_rotvec()
    part = between.reshape(*start.shape[:-2], 3) * share.reshape(-1, *[1] * (start.ndim - 2))
    return start @ Rotation.from_rotvec(part.reshape(-1, 3)).as_matrix().reshape(start.shape)


def resample_places(
    places_m: Float[np.ndarray, "frames *rest"],
    timestamps_s: Float[np.ndarray, " frames"],
    wanted_s: Float[np.ndarray, " new"],
) -> Float[np.ndarray, "new *rest"]:
    """Places at other times; beyond the ends the first and the last one."""
    before, share = _neighbours(timestamps_s, wanted_s)
    weight = share.reshape(-1, *[1] * (places_m.ndim - 1))
    return (1 - weight) * places_m[before] + weight * places_m[np.minimum(before + 1, len(places_m) - 1)]


def _neighbours(
    timestamps_s: Float[np.ndarray, " frames"], wanted_s: Float[np.ndarray, " new"]
) -> tuple[Int[np.ndarray, " new"], Float[np.ndarray, " new"]]:
    """The frame before each wanted time, and how far it is on the way to the next."""
    place = np.interp(wanted_s, timestamps_s, np.arange(float(len(timestamps_s))))
    # a time that is a frame's but for rounding is that frame's
    place = np.where(np.abs(place - place.round()) < 1e-6, place.round(), place)
    before = np.floor(place).astype(int)
    return before, place - before
