"""Pieces of people: sightings that were followed without a break, and what joins one piece to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from stages.contracts import Clip, Detections

BREAK_S: Final = 0.25
"""A gap longer than this ends a piece; whoever is seen after it must look like whoever was seen before."""
WINDOW: Final = 30
"""Sightings before and after a moment whose looks are compared ..."""
LEAST: Final = 6
"""... and how many there must be."""
STRIDE: Final = 3
"""Sightings from one moment to the next at which that is done."""
OTHER_LOOK: Final = 0.12
"""Looks that change by more than this may be another's; the pieces are joined again unless they fit others better."""
LIKE_OTHER: Final = 0.5
"""Somebody else is as unlike one of the sides as this share of what the sides are unlike each other, or less."""
FEW: Final = 3
"""Fewer sightings than this on their own are an error of the detector."""
TWICE: Final = 0.05
"""Two sightings in one frame whose landmarks differ by less than this many sides (median) show one person."""


@dataclass(frozen=True, eq=False)
class Sightings:
    """All sightings, and when each was; rows as in Detections."""

    found: Detections
    time_s: Float[np.ndarray, " sightings"]

    @staticmethod
    def of(clip: Clip, found: Detections) -> "Sightings":
        """Those of a clip."""
        return Sightings(found, clip.timestamps_s[found.frame_index])

    def looks(self, rows: Int[np.ndarray, " some"]) -> Float[np.ndarray, " channels"]:
        """Median of the looks in these rows; NaN where none is known."""
        seen = self.found.appearance[rows]
        known = ~np.isnan(seen).all(axis=0)
        looks = np.full(seen.shape[1], np.nan)
        looks[known] = np.nanmedian(seen[:, known], axis=0)
        return looks


Looks = Float[np.ndarray, " channels"]
Rows = Int[np.ndarray, "_"]
"""Rows of Detections that belong to one person, in order of time."""


def unlike(one: Looks, other: Looks) -> float:
    """Mean difference over the channels that both know; NaN where there is none."""
    apart = np.abs(one - other)
    known = ~np.isnan(apart)
    return float(apart[known].mean()) if known.any() else float("nan")


def pieces(all_: Sightings) -> list[Rows]:
    """Sightings of one region without a break; a cut of the film, a gap and a change of looks are breaks.

    Pieces of very few sightings are left out where there are others.
    """
    found = all_.found
    key = np.stack([found.shot_index, found.region_index], axis=1)
    whole = [np.flatnonzero((key == one).all(axis=1)) for one in np.unique(key, axis=0)]
    unbroken = [part for rows in whole for part in np.split(rows, _gaps(all_, rows))]
    looks = [all_.looks(rows) for rows in unbroken]
    split = list[Rows]()
    for rows in unbroken:
        mine = key[rows[0]]
        others = [
            look
            for other, look in zip(unbroken, looks, strict=True)
            if key[other[0], 0] == mine[0] and key[other[0], 1] != mine[1]
        ]
        split += _of_one_look(all_, rows, others)
    parts = _without_twins(split, all_)
    return [rows for rows in parts if len(rows) >= FEW] or parts


def _gaps(all_: Sightings, rows: Rows) -> Int[np.ndarray, "_"]:
    return np.flatnonzero(np.diff(all_.time_s[rows]) > BREAK_S) + 1


def _of_one_look(all_: Sightings, rows: Rows, others: Sequence[Looks]) -> list[Rows]:
    """Split where the looks on both sides differ most, if somebody else looks like one of the sides.

    Somebody alone may change as he likes: he turns, or the light does.
    """
    if not others:
        return [rows]
    places = range(LEAST, len(rows) - LEAST + 1, STRIDE)
    sides = [(rows[max(0, place - WINDOW) : place], rows[place : place + WINDOW]) for place in places]
    looks = [(all_.looks(before), all_.looks(after)) for before, after in sides]
    change = np.array([np.nan_to_num(unlike(*both)) for both in looks])
    if change.max(initial=0.0) <= OTHER_LOOK:
        return [rows]
    worst = int(change.argmax())
    nearest = min(np.nan_to_num(unlike(look, side), nan=np.inf) for look in others for side in looks[worst])
    if nearest > LIKE_OTHER * change[worst]:
        return [rows]
    start = max(0, places[worst] - WINDOW)
    near = all_.found.appearance[rows[start : places[worst] + WINDOW]]
    # Where as many as can be look like those on their own side.
    nearer = np.cumsum([_nearer(look, *looks[worst]) for look in near])
    possible = range(max(LEAST, start + 1), min(len(rows) - LEAST, start + len(near)) + 1)
    place = max(possible, key=lambda place: nearer[place - start - 1])
    return [*_of_one_look(all_, rows[:place], others), *_of_one_look(all_, rows[place:], others)]


def _nearer(look: Looks, one: Looks, other: Looks) -> int:
    """1 where the look is more like the one, -1 where it is more like the other, 0 where it cannot be told."""
    apart = np.nan_to_num(unlike(look, other) - unlike(look, one))
    return int(np.sign(apart))


def _without_twins(parts: Sequence[Rows], all_: Sightings) -> list[Rows]:
    """Drop sightings of somebody who is in a longer piece already."""
    kept = list[Rows]()
    for rows in sorted(parts, key=len, reverse=True):
        twin = np.zeros(len(rows), bool)
        for other in kept:
            _, mine, his = np.intersect1d(
                all_.found.frame_index[rows], all_.found.frame_index[other], assume_unique=True, return_indices=True
            )
            apart_px = np.linalg.norm(
                all_.found.landmarks_px[rows[mine]] - all_.found.landmarks_px[other[his]], axis=-1
            )
            twin[mine] |= np.median(apart_px, axis=-1) < TWICE * all_.found.region[rows[mine], 2]
        if not twin.all():
            kept.append(rows[~twin])
    return kept
