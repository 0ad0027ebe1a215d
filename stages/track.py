"""Who is who: sightings become people, one track each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int

from models.errors import ConfigError, InputError
from stages.contracts import Clip, Detections, Person

VERSION: Final = 1

NEAR: Final = 0.25
"""Sides of his region by which somebody may seem to jump while he is not seen, at once ..."""
SPEED: Final = 1.0
"""... and for every second: a brisk walk across the picture."""
GROWTH: Final = 1.3
"""By which factor he may seem to grow or shrink."""


@dataclass(frozen=True)
class Config:
    """Settings of the stage track."""

    min_duration_s: float = 0.5
    """Whoever was seen for less, and for less than half of the clip, is taken for an error of the detector."""
    max_gap_s: float = 0.5
    """Somebody who appears where somebody was lost less than this before is taken for him."""

    def __post_init__(self) -> None:
        for name in ("min_duration_s", "max_gap_s"):
            value: float = getattr(self, name)
            if not value >= 0:
                raise ConfigError(f"track.{name} is {value}", "choose a number that is not negative")


@dataclass(frozen=True, eq=False)
class _Piece:
    """Rows of Detections that belong to one person, in order of time."""

    rows: Int[np.ndarray, " sightings"]


def run(config: Config, clip: Clip, detections: Detections) -> tuple[Person, ...]:
    """Turn regions that were followed into people, ordered by first appearance, the larger first.

    Raises:
        InputError: nobody was seen, or nobody for long enough.
    """
    if not len(detections.frame_index):
        remedy = "choose a video that shows a whole person, well lit and not small"
        raise InputError("no person was found in any frame", remedy)
    step_s = _frame_step_s(clip)
    pieces = _join([_Piece(rows) for rows in _rows_by_region(detections)], config, clip, detections)
    clip_s = step_s * detections.frame_count
    enough_s = min(config.min_duration_s, clip_s / 2)
    kept = [piece for piece in pieces if len(piece.rows) * step_s >= enough_s]
    if not kept:
        longest_s = max(len(piece.rows) for piece in pieces) * step_s
        problem = f"nobody was seen for longer than {longest_s:.2f} s"
        raise InputError(problem, f"lower track.min_duration_s, which is {config.min_duration_s}")
    ordered = sorted(kept, key=lambda piece: (detections.frame_index[piece.rows[0]], -_size(piece, detections)))
    return tuple(_person(piece, clip, detections) for piece in ordered)


def choose(people: Sequence[Person], person: str) -> tuple[int, ...]:
    """Numbers of the people that are meant.

    Args:
        person: all, largest (most pixels times frames) or the number of one person.

    Raises:
        ConfigError: it is none of these.
        InputError: nobody has this number.
    """
    if person == "all":
        return tuple(range(len(people)))
    if person == "largest":
        return (int(np.argmax([np.nansum(one.region[:, 2] ** 2) for one in people])),)
    if not person.isdecimal():
        raise ConfigError(f"there is no person {person!r}", "choose all, largest or a number, counted from 0")
    if int(person) >= len(people):
        many = "1 person was found" if len(people) == 1 else f"{len(people)} people were found"
        raise InputError(f"there is no person {person}: {many}", f"choose a number from 0 to {len(people) - 1}")
    return (int(person),)


def _frame_step_s(clip: Clip) -> float:
    return float(np.median(np.diff(clip.timestamps_s))) if len(clip.timestamps_s) > 1 else 1.0


def _rows_by_region(detections: Detections) -> list[Int[np.ndarray, " sightings"]]:
    return [np.flatnonzero(detections.region_index == index) for index in np.unique(detections.region_index)]


def _join(pieces: list[_Piece], config: Config, clip: Clip, detections: Detections) -> list[_Piece]:
    """Join each piece to the one that ended last before it where it began, if there is one."""
    joined = list[_Piece]()
    for piece in sorted(pieces, key=lambda piece: int(detections.frame_index[piece.rows[0]])):
        before = [other for other in joined if _continues(other, piece, config, clip, detections)]
        if before:
            last = max(before, key=lambda other: int(detections.frame_index[other.rows[-1]]))
            joined[joined.index(last)] = _Piece(np.concatenate([last.rows, piece.rows]))
        else:
            joined.append(piece)
    return joined


def _continues(earlier: _Piece, later: _Piece, config: Config, clip: Clip, detections: Detections) -> bool:
    end, start = earlier.rows[-1], later.rows[0]
    gap_s = clip.timestamps_s[detections.frame_index[start]] - clip.timestamps_s[detections.frame_index[end]]
    if not 0 < gap_s <= config.max_gap_s:
        return False
    last, first = detections.region[end], detections.region[start]
    side_px = max(last[2], first[2])
    near = np.linalg.norm(first[:2] - last[:2]) <= (NEAR + SPEED * gap_s) * side_px
    return bool(near and side_px <= GROWTH * min(last[2], first[2]))


def _size(piece: _Piece, detections: Detections) -> float:
    return float(np.sum(detections.region[piece.rows, 2] ** 2))


def _person(piece: _Piece, clip: Clip, detections: Detections) -> Person:
    frames = detections.frame_index[piece.rows]
    first, count = int(frames[0]), int(frames[-1] - frames[0] + 1)
    observed = np.isin(np.arange(count), frames - first)

    def spread(values: Float[np.ndarray, "sightings ..."]) -> Float[np.ndarray, "frames ..."]:
        return _spread(values[piece.rows], observed)

    return Person(
        first_frame=first,
        timestamps_s=clip.timestamps_s[first : first + count],
        observed=observed,
        region=spread(detections.region),
        landmarks_px=spread(detections.landmarks_px),
        rough_m=spread(detections.rough_m),
        visibility=spread(detections.visibility),
        presence=spread(detections.presence),
    )


def _spread(
    values: Float[np.ndarray, "sightings ..."], observed: Bool[np.ndarray, " frames"]
) -> Float[np.ndarray, "frames ..."]:
    """Put values at the frames that were observed, NaN at the others."""
    everywhere = np.full((len(observed), *values.shape[1:]), np.nan)
    everywhere[observed] = values
    return everywhere
