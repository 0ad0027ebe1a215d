"""Carries what mirror images put right over to the frames whose mirror image was not read."""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.detect.reading import Reading


def carry_over(
    plain: Reading,
    mean: Reading,
    *,
    has_mean: Bool[np.ndarray, " sightings"],
    time_s: Float[np.ndarray, " sightings"],
    person: Int[np.ndarray, " sightings"],
) -> Reading:
    """Give every sighting of a person the correction of his neighbouring sightings that were read twice.

    Half of the network's error changes sign with the mirror image and hardly changes from frame to frame, so its
    correction (mean - plain) is a line between two sightings in time. The rows of one person are in order of time.
    """
    landmarks_px, rough_m = mean.landmarks_px.copy(), mean.rough_m.copy()
    for index in np.unique(person):
        known = np.flatnonzero((person == index) & has_mean)
        wanted = np.flatnonzero((person == index) & ~has_mean)
        if len(known) and len(wanted):
            before, after, share = _neighbours(time_s[known], time_s[wanted])
            for target, change in (
                (landmarks_px, mean.landmarks_px - plain.landmarks_px),
                (rough_m, mean.rough_m - plain.rough_m),
            ):
                target[wanted] += (1 - share) * change[known[before]] + share * change[known[after]]
    return replace(mean, landmarks_px=landmarks_px, rough_m=rough_m)


def _neighbours(
    known_s: Float[np.ndarray, " known"], wanted_s: Float[np.ndarray, " wanted"]
) -> tuple[Int[np.ndarray, " wanted"], Int[np.ndarray, " wanted"], Float[np.ndarray, "wanted 1 1"]]:
    """Indices of the known moments before and after each wanted one, and the share of the later."""
    before = np.maximum(np.searchsorted(known_s, wanted_s) - 1, 0)
    after = np.minimum(before + 1, len(known_s) - 1)
    gap_s = np.where(after > before, known_s[after] - known_s[before], 1.0)
    share = np.clip((wanted_s - known_s[before]) / gap_s, 0.0, 1.0)
    return before, after, share[:, None, None]
