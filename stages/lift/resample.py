"""How a video's own time stamps become one constant rate without inventing anything."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int

JITTER: Final = 0.05
"""Share of a frame's duration by which a time stamp may be off and still count as on time."""

LONGEST_STEP_S: Final = 0.2
"""Frames farther apart than this are not joined by a straight line."""


@dataclass(frozen=True, eq=False)
class Resampling:
    """Each new frame lies between an old one and the next.

    Attributes:
        timestamps_s: of the new frames; constant steps.
        before: index of the old frame at or before each new one.
        share: 0 at that frame, 1 at the next.
        observed: the old frames that a new one is made of were seen.
    """

    rate_hz: int
    timestamps_s: Float[np.ndarray, " new"]
    before: Int[np.ndarray, " new"]
    share: Float[np.ndarray, " new"]
    observed: Bool[np.ndarray, " new"]

    def apply(self, values: Float[np.ndarray, "old *rest"]) -> Float[np.ndarray, "new *rest"]:
        """Straight lines between old frames; NaN where not observed."""
        after = np.minimum(self.before + 1, len(values) - 1)
        share = self.share.reshape(-1, *[1] * (values.ndim - 1))
        # where the new frame is an old one its neighbour may be NaN and must not matter
        mixed = np.where(share > 0, (1 - share) * values[self.before] + share * values[after], values[self.before])
        return np.where(self.observed.reshape(share.shape), mixed, np.nan)

    def nearest(self, values: Bool[np.ndarray, " old"]) -> Bool[np.ndarray, " new"]:
        """The value of the nearer old frame."""
        return values[np.minimum(self.before + (self.share > 0.5), len(values) - 1)]


def nearest_rate(timestamps_s: Float[np.ndarray, " frames"]) -> int:
    """Whole rate in Hz nearest to the median step; a single frame counts as 30 Hz."""
    if len(timestamps_s) < 2:
        return 30
    return max(1, round(1 / float(np.median(np.diff(timestamps_s)))))


def plan(
    clip_timestamps_s: Float[np.ndarray, " clip_frames"], first_frame: int, seen: Bool[np.ndarray, " old"], rate_hz: int
) -> Resampling:
    """Plan the new frames of somebody seen from `first_frame` on.

    A clip that already has the rate keeps its frames one to one; else the new frames lie at whole multiples of
    1 / rate_hz seconds, the same for everyone in the clip.
    """
    number = np.arange(len(clip_timestamps_s))
    steady_s = clip_timestamps_s[0] + number / rate_hz
    rows = slice(first_frame, first_frame + len(seen))
    if np.abs(clip_timestamps_s - steady_s).max() <= JITTER / rate_hz:
        return Resampling(rate_hz, steady_s[rows], number[: len(seen)], np.zeros(len(seen)), seen)
    old_s = clip_timestamps_s[rows]
    new_s = np.arange(np.ceil(old_s[0] * rate_hz - JITTER), np.floor(old_s[-1] * rate_hz + JITTER) + 1) / rate_hz
    return at_times(old_s, seen, new_s, rate_hz)


def at_times(
    old_s: Float[np.ndarray, " old"], seen: Bool[np.ndarray, " old"], new_s: Float[np.ndarray, " new"], rate_hz: int
) -> Resampling:
    """Plan new frames at given times of a constant rate; those outside the old frames are unseen."""
    before = np.clip(np.searchsorted(old_s, new_s + JITTER / rate_hz, side="right") - 1, 0, len(old_s) - 1)
    after = np.minimum(before + 1, len(old_s) - 1)
    step_s = old_s[after] - old_s[before]
    share = np.clip((new_s - old_s[before]) / np.where(step_s > 0, step_s, 1.0), 0, 1)
    share = np.where(np.abs(new_s - old_s[before]) <= JITTER / rate_hz, 0.0, share)
    joined = seen[before] & seen[after] & (step_s <= LONGEST_STEP_S)
    slack_s = JITTER / rate_hz
    inside = (new_s >= old_s[0] - slack_s) & (new_s <= old_s[-1] + slack_s)
    return Resampling(rate_hz, new_s, before, share, inside & np.where(share > 0, joined, seen[before]))
