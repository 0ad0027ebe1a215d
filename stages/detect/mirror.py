"""Half of the network's error changes sign with the mirror image: frames are read as they are and mirrored, in turn.

Every reading is averaged with what the neighbouring ones of the other kind say about its moment: one reading of each
frame then serves as well as two, and shakes less.
"""

from collections.abc import Iterator
from dataclasses import replace
from enum import IntEnum
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int

from models.skeletons import LANDMARK_MIRROR
from stages.detect.reading import PARTS, Reading

BRIDGE_S: Final = 0.15
"""Readings farther apart than this say nothing about each other, nor about what lies between them."""
SLOW_S: Final = 0.055
"""Where frames lie farther apart than this, each is read both ways."""

REGION_M: Final = 2.5
"""About the width of a region."""

Values = Float[np.ndarray, "rows 33 7"]
"""Of every landmark: x and y in pixels, x, y and z in metres, visibility, presence."""
Times = Float[np.ndarray, " rows"]
Regions = Float[np.ndarray, "rows 4"]
Rows = Int[np.ndarray, "_"]


class Way(IntEnum):
    """How a frame is read."""

    SKIPPED = 0
    PLAIN = 1
    MIRRORED = 2
    BOTH = 3


def ways(timestamps_s: Float[np.ndarray, " frames"], skip_rate_hz: float, *, mirrored: bool) -> list[Way]:
    """How each frame is read: plain and mirrored in turn; of more than `skip_rate_hz` frames a second every other
    one; the last always."""
    step_s = float(np.median(np.diff(timestamps_s))) if len(timestamps_s) > 1 else np.inf
    step = 2 if step_s < 1 / skip_rate_hz else 1
    both = (Way.PLAIN, Way.MIRRORED) if step_s < SLOW_S else (Way.BOTH, Way.BOTH)
    turns = both if mirrored else (Way.PLAIN, Way.PLAIN)
    last = len(timestamps_s) - 1
    return [
        turns[index // step % 2] if index % step == 0 or index == last else Way.SKIPPED for index in range(last + 1)
    ]


def both_ways(reading: Reading, region: Regions, way: Rows, time_s: Times, person: Rows) -> Reading:
    """What readings would be if each had been made both ways; rows of one person are in order of time.

    The network exchanges left and right now and then, often in one of both ways only. Mirrored readings are given the
    sides of the plain ones beside them; where plain ones exchange theirs, nothing is carried from one to the other.
    """
    values = _values(reading)
    for rows in _stretches(time_s, person):
        plain, mirrored = rows[way[rows] == Way.PLAIN], rows[way[rows] == Way.MIRRORED]
        if not (len(plain) and len(mirrored)):
            continue
        for some, others in _of_one_side(values, region[:, 2], plain, mirrored):
            alike = _between(time_s[some], values[some], time_s[others])
            values[others] = with_sides_of(alike, values[others], region[others, 2])
            both = np.concatenate([some, others])
            half = _half_difference(values, time_s, some, others)
            if half is not None:
                sign = np.where(way[both] == Way.PLAIN, 1.0, -1.0)[:, None, None]
                values[both] += sign * _between(time_s[half[0]], half[1], time_s[both])
    return _reading(values, reading)


def filled(
    reading: Reading,
    region: Regions,
    time_s: Times,
    person: Rows,
    at_s: Float[np.ndarray, " wanted"],
    whose: Int[np.ndarray, " wanted"],
) -> tuple[Bool[np.ndarray, " wanted"], Int[np.ndarray, " found"], Reading]:
    """Readings at moments that were skipped, on a line between that person's readings before and after.

    Returns:
        For which of the wanted moments there are both, the rows of the readings before them, and what lies between.
    """
    found, before, after = np.zeros(len(at_s), bool), np.zeros(len(at_s), np.intp), np.zeros(len(at_s), np.intp)
    for one in np.unique(whose):
        rows, wanted = np.flatnonzero(person == one), np.flatnonzero(whose == one)
        place = np.searchsorted(time_s[rows], at_s[wanted])
        inside = (place > 0) & (place < len(rows))
        wanted, place = wanted[inside], place[inside]
        before[wanted], after[wanted] = rows[place - 1], rows[place]
        found[wanted] = time_s[after[wanted]] - time_s[before[wanted]] < BRIDGE_S
    before, after = before[found], after[found]
    share = (at_s[found] - time_s[before]) / (time_s[after] - time_s[before])
    values, score = _values(reading), reading.score
    # Half way between two beliefs about left and right lies nobody.
    torn = contradict(values[before], values[after], region[before, 2]).any(axis=1)
    share = np.where(torn, np.round(share), share)
    lines = values[before] + share[:, None, None] * (values[after] - values[before])
    between = _reading(lines, reading.at(before))
    return found, before, replace(between, score=score[before] + share * (score[after] - score[before]))


def contradict(one: Values, other: Values, side_px: Float[np.ndarray, " rows"]) -> Bool[np.ndarray, "rows parts"]:
    """Whether the other agrees better with left and right exchanged, for face, arms and legs."""
    exchanged = other[:, list(LANDMARK_MIRROR)]
    return np.stack(
        [_apart_m(one, exchanged, part, side_px) < _apart_m(one, other, part, side_px) for part in PARTS], 1
    )


def with_sides_of(one: Values, other: Values, side_px: Float[np.ndarray, " rows"]) -> Values:
    """The other with left and right exchanged in each part of the body that agrees better with the one so."""
    swap = contradict(one, other, side_px)
    mended, exchanged = other.copy(), other[:, list(LANDMARK_MIRROR)]
    for index, part in enumerate(PARTS):
        mended[swap[:, index], part] = exchanged[swap[:, index], part]
    return mended


def _apart_m(
    one: Values, other: Values, part: slice, side_px: Float[np.ndarray, " rows"]
) -> Float[np.ndarray, " rows"]:
    """Mean distance over a part of the body: in the picture, where a region is so wide, and in the rough metres."""
    there_px = np.linalg.norm(one[:, part, :2] - other[:, part, :2], axis=-1).mean(axis=1)
    return there_px / side_px * REGION_M + np.linalg.norm(one[:, part, 2:5] - other[:, part, 2:5], axis=-1).mean(axis=1)


def _of_one_side(
    values: Values, side_px: Float[np.ndarray, " rows"], plain: Rows, mirrored: Rows
) -> Iterator[tuple[Rows, Rows]]:
    """Plain readings among which no part changes its sides, and the mirrored ones beside them."""
    changes = contradict(values[plain[:-1]], values[plain[1:]], side_px[plain[1:]])[:, 1:].any(axis=1)
    places = np.flatnonzero(changes) + 1
    firsts = plain[places]
    of = np.searchsorted(firsts, mirrored, side="right")
    for index, some in enumerate(np.split(plain, places)):
        others = mirrored[of == index]
        if len(others):
            yield some, others


def _half_difference(
    values: Values, time_s: Times, plain: Rows, mirrored: Rows
) -> tuple[Rows, Float[np.ndarray, "some 33 7"]] | None:
    """Half of mirrored less plain at the readings that lie between two of the other kind; None where none does."""
    ends = max(time_s[plain[0]], time_s[mirrored[0]]), min(time_s[plain[-1]], time_s[mirrored[-1]])
    rows = np.sort(np.concatenate([plain, mirrored]))
    rows = rows[(time_s[rows] >= ends[0]) & (time_s[rows] <= ends[1])]
    if not len(rows):
        return None
    as_plain = _between(time_s[plain], values[plain], time_s[rows])
    as_mirrored = _between(time_s[mirrored], values[mirrored], time_s[rows])
    return rows, (as_mirrored - as_plain) / 2


def _stretches(time_s: Times, person: Rows) -> Iterator[Rows]:
    """Rows of one person without a long gap."""
    for one in np.unique(person):
        rows = np.flatnonzero(person == one)
        yield from np.split(rows, np.flatnonzero(np.diff(time_s[rows]) > BRIDGE_S) + 1)


def _between(known_s: Times, known: Values, at_s: Float[np.ndarray, " wanted"]) -> Float[np.ndarray, "wanted 33 7"]:
    """On a line between the known moments about each wanted one; the nearest beyond them."""
    after = np.clip(np.searchsorted(known_s, at_s), 1, max(len(known_s) - 1, 1))
    before, after = after - 1, np.minimum(after, len(known_s) - 1)
    gap_s = np.where(after > before, known_s[after] - known_s[before], 1.0)
    share = np.clip((at_s - known_s[before]) / gap_s, 0.0, 1.0)[:, None, None]
    return known[before] + share * (known[after] - known[before])


def _values(reading: Reading) -> Values:
    seen = np.stack([reading.visibility, reading.presence], axis=-1)
    return np.concatenate([reading.landmarks_px, reading.rough_m, seen], axis=-1)


def _reading(values: Values, like: Reading) -> Reading:
    seen = np.clip(values[..., 5:], 0.0, 1.0)
    points = {"landmarks_px": values[..., :2], "rough_m": values[..., 2:5]}
    return replace(like, **points, visibility=seen[..., 0], presence=seen[..., 1])
