"""Who in one camera's pictures is who in another's, and how their clocks differ: by how well the rays agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models.cameras.calibration import CalibratedCamera
from models.cameras.epipolar import distance_px

WORST: Final = 0.25
"""Distances count up to this share of the person's size on the picture: one lost limb is not another person."""
SAME: Final = 0.05
"""Mean distance, as a share of the size, up to which two tracks are one person. The landmarks of one person miss each
other by 0.01 to 0.02; those of another by what the two stand apart."""
COARSE_S: Final = 1 / 30
FINE_S: Final = 1 / 240
LONGEST_STEP_S: Final = 0.2
"""Frames farther apart than this are not joined by a straight line."""
LEAST_COMMON: Final = 5
"""Common moments that two tracks need to be compared."""
MOST_COMMON: Final = 120
"""Moments that are compared at most, evenly spread."""
OVERLAP_S: Final = 0.2
"""Two tracks of one camera that are longer than this beside each other are two people."""
WORTHWHILE: Final = 0.1
"""Share of the distance that an offset has to take away, or the clocks are believed."""
DEEP: Final = 0.8
"""Share of the usual distance of all offsets that the best one has to fall below: where all are alike nobody moves."""


@dataclass(frozen=True, eq=False)
class Track:
    """One person as one camera saw him.

    Attributes:
        camera: index of the camera.
        pixels: without distortion; NaN where not seen.
        confidence: 0..1.
        size_px: the person's height on the picture, about.
    """

    camera: int
    timestamps_s: Float[np.ndarray, " frames"]
    pixels: Float[np.ndarray, "frames points 2"]
    confidence: Float[np.ndarray, "frames points"]
    size_px: float

    def at(self, times_s: Float[np.ndarray, " moments"]) -> tuple[np.ndarray, np.ndarray]:
        """Pixels and confidence at other times; NaN and 0 where nothing was seen."""
        after = np.clip(np.searchsorted(self.timestamps_s, times_s), 1, max(len(self.timestamps_s) - 1, 1))
        before = after - 1
        after = np.minimum(after, len(self.timestamps_s) - 1)
        step_s = np.maximum(self.timestamps_s[after] - self.timestamps_s[before], 1e-9)
        share = (times_s - self.timestamps_s[before]) / step_s
        known = (share >= -1e-6) & (share <= 1 + 1e-6) & (step_s <= LONGEST_STEP_S)
        mix = np.clip(share, 0, 1)
        pixels = (1 - mix)[:, None, None] * self.pixels[before] + mix[:, None, None] * self.pixels[after]
        worth = np.minimum(self.confidence[before], self.confidence[after])
        known = known & np.isfinite(pixels).all(axis=(1, 2))
        return np.where(known[:, None, None], pixels, np.nan), np.where(known[:, None], worth, 0.0)


def disagreement(first: Track, second: Track, lead_s: float, cameras: Sequence[CalibratedCamera]) -> tuple[float, int]:
    """Mean distance of the rays as a share of the person's size, and how many moments it is the mean of.

    Args:
        lead_s: what the second camera's clock shows when the first one's shows 0.
    """
    times_s = first.timestamps_s
    inside = (times_s + lead_s >= second.timestamps_s[0]) & (times_s + lead_s <= second.timestamps_s[-1])
    rows = np.flatnonzero(inside)
    if len(rows) < LEAST_COMMON:
        return WORST, 0
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_COMMON)).round().astype(int)]
    pixels, worth = second.at(times_s[rows] + lead_s)
    miss_px = np.abs(distance_px(first.pixels[rows], pixels, cameras[first.camera], cameras[second.camera]))
    miss = np.minimum(miss_px / np.sqrt(first.size_px * second.size_px), WORST)
    weight = np.where(np.isfinite(miss), first.confidence[rows] * worth, 0.0)
    if (weight.sum(axis=1) > 0).sum() < LEAST_COMMON:
        return WORST, 0
    return float((np.nan_to_num(miss) * weight).sum() / weight.sum()), len(rows)


def find_lead_s(
    first: Sequence[Track], second: Sequence[Track], cameras: Sequence[CalibratedCamera], most_s: float
) -> float:
    """What the clock of the second camera shows when that of the first shows 0, to a fraction of a frame.

    Zero where no other value brings the rays clearly nearer to each other: somebody who stands still tells no time.
    """
    if most_s <= 0:
        return 0.0

    def cost(lead_s: float) -> float:
        return _best_matches(first, second, lead_s, cameras)

    steps, width = int(most_s / COARSE_S), int(COARSE_S / FINE_S)
    coarse = {index * COARSE_S: cost(index * COARSE_S) for index in range(-steps, steps + 1)}
    fine = {near: cost(near) for near in min(coarse, key=coarse.__getitem__) + FINE_S * np.arange(-width, width + 1)}
    found = min(fine, key=fine.__getitem__)
    usual = float(np.median([value for value in coarse.values() if value < WORST] or [0.0]))
    return float(found) if fine[found] < min((1 - WORTHWHILE) * coarse[0.0], DEEP * usual) else 0.0


def _best_matches(
    first: Sequence[Track], second: Sequence[Track], lead_s: float, cameras: Sequence[CalibratedCamera]
) -> float:
    total, moments = 0.0, 0
    for track in first:
        for miss, count in sorted(disagreement(track, other, lead_s, cameras) for other in second)[:1]:
            total += miss * count
            moments += count
    # a few moments that happen to agree are no match
    most = min(sum(min(len(track.timestamps_s), MOST_COMMON) for track in side) for side in (first, second))
    return total / moments if moments > most / 2 else WORST


def match(tracks: Sequence[Track], lead_s: Sequence[float], cameras: Sequence[CalibratedCamera]) -> list[list[int]]:
    """Groups of tracks that are one person, seen by two cameras or more; a camera may have lost and found him.

    Args:
        lead_s: of every camera's clock against one that all share.
    """
    pairs = list[tuple[float, int, int]]()
    for a, b in combinations(range(len(tracks)), 2):
        first, second = tracks[a], tracks[b]
        if first.camera != second.camera:
            apart_s = lead_s[second.camera] - lead_s[first.camera]
            miss, count = disagreement(first, second, apart_s, cameras)
            if count and miss < SAME:
                pairs.append((miss, a, b))
    group = {index: [index] for index in range(len(tracks))}
    for _, a, b in sorted(pairs):
        if group[a] is not group[b] and _can_be_one(tracks, group[a] + group[b]):
            merged = sorted(group[a] + group[b])
            group.update(dict.fromkeys(merged, merged))
    groups = {id(members): members for members in group.values()}.values()
    return sorted(
        (members for members in groups if len({tracks[index].camera for index in members}) > 1),
        key=lambda members: members[0],
    )


def _can_be_one(tracks: Sequence[Track], members: Sequence[int]) -> bool:
    """Whether no camera saw two of them for long at the same time."""
    for a, b in combinations(members, 2):
        first, second = tracks[a], tracks[b]
        if first.camera == second.camera:
            begin = max(first.timestamps_s[0], second.timestamps_s[0])
            end = min(first.timestamps_s[-1], second.timestamps_s[-1])
            if end - begin > OVERLAP_S:
                return False
    return True


def joined(tracks: Sequence[Track], at_s: Float[np.ndarray, " moments"]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and confidence of one person in one camera at given times, whichever of his tracks holds them."""
    pixels, worth = tracks[0].at(at_s)
    for track in tracks[1:]:
        more_px, more = track.at(at_s)
        here: Bool[np.ndarray, " moments"] = more.sum(axis=1) > worth.sum(axis=1)
        pixels = np.where(here[:, None, None], more_px, pixels)
        worth = np.where(here[:, None], more, worth)
    return pixels, worth
