"""Gathers people's keypoints frame by frame: who is who by the file's numbers, or by who lies nearest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from models.errors import InputError
from models.readers.given import MAX_FRAMES, MAX_PEOPLE, PicturePoints, Said
from models.readers.names import by_count, spread

REACH: Final = 0.5
"""Somebody is the same in the next frame when his points moved by less than this share of his size."""
FORGOTTEN: Final = 30
"""Frames after which somebody who was not seen is another person."""


@dataclass(frozen=True, eq=False)
class Sighting:
    """One person in one frame, as the file has him.

    Attributes:
        frame: its number, from 0.
        who: the file's number of the person; None where it numbers nobody.
        points: x, y and confidence.
    """

    frame: int
    who: int | None
    points: Float[np.ndarray, "points 3"]


def people_of(name: str, sightings: Sequence[Sighting], said: Said) -> tuple[PicturePoints, ...]:
    """Everybody, the longest seen first.

    Raises:
        InputError: there is nobody, points change their number, or coordinates are no pixels.
    """
    seen = [each for each in sightings if (each.points[:, 2] > 0).any()]
    if not seen:
        raise InputError(f"{name} shows nobody", "hand in a file with somebody in it")
    counts = {len(each.points) for each in seen}
    if len(counts) > 1:
        raise InputError(f"{name} mixes sets of {sorted(counts)} points", "write one set")
    if max(each.frame for each in seen) >= MAX_FRAMES:
        raise InputError(f"{name} has more than {MAX_FRAMES} frames", "cut it into shorter clips")
    _require_pixels(name, seen)
    layout = by_count(name, counts.pop(), said)
    tracks = _numbered(seen) if all(each.who is not None for each in seen) else _followed(seen)
    longest = sorted(tracks.items(), key=lambda item: (-len(item[1]), item[0]))[:MAX_PEOPLE]
    return tuple(_person(str(who), track, layout) for who, track in longest)


def _require_pixels(name: str, seen: Sequence[Sighting]) -> None:
    """OpenPose can write shares of the picture in place of pixels."""
    largest = max(float(np.abs(each.points[each.points[:, 2] > 0, :2]).max()) for each in seen)
    if largest <= 1.5:
        raise InputError(
            f"coordinates in {name} lie within {largest:.3g}: shares of the picture, not pixels",
            "write pixels (OpenPose: --keypoint_scale 0)",
        )


def _person(label: str, track: Sequence[Sighting], layout: tuple[str, Mapping[int, int]]) -> PicturePoints:
    points = spread(np.stack([each.points for each in track]), layout)
    trust = np.clip(points[..., 2], 0.0, 1.0)
    frames = np.array([each.frame for each in track], dtype=np.int64)
    return PicturePoints(label, layout[0], frames, np.where(trust[..., None] > 0, points[..., :2], 0.0), trust)


def _numbered(seen: Sequence[Sighting]) -> dict[int, list[Sighting]]:
    """By the file's numbers; the surer one where a number comes twice in a frame."""
    best: dict[tuple[int, int], Sighting] = {}
    for each in seen:
        key = (each.who or 0, each.frame)
        if key not in best or each.points[:, 2].sum() > best[key].points[:, 2].sum():
            best[key] = each
    tracks: dict[int, list[Sighting]] = {}
    for (who, _), each in sorted(best.items()):
        tracks.setdefault(who, []).append(each)
    return tracks


def _followed(seen: Sequence[Sighting]) -> dict[int, list[Sighting]]:
    """By who lies nearest to where everybody was last, the nearest pair first."""
    frames: dict[int, list[Sighting]] = {}
    for each in seen:
        frames.setdefault(each.frame, []).append(each)
    tracks: dict[int, list[Sighting]] = {}
    for frame, present in sorted(frames.items()):
        alive = [who for who, track in tracks.items() if frame - track[-1].frame <= FORGOTTEN]
        pairs = sorted((_apart(tracks[who][-1], each), who, row) for who in alive for row, each in enumerate(present))
        taken: set[int] = set()
        placed: set[int] = set()
        for share, who, row in pairs:
            if share < REACH and who not in taken and row not in placed:
                tracks[who].append(present[row])
                taken.add(who)
                placed.add(row)
        for row, each in enumerate(present):
            if row not in placed:
                tracks[len(tracks)] = [each]
    return tracks


def _apart(before: Sighting, now: Sighting) -> float:
    """The median way of points that both have, over the person's size."""
    both = (before.points[:, 2] > 0) & (now.points[:, 2] > 0)
    if not both.any():
        return float("inf")
    way = np.linalg.norm(before.points[both, :2] - now.points[both, :2], axis=1)
    here = before.points[before.points[:, 2] > 0, :2]
    return float(np.median(way) / max(float(np.ptp(here, axis=0).max()), 1.0))
