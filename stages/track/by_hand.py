"""What the user knows better: people who are one, and a person who is two."""

from collections.abc import Sequence

import numpy as np

from models.errors import InputError
from stages.track.config import Config, merged, split_at
from stages.track.pieces import Rows, Sightings


def correct(people: Sequence[Rows], all_: Sightings, config: Config) -> list[Rows]:
    """Split, then merge; where merged people were seen in one frame, the one named first counts.

    Raises:
        InputError: nobody has a number that is named, or a moment splits nothing.
    """
    found = list[Rows | None](people)
    for text in config.split:
        number, time_s = split_at(text)
        rows = _of(found, number, text)
        later = all_.time_s[rows] >= time_s
        if later.all() or not later.any():
            first_s, last_s = all_.time_s[rows[[0, -1]]]
            remedy = f"choose a second between {first_s:.2f} and {last_s:.2f}, in which this person is seen"
            raise InputError(f"{text} splits nobody", remedy)
        found[number] = rows[~later]
        found.append(rows[later])
    for text in config.merge:
        numbers = merged(text)
        together = np.concatenate([_of(found, number, text) for number in numbers])
        _, first = np.unique(all_.found.frame_index[together], return_index=True)
        for number in numbers[1:]:
            found[number] = None
        found[numbers[0]] = together[first]
    return [rows for rows in found if rows is not None]


def _of(found: Sequence[Rows | None], number: int, text: str) -> Rows:
    rows = found[number] if number < len(found) else None
    if rows is None:
        there = [index for index, one in enumerate(found) if one is not None]
        raise InputError(f"{text} names person {number}, who is not there", f"choose from {there}")
    return rows
