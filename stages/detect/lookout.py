"""Where to look for newcomers next: at what moves, for those who were lost, at parts of the picture.

Every look costs one run of the network, whatever the size of the picture; so they take turns.
"""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from stages.detect.parts import LARGE, SMALLEST_PX, Turns, filled, parts

COARSE_PX: Final = 240
"""Pixels along the longer side in which motion is looked for."""
MOVED: Final = 20
"""Change of a pixel, of 0..255, that is motion."""
MOST_MOVED: Final = 0.3
"""Where more of the picture moves than this, the camera does."""
WIDER: Final = (3.0, 2.0)
"""A look at something that moves is so many times its size, in turn: often only an arm moves, or all of him."""
LEAST_TALL: Final = 6
"""Coarse pixels; with four that are added about what moves."""
KNOWN_WIDER: Final = 0.05
"""Share of his height by which somebody known may reach out of his box."""
LOST_WIDER: Final = 1.2
"""A look for somebody lost is this many times his region."""

Picture = UInt8[np.ndarray, "height width 3"]
Boxes = Float[np.ndarray, "people 4"]
Looks = Float[np.ndarray, "looks 4"]


@dataclass(frozen=True, eq=False)
class Lookout:
    """What was looked at so far.

    Attributes:
        coarse: the picture at the last search, in grey.
        parts: what was looked at of it; None before the first time.
        count: searches so far.
    """

    coarse: UInt8[np.ndarray, "rows columns"] | None = None
    parts: Turns | None = None
    count: int = 0


@dataclass(frozen=True, eq=False)
class Now:
    """What is known before a search.

    Attributes:
        boxes: left, top, right and bottom of everyone who is seen. Where nobody is, several parts are looked at
            instead of one: there is time.
        lost: last regions of those who were there a moment ago.
        is_turn: time for a search; otherwise only those who were lost are looked for.
    """

    picture: Picture
    time_s: float
    boxes: Boxes
    lost: Float[np.ndarray, "lost 4"]
    is_turn: bool


def at_first(picture: Picture, time_s: float = 0.0) -> tuple[Lookout, Looks]:
    """Begin with the whole picture and the squares on its short side."""
    table = _table(picture)
    turns = Turns(np.zeros(len(table), int), np.full(len(table), time_s))
    large = table[:, 3] <= LARGE
    return Lookout(coarsened(picture), turns.after(np.flatnonzero(large).tolist(), time_s), 1), _upright(table[large])


def next_looks(lookout: Lookout, now: Now) -> tuple[Lookout, Looks]:
    """Where to look now: at what moves, for those who were lost, and at the parts whose turn it is."""
    if lookout.parts is None or lookout.coarse is None:
        return at_first(now.picture, now.time_s)
    if not (now.is_turn or len(now.lost)):
        return lookout, np.zeros((0, 4))
    coarse = coarsened(now.picture)
    moved: Bool[np.ndarray, "rows columns"] = cv2.absdiff(lookout.coarse, coarse) > MOVED
    seen = replace(lookout, coarse=coarse, count=lookout.count + 1)
    scale = now.picture.shape[1] / coarse.shape[1]
    moving = _moving(moved, now.boxes / scale) * (scale, scale, scale * WIDER[lookout.count % 2])
    wanted = _wanted(moving, lookout.count, now)
    if not now.is_turn:
        return seen, _upright(wanted)
    looked = _due(seen, lookout.parts, now, spared=len(wanted) > 0)
    turns = lookout.parts.after(looked, now.time_s)
    return replace(seen, parts=turns), _upright(np.concatenate([wanted, _table(now.picture)[looked, :3]]))


def coarsened(picture: Picture) -> UInt8[np.ndarray, "rows columns"]:
    """Every n-th pixel's green."""
    step = max(1, max(picture.shape[:2]) // COARSE_PX)
    return picture[step // 2 :: step, step // 2 :: step, 1].copy()


def _wanted(moving: Float[np.ndarray, "found 3"], count: int, now: Now) -> Float[np.ndarray, "wanted 3"]:
    """A look at what moves, or for somebody lost, if nothing does."""
    if len(now.lost) and not len(moving):
        return now.lost[[count % len(now.lost)], :3] * (1, 1, LOST_WIDER)
    return np.concatenate([moving[:, :2], np.maximum(moving[:, 2:], SMALLEST_PX)], axis=1)


def _due(lookout: Lookout, turns: Turns, now: Now, *, spared: bool) -> list[int]:
    """Parts to look at; a large one every other time only where there is another look already."""
    table = _table(now.picture)
    free = ~filled(table, now.boxes)
    if not len(now.boxes):
        return turns.of_every_level(table, free)
    small = turns.small(table, free, now.time_s)
    if spared and lookout.count % 2 and not len(now.lost):
        return small
    return [*turns.least(table[:, 3] == lookout.count // 2 % (LARGE + 1)), *small]


def _table(picture: Picture) -> Float[np.ndarray, "parts 4"]:
    return np.array(parts(picture.shape[1], picture.shape[0]))


def _moving(moved: Bool[np.ndarray, "rows columns"], boxes: Boxes) -> Float[np.ndarray, "found 3"]:
    """Centre and size of the largest thing that moves and is nobody known, or none; coarse pixels."""
    if moved.mean() > MOST_MOVED:
        return np.zeros((0, 3))
    moved = moved.copy()
    for box in boxes:
        margin = KNOWN_WIDER * (box[3] - box[1])
        left, top, right, bottom = np.clip(np.round(box + margin * np.array([-1, -1, 1, 1])), 0, None).astype(int)
        moved[top:bottom, left:right] = False
    solid = cv2.dilate(moved.astype(np.uint8), np.ones((5, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(solid)
    tall = stats[1:][stats[1:, cv2.CC_STAT_HEIGHT] >= LEAST_TALL]
    if not len(tall):
        return np.zeros((0, 3))
    left, top, width, height, _ = tall[int(np.argmax(tall[:, cv2.CC_STAT_AREA]))]
    return np.array([[left + width / 2, top + height / 2, max(width, height)]])


def _upright(squares: Float[np.ndarray, "looks _"]) -> Looks:
    return np.concatenate([squares[:, :3], np.zeros((len(squares), 1))], axis=1)
