"""Puts what a file holds at a constant whole rate: missing frames stay gaps, other rates are read between frames."""

import logging
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models.errors import InputError
from models.readers.given import MAX_FRAMES, BodyMotion, WorldPoints
from models.resample import resample_places, resample_turns, times_at_rate

log = logging.getLogger(__name__)

WHOLE_RATE: Final = 3e-4
"""A rate this near to a whole number is meant to be it; 23.976 Hz is not."""
OFF_BEAT: Final = 0.1
"""Of a step between frames: how far a frame's time may lie from a constant rate's."""
GAP_STEPS: Final = 1.5
"""Farther apart, frames have a gap between them."""


@dataclass(frozen=True, eq=False)
class Steady:
    """Times at a constant rate, and where they lie among a file's frames.

    Attributes:
        rate_hz: whole.
        timestamps_s: of the result.
        observed: whether the file has something there.
        given_s: times of the file's frames.
        row: the file's frame of each time, where frames are taken as they are; None where they are read between.
    """

    rate_hz: int
    timestamps_s: Float[np.ndarray, " frames"]
    observed: Bool[np.ndarray, " frames"]
    given_s: Float[np.ndarray, " given"]
    row: np.ndarray | None


def steady(given_s: Float[np.ndarray, " given"]) -> Steady:
    """The constant rate nearest to that of a file's frames.

    Raises:
        InputError: gaps make it longer than MAX_FRAMES.
    """
    if len(given_s) == 1:
        return Steady(30, given_s, np.ones(1, bool), given_s, np.zeros(1, int))
    step_s = float(np.median(np.diff(given_s)))
    rate_hz = max(1, round(1 / step_s))
    if (given_s[-1] - given_s[0]) * rate_hz > MAX_FRAMES:
        raise InputError(
            f"from the first to the last frame it is {given_s[-1] - given_s[0]:.0f} s", "cut it into shorter clips"
        )
    if abs(1 / step_s / rate_hz - 1) < WHOLE_RATE:
        place = (given_s - given_s[0]) / step_s
        at = place.round().astype(int)
        if np.abs(place - at).max() < OFF_BEAT and (np.diff(at) > 0).all():
            row = np.full(at[-1] + 1, -1)
            row[at] = np.arange(len(at))
            times_s = given_s[0] + np.arange(len(row)) / rate_hz
            return Steady(rate_hz, times_s, row >= 0, given_s, row)
    log.warning("%.4g frames a second are not a constant whole rate: resampled to %d", 1 / step_s, rate_hz)
    times_s = times_at_rate(given_s, rate_hz)
    after = np.searchsorted(given_s, times_s - 1e-9).clip(1, len(given_s) - 1)
    observed = given_s[after] - given_s[after - 1] < GAP_STEPS * step_s
    return Steady(rate_hz, times_s, observed, given_s, None)


def steady_points(points: WorldPoints) -> tuple[Steady, Float[np.ndarray, "f p 3"], Float[np.ndarray, "f p"]]:
    """Points and confidence at a constant rate; both 0 where nothing is given."""
    line = steady(points.timestamps_s)
    if line.row is not None:
        known = line.observed[:, None]
        return line, points.points_m[line.row] * known[..., None], points.confidence[line.row] * known
    before = np.searchsorted(line.given_s, line.timestamps_s + 1e-9, side="right").clip(1, len(line.given_s) - 1) - 1
    both = np.minimum(points.confidence[before], points.confidence[before + 1]) * line.observed[:, None]
    places_m = resample_places(points.points_m, line.given_s, line.timestamps_s)
    return line, places_m * (both > 0)[..., None], both


def steady_motion(motion: BodyMotion) -> tuple[Steady, Float[np.ndarray, "f 24 3 3"], Float[np.ndarray, "f 3"]]:
    """Rotations and way at a constant rate; of no meaning where not observed."""
    line = steady(motion.frame_index / motion.rate_hz)
    if line.row is not None:
        return line, motion.parent_from_joint[line.row], motion.trans_m[line.row]
    turns = resample_turns(motion.parent_from_joint, line.given_s, line.timestamps_s)
    return line, turns, resample_places(motion.trans_m, line.given_s, line.timestamps_s)
