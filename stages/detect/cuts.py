"""Where a film cuts to another view: the whole picture changes at once and stays changed."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

import numpy as np
from jaxtyping import Float, UInt8

GRID: Final = (18, 32)
"""Rows and columns of the points at which pictures are compared; every one is the mean of some pixels."""
PIXELS: Final = 4
"""Pixels along each axis that a point is the mean of."""
CHANGE: Final = 14.0
"""Mean change, of 0..255, below which nothing was cut: people who pass before the camera stay below it."""
LEAP: Final = 4.0
"""A cut changes the picture this many times more than the frames before and after it change on their own."""
MEMORY: Final = 6
"""Frames whose change is remembered."""

Item = TypeVar("Item")


def outline(picture: UInt8[np.ndarray, "height width 3"]) -> Float[np.ndarray, "rows columns 3"]:
    """The picture as a few coarse points."""
    rows, columns = (
        np.minimum((np.arange(count * PIXELS) + 0.5) * side / (count * PIXELS), side - 1).astype(np.intp)
        for count, side in zip(GRID, picture.shape[:2], strict=True)
    )
    fine = picture[rows[:, None], columns].astype(np.float64)
    return fine.reshape(GRID[0], PIXELS, GRID[1], PIXELS, 3).mean(axis=(1, 3))


def shots(frames: Iterable[tuple[Item, UInt8[np.ndarray, "height width 3"]]]) -> Iterator[tuple[Item, int, bool]]:
    """Count the cuts before each frame, from 0; the flag says that it is the last one before the next cut.

    A flash is no cut: the frame after it looks like the one before it. Looks two frames ahead.
    """
    waiting = deque[tuple[Item, np.ndarray]]()
    past = deque[float](maxlen=MEMORY)
    shot = 0

    def is_cut() -> bool:
        (_, before), (_, after), *rest = waiting
        change = _apart(before, after)
        beyond = [_apart(before, other) for _, other in rest]
        calm = max([*past, *(_apart(after, other) for _, other in rest)], default=0.0)
        past.append(change)
        return min([change, *beyond]) > max(CHANGE, LEAP * calm)

    for item, picture in frames:
        waiting.append((item, outline(picture)))
        if len(waiting) == 3:
            cut = is_cut()
            yield waiting.popleft()[0], shot, cut
            shot += cut
            past = deque(maxlen=MEMORY) if cut else past
    while waiting:
        cut = len(waiting) > 1 and is_cut()
        yield waiting.popleft()[0], shot, cut
        shot += cut


def _apart(one: Float[np.ndarray, "rows columns 3"], other: Float[np.ndarray, "rows columns 3"]) -> float:
    return float(np.abs(one - other).mean())
