"""Whom the user means: everybody, one by number, size, place or first appearance, or whoever is at a point."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from models.errors import ConfigError, InputError
from stages.contracts import Person

POINT: Final = re.compile(r"(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)@(\d+(?:\.\d+)?)")
AROUND: Final = 0.1
"""Share of his box by which a point may miss somebody."""

BY_WORD: Final[Mapping[str, Callable[[Person], float]]] = {
    "largest": lambda person: -float(np.nansum(person.region[:, 2] ** 2)),
    "first": lambda person: person.first_frame,
    "leftmost": lambda person: float(np.nanmedian(person.region[:, 0])),
    "rightmost": lambda person: -float(np.nanmedian(person.region[:, 0])),
}
"""The person for whom this is least; largest: most pixels times frames."""


def choose(people: Sequence[Person], person: str, person_at: str | None = None) -> tuple[int, ...]:
    """Numbers of the people that are meant.

    Args:
        person: all, largest, first, leftmost, rightmost or the number of one person.
        person_at: X,Y@T: whoever is at these pixels of the upright picture at this second; counts instead of person.

    Raises:
        ConfigError: it is none of these.
        InputError: nobody has this number or is at this point.
    """
    if person_at is not None:
        return (_at(people, person_at),)
    if person == "all":
        return tuple(range(len(people)))
    if person in BY_WORD:
        return (int(np.argmin([BY_WORD[person](one) for one in people])),)
    if not person.isdecimal():
        words = ", ".join(["all", *BY_WORD])
        raise ConfigError(f"there is no person {person!r}", f"choose {words} or a number, counted from 0")
    if int(person) >= len(people):
        many = "1 person was found" if len(people) == 1 else f"{len(people)} people were found"
        raise InputError(f"there is no person {person}: {many}", f"choose a number from 0 to {len(people) - 1}")
    return (int(person),)


def _at(people: Sequence[Person], text: str) -> int:
    match = POINT.fullmatch(text)
    if match is None:
        raise ConfigError(f"{text!r} names no point", "give pixels and a second, such as 320,240@1.5")
    x, y, time_s = map(float, match.groups())
    boxes = {number: box for number, one in enumerate(people) if (box := _box(one, time_s)) is not None}
    hit = [number for number, box in boxes.items() if _off(box, x, y) <= AROUND]
    if not hit:
        places = [f"person {number} at {(b[0] + b[2]) / 2:.0f},{(b[1] + b[3]) / 2:.0f}" for number, b in boxes.items()]
        remedy = f"choose a point on one of: {'; '.join(places)}" if places else "choose a second at which somebody is"
        raise InputError(f"nobody is at {x:g},{y:g} at {time_s:g} s", remedy)
    return min(hit, key=lambda number: _off(boxes[number], x, y))


def _box(person: Person, time_s: float) -> np.ndarray | None:
    """Left, top, right and bottom of his landmarks in the frame shown then, if he is seen in it."""
    frame = int(np.argmin(np.abs(person.timestamps_s - time_s)))
    # Frames of a person follow each other, so the nearest one is the one shown unless the moment lies beyond his own.
    step_s = float(np.median(np.diff(person.timestamps_s))) if len(person.timestamps_s) > 1 else 1.0
    if abs(person.timestamps_s[frame] - time_s) > step_s or not person.observed[frame]:
        return None
    landmarks_px = person.landmarks_px[frame]
    return np.concatenate([landmarks_px.min(axis=0), landmarks_px.max(axis=0)])


def _off(box: np.ndarray, x: float, y: float) -> float:
    """How far a point lies from the middle of a box beyond its half sides: below 0 inside, 0 at the rim."""
    centre, half = (box[:2] + box[2:]) / 2, np.maximum(box[2:] - box[:2], 1.0) / 2
    return float(np.abs((np.array([x, y]) - centre) / half).max() - 1) / 2
