"""Where to look for newcomers next: the whole picture, parts of it that make small people large, and what moves.

Every moment of search costs one run of the network, whatever the size of the picture; so parts take turns.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

SMALLEST_PX: Final = 200
"""No part is smaller: the network sees 224 pixels."""
STEP: Final = np.array([0.7, 0.6])
"""Parts of one size lie at most this many sides apart, across and down, so that somebody fits into one of them."""
COARSE_PX: Final = 240
"""Pixels along the longer side in which motion is looked for."""
MOVED: Final = 20
"""Change of a pixel, of 0..255, that is motion."""
MOST_MOVED: Final = 0.3
"""Where more of the picture moves than this, the camera does."""
WIDER: Final = 3.0
"""A look at something that moves is this many times its size: often only an arm moves."""
LEAST_TALL: Final = 6
"""Coarse pixels; with four that are added about what moves."""
KNOWN_WIDER: Final = 0.05
"""Share of his height by which somebody known may reach out of his box."""
LOST_WIDER: Final = 1.2
"""A look for somebody lost is this many times his region."""


@dataclass(frozen=True, eq=False)
class Lookout:
    """What was looked at so far.

    Attributes:
        coarse: the picture at the last search, in grey.
        looks: how often each part was looked at; empty before the first time.
        turns: searches so far.
    """

    coarse: UInt8[np.ndarray, "rows columns"] | None = None
    looks: Int[np.ndarray, " parts"] | None = None
    turns: int = 0


@cache
def parts(width_px: int, height_px: int) -> tuple[tuple[float, float, float, int], ...]:
    """Squares that cover a picture: centre x, y, side, level: 0 the whole picture, 1 its short side, then halves."""
    found = [(width_px / 2, height_px / 2, float(max(width_px, height_px)), 0)]
    side, level = float(min(width_px, height_px)), 1
    while side >= SMALLEST_PX:
        room = np.array([width_px, height_px]) - side
        counts = np.ceil(room / (STEP * side) - 1e-9).astype(int) + 1
        across, down = (
            np.linspace(0, far, count) if count > 1 else [far / 2] for far, count in zip(room, counts, strict=True)
        )
        found += [(float(x) + side / 2, float(y) + side / 2, side, level) for y in down for x in across]
        side, level = side / 2, level + 1
    return tuple(found)


def at_first(picture: UInt8[np.ndarray, "height width 3"]) -> tuple[Lookout, Float[np.ndarray, "looks 4"]]:
    """Begin with the whole picture and the squares on its short side."""
    table = np.array(parts(picture.shape[1], picture.shape[0]))
    chosen = table[:, 3] <= 1
    return Lookout(coarsened(picture), chosen.astype(int), 1), _upright(table[chosen])


def next_looks(
    lookout: Lookout,
    picture: UInt8[np.ndarray, "height width 3"],
    boxes: Float[np.ndarray, "people 4"],
    lost: Float[np.ndarray, "lost 4"],
    *,
    is_turn: bool,
) -> tuple[Lookout, Float[np.ndarray, "looks 4"]]:
    """Where to look now: at what moves, for those who were lost, and at the parts whose turn it is.

    Args:
        boxes: left, top, right and bottom of everyone who is seen. Where nobody is, several parts are looked at
            instead of one: there is time.
        lost: last regions of those who were there a moment ago.
        is_turn: time for a search; otherwise only those who were lost are looked for.
    """
    if lookout.looks is None or lookout.coarse is None:
        return at_first(picture)
    if not (is_turn or len(lost)):
        return lookout, np.zeros((0, 4))
    coarse = coarsened(picture)
    scale = picture.shape[1] / coarse.shape[1]
    moving = _moving(lookout.coarse, coarse, boxes / scale) * (scale, scale, scale)
    moving[:, 2] = np.maximum(moving[:, 2], SMALLEST_PX)
    wanted = moving if len(lost) or lookout.turns % 2 or not len(boxes) else moving[:0]
    if len(lost) and not len(moving):
        wanted = lost[[lookout.turns % len(lost)], :3] * (1, 1, LOST_WIDER)
    seen = replace(lookout, coarse=coarse, turns=lookout.turns + 1)
    if not is_turn or (len(wanted) and len(boxes) and not len(lost)):
        return seen, _upright(wanted)
    looks, due = _due(lookout, picture, boxes)
    return replace(seen, looks=looks), _upright(np.concatenate([wanted, due]))


def coarsened(picture: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "rows columns"]:
    """Every n-th pixel's green."""
    step = max(1, max(picture.shape[:2]) // COARSE_PX)
    return picture[step // 2 :: step, step // 2 :: step, 1].copy()


def _due(
    lookout: Lookout, picture: UInt8[np.ndarray, "height width 3"], boxes: Float[np.ndarray, "people 4"]
) -> tuple[Int[np.ndarray, " parts"], Float[np.ndarray, "due 3"]]:
    """Looks at every part with those that follow now, and where these are: of each level the part least looked at."""
    table = np.array(parts(picture.shape[1], picture.shape[0]))
    last = int(table[-1, 3])
    levels = [lookout.turns // 2 % (last + 1)] if len(boxes) else [*range(last + 1), last, last]
    looks = np.array(lookout.looks)
    filled, chosen = _filled(table, boxes), list[int]()
    for level in levels:
        part = int(np.argmin(np.where((table[:, 3] == level) & ~filled, looks, np.iinfo(int).max)))
        looks[part] += 1
        chosen.append(part)
    return looks, table[chosen, :3]


def _moving(
    before: UInt8[np.ndarray, "rows columns"],
    now: UInt8[np.ndarray, "rows columns"],
    boxes: Float[np.ndarray, "people 4"],
) -> Float[np.ndarray, "found 3"]:
    """Centre and side of a square about the largest thing that moves and is nobody known, or none; coarse pixels."""
    moved: Bool[np.ndarray, "rows columns"] = cv2.absdiff(before, now) > MOVED
    if moved.mean() > MOST_MOVED:
        return np.zeros((0, 3))
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
    return np.array([[left + width / 2, top + height / 2, WIDER * max(width, height)]])


def _filled(table: Float[np.ndarray, "parts 4"], boxes: Float[np.ndarray, "people 4"]) -> Bool[np.ndarray, " parts"]:
    """Parts, the whole picture aside, that somebody known fills: nobody smaller is to be seen there."""
    filled = np.zeros(len(table), bool)
    for box in boxes:
        shared = np.minimum(box[2:], table[:, :2] + table[:, 2:3] / 2) - np.maximum(
            box[:2], table[:, :2] - table[:, 2:3] / 2
        )
        filled |= np.prod(np.maximum(shared, 0), axis=1) > 0.6 * table[:, 2] ** 2
    return filled & (table[:, 3] > 1)


def _upright(squares: Float[np.ndarray, "looks _"]) -> Float[np.ndarray, "looks 4"]:
    return np.concatenate([squares[:, :3], np.zeros((len(squares), 1))], axis=1)
