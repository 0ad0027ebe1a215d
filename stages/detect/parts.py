"""Parts of a picture that are searched one by one, and when each has its turn.

Large parts take turns all the time. Small ones are many; but whoever comes, moves, and what moves is looked at: so
once each was looked at, their turns become ever rarer.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int

SMALLEST_PX: Final = 200
"""No part is smaller: the network sees 224 pixels."""
SMALLEST_SHARE: Final = 0.22
"""Nor is one smaller than this share of the picture's short side."""
STEP: Final = np.array([0.7, 0.6])
"""Parts of one size lie at most this many sides apart, across and down, so that somebody fits into one of them."""
LARGE: Final = 1
"""Parts of this level and below are large: the whole picture and squares on its short side."""
SWEEP: Final = 2
"""Small parts that are looked at in a turn until each had one, ..."""
SETTLED_S: Final = 2.0
"""... the smallest from so long after the beginning on."""
PAUSE_S: Final = 8.0
"""Pause after the first look at a small part; doubled by each look ..."""
LONGEST_S: Final = 64.0
"""... up to this."""

Table = Float[np.ndarray, "parts 4"]
"""Centre x, centre y, side (pixels), level of every part."""
Free = Bool[np.ndarray, " parts"]


@cache
def parts(width_px: int, height_px: int) -> tuple[tuple[float, float, float, int], ...]:
    """Squares that cover a picture: centre x, y, side, level: 0 the whole picture, 1 its short side, then halves."""
    found = [(width_px / 2, height_px / 2, float(max(width_px, height_px)), 0)]
    side, level = float(min(width_px, height_px)), 1
    smallest_px = max(SMALLEST_PX, SMALLEST_SHARE * side)
    while side >= smallest_px:
        room = np.array([width_px, height_px]) - side
        counts = np.ceil(room / (STEP * side) - 1e-9).astype(int) + 1
        across, down = (
            np.linspace(0, far, count) if count > 1 else [far / 2] for far, count in zip(room, counts, strict=True)
        )
        found += [(float(x) + side / 2, float(y) + side / 2, side, level) for y in down for x in across]
        side, level = side / 2, level + 1
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Turns:
    """How often each part was looked at, and when it last was, or the first picture was shown."""

    looks: Int[np.ndarray, " parts"]
    seen_s: Float[np.ndarray, " parts"]

    def after(self, looked: list[int], time_s: float) -> "Turns":
        """With a look at these parts."""
        looks, seen_s = self.looks.copy(), self.seen_s.copy()
        np.add.at(looks, looked, 1)
        seen_s[looked] = time_s
        return Turns(looks, seen_s)

    def of_every_level(self, table: Table, free: Free) -> list[int]:
        """Of each level the part that was least looked at, and two more of the smallest."""
        last, turns = int(table[-1, 3]), self
        chosen = list[int]()
        for level in [*range(last + 1), last, last]:
            part = turns.least(free & (table[:, 3] == level))
            chosen += part
            turns = turns.after(part, 0.0)
        return chosen

    def least(self, among: Free) -> list[int]:
        """The part that was least looked at; none among none."""
        return [int(np.argmin(np.where(among, self.looks, np.iinfo(int).max)))] if among.any() else []

    def small(self, table: Table, free: Free, time_s: float) -> list[int]:
        """Small parts whose turn it is: the next few that were never looked at, then one whose pause is over."""
        small = free & (table[:, 3] > LARGE)
        unseen = small & (self.looks == 0)
        if unseen.any():
            due = unseen & ((table[:, 3] == LARGE + 1) | (time_s - self.seen_s >= SETTLED_S))
            return np.flatnonzero(due)[:SWEEP].tolist()
        pause_s = np.minimum(PAUSE_S * 2.0 ** (self.looks - 1), LONGEST_S)
        late_s = np.where(small, time_s - self.seen_s - pause_s, -np.inf)
        part = int(late_s.argmax())
        return [part] if late_s[part] >= 0 else []


def filled(table: Table, boxes: Float[np.ndarray, "people 4"]) -> Free:
    """Small parts that somebody known fills: nobody smaller is to be seen there."""
    full = np.zeros(len(table), bool)
    for box in boxes:
        shared = np.minimum(box[2:], table[:, :2] + table[:, 2:3] / 2) - np.maximum(
            box[:2], table[:, :2] - table[:, 2:3] / 2
        )
        full |= np.prod(np.maximum(shared, 0), axis=1) > 0.6 * table[:, 2] ** 2
    return full & (table[:, 3] > LARGE)
