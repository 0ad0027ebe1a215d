"""Joins pieces into people: the cheapest set of joins by looks, motion and place, found all at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from stages.contracts import Clip
from stages.track.config import Config
from stages.track.pieces import Rows, Sightings, unlike

ALIKE: Final = 0.2
"""Looks of one person before and after a gap seldom differ by more."""
NEAR: Final = 0.25
"""Sides of his region by which somebody may seem to jump while he is not seen, at once ..."""
SPEED: Final = 1.0
"""... and for every second: a brisk walk across the picture."""
GROWTH: Final = 1.3
"""By which factor he may seem to grow or shrink at once, and again for every second."""
MOTION_S: Final = 0.5
"""Time over which the speed before and after a gap is told ..."""
TRUST_S: Final = 1.5
"""... and how long it is believed to last."""
BORDER: Final = 0.25
"""Whoever is lost this many sides from the border of the picture may have left, and return anywhere at it."""
OVERLAP_S: Final = 0.3
"""Pieces of one person may overlap by less than this: where people cross, sightings may be another's."""
PLACE_WEIGHT: Final = 0.4
"""Share of the place in the cost of a join that is just possible; the rest is that of looks."""


@dataclass(frozen=True, eq=False)
class _End:
    """The first or last moments of a piece: where the region's centre is, its side, speed, and how he looks."""

    time_s: float
    centre_px: Float[np.ndarray, " 2"]
    side_px: float
    speed_px_s: Float[np.ndarray, " 2"]
    looks: Float[np.ndarray, " channels"]
    shot: int
    at_border: bool

    def after(self, seconds: float) -> Float[np.ndarray, " 2"]:
        """Where the centre would be; before, for negative seconds."""
        return self.centre_px + self.speed_px_s * np.clip(seconds, -TRUST_S, TRUST_S)


def join(parts: Sequence[Rows], all_: Sightings, clip: Clip, config: Config) -> list[Rows]:
    """Join pieces to those that follow them, each to one at most (Kuhn 1955), so that the whole costs least."""
    # scipy.optimize takes a tenth of a second to import, so only clips with several pieces pay.
    if len(parts) < 2:
        return list(parts)
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    parts = sorted(parts, key=lambda rows: (all_.time_s[rows[0]], all_.time_s[rows[-1]]))
    starts = [_end(rows, all_, clip, last=False) for rows in parts]
    ends = [_end(rows, all_, clip, last=True) for rows in parts]
    # Only a later piece can follow, or two that overlap would follow each other.
    cost = np.array(
        [
            [_cost(end, start, config) if column > row else np.inf for column, start in enumerate(starts)]
            for row, end in enumerate(ends)
        ]
    )
    # Whoever joins nobody costs as much as a join that is just possible.
    alone = np.where(np.eye(len(parts), dtype=bool), 1.0, 1e6)
    rows, columns = linear_sum_assignment(np.block([[np.minimum(cost, 1e6), alone]]))
    follower = {int(row): int(column) for row, column in zip(rows, columns, strict=True) if column < len(parts)}
    firsts = [index for index in range(len(parts)) if index not in follower.values()]
    return _with_what_lies_between([_chain(parts, follower, first, all_) for first in firsts], all_)


def _chain(parts: Sequence[Rows], follower: dict[int, int], first: int, all_: Sightings) -> Rows:
    """The pieces one after the other; where two overlap, the earlier one counts."""
    chain = [first]
    while chain[-1] in follower:
        chain.append(follower[chain[-1]])
    rows = np.concatenate([parts[index] for index in chain])
    return rows[np.unique(all_.found.frame_index[rows], return_index=True)[1]]


def _with_what_lies_between(people: list[Rows], all_: Sightings) -> list[Rows]:
    """Give a stretch of a region back to whom the region was before and after it: somebody covered him in between."""
    for rows in sorted(people, key=len):
        regions = np.unique(all_.found.region_index[rows])
        owner = next((other for other in people if len(regions) == 1 and _encloses(other, rows, all_)), None)
        if owner is not None:
            whole = np.sort(np.concatenate([owner, rows]))
            people = [whole if one is owner else one for one in people if one is not rows]
    return people


def _encloses(outer: Rows, inner: Rows, all_: Sightings) -> bool:
    """Whether somebody is not seen while another is, and is in the other's region before and after."""
    frame, region = all_.found.frame_index, all_.found.region_index
    same = outer[region[outer] == region[inner[0]]]
    before, after = outer[frame[outer] <= frame[inner[-1]]], outer[frame[outer] >= frame[inner[0]]]
    apart = not len(np.intersect1d(before, after))
    return bool(apart and (frame[same] < frame[inner[0]]).any() and (frame[same] > frame[inner[-1]]).any())


def _cost(end: _End, start: _End, config: Config) -> float:
    """0 for a join that is certain, 1 for one that is just possible, infinite for one that is not."""
    gap_s = start.time_s - end.time_s
    apart = unlike(end.looks, start.looks)
    if gap_s <= 0 and not np.isnan(apart):
        gap_s += OVERLAP_S
    if end.shot != start.shot or not 0 < gap_s <= (config.max_gap_s if np.isnan(apart) else config.memory_s):
        return np.inf
    side_px = max(end.side_px, start.side_px)
    returns = end.at_border and start.at_border and gap_s > config.max_gap_s
    reach_px = (NEAR + SPEED * gap_s) * side_px
    ways_px = (start.centre_px - end.centre_px, end.after(gap_s) - start.centre_px, start.after(-gap_s) - end.centre_px)
    off = min(float(np.linalg.norm(way_px)) for way_px in ways_px) / reach_px
    grown = np.log(side_px / min(end.side_px, start.side_px)) / (np.log(GROWTH) * (1 + gap_s))
    place = 1.0 if returns else max(off, grown)
    look = np.nan_to_num(apart) / ALIKE
    if place > 1 or look > 1:
        return np.inf
    return float(PLACE_WEIGHT * place + (1 - PLACE_WEIGHT) * look)


def _end(rows: Rows, all_: Sightings, clip: Clip, *, last: bool) -> _End:
    time_s, region = all_.time_s[rows], all_.found.region[rows]
    edge = -1 if last else 0
    near = np.abs(time_s - time_s[edge]) <= MOTION_S
    moments_s = time_s[near] - time_s[near].mean()
    spread = float((moments_s**2).sum())
    speed_px_s = moments_s @ region[near, :2] / spread if spread > 0 else np.zeros(2)
    side_px = float(np.median(region[near, 2]))
    centre_px = region[edge, :2]
    to_border = np.minimum(centre_px[0], clip.width_px - centre_px[0])
    return _End(
        time_s=float(time_s[edge]),
        centre_px=centre_px,
        side_px=side_px,
        speed_px_s=speed_px_s,
        looks=all_.looks(rows),
        shot=int(all_.found.shot_index[rows[0]]),
        at_border=bool(to_border < BORDER * side_px),
    )
