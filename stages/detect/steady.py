"""Where a followed person's region lies at any moment: a steady line through where he was seen."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Sample:
    """One person's region as seen in one frame."""

    region_index: int
    time_s: float
    region: Float[np.ndarray, " 4"]


def steady_regions(
    samples: list[Sample], time_s: float, half_s: float, beyond_s: float
) -> dict[int, Float[np.ndarray, " 4"]]:
    """Where to look for each person at a moment, by region_index; only those who were seen on both sides of it, or
    less than `beyond_s` away on one."""
    regions = dict[int, np.ndarray]()
    for index in sorted({sample.region_index for sample in samples}):
        region = region_at([sample for sample in samples if sample.region_index == index], time_s, half_s, beyond_s)
        if region is not None:
            regions[index] = region
    return regions


def region_at(
    samples: list[Sample], time_s: float, half_s: float, beyond_s: float = 0.0
) -> Float[np.ndarray, " 4"] | None:
    """The region of one person at a moment, from his sightings within `half_s` on both sides; no lag.

    A line is fitted to centre, logarithm of the side and roll with tricube weights (Cleveland 1979). None where he
    was not seen both at or before and at or after the moment, nor less than `beyond_s` from it.
    """
    near = [sample for sample in samples if abs(sample.time_s - time_s) <= half_s]
    delta_s = np.array([sample.time_s - time_s for sample in near])
    if not (np.any(delta_s <= 0) and np.any(delta_s >= 0)) and np.abs(delta_s).min(initial=np.inf) >= beyond_s:
        return None
    regions = np.array([sample.region for sample in near])
    regions[:, 2] = np.log(regions[:, 2])
    regions[:, 3] = np.unwrap(regions[:, 3])
    # A hair wider than the window, so that samples at its rim still weigh something.
    weight = (1 - np.abs(delta_s / (1.01 * half_s)) ** 3) ** 3
    x, y, log_side, roll = _line_at_zero(delta_s, weight, regions)
    return np.array([x, y, np.exp(log_side), np.arctan2(np.sin(roll), np.cos(roll))])


def _line_at_zero(
    x: Float[np.ndarray, " samples"], weight: Float[np.ndarray, " samples"], y: Float[np.ndarray, "samples values"]
) -> Float[np.ndarray, " values"]:
    mean_x = np.average(x, weights=weight)
    mean_y = np.average(y, axis=0, weights=weight)
    variance = np.average((x - mean_x) ** 2, weights=weight)
    if variance == 0.0:
        return mean_y
    slope = np.average((x - mean_x)[:, None] * (y - mean_y), axis=0, weights=weight) / variance
    return mean_y - slope * mean_x
