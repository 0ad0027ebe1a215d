"""First pass: follow everyone from frame to frame, in order, by the region each was last seen in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from stages.detect.blazepose import SAME_PLACE, BlazePose, cut_crops, find_people, nearest, read_landmarks
from stages.detect.config import Config
from stages.detect.lookout import Lookout, for_lost, next_looks
from stages.detect.reading import Reading

TOP_SPEED: Final = 4.0
"""Sides of the region per second: a region is about 2.5 m wide, a sprinter does 10 m/s."""
JITTER: Final = 0.1
"""Sides by which a region may jump between any two readings of somebody who stands still."""
COVERED: Final = 0.6
"""Somebody new who lies in the box of somebody known with more than this share of his own is no other person."""
SETTLING: Final = 3
"""Readings of a newcomer before the one that counts: the search tells his place only roughly."""
HOPE: Final = 0.1
"""Where the landmark network is less sure than this, more readings seldom find somebody."""
SAME_POSE: Final = 0.06
"""Readings whose landmarks differ by less than this many sides (median) are of one person."""


@dataclass(frozen=True, eq=False)
class Followed:
    """Somebody who is being followed.

    Attributes:
        region_index: names him in every sighting.
        region: the square about him when last seen.
        box: left, top, right and bottom of his landmarks then.
        seen_s: when that was.
    """

    region_index: int
    region: Float[np.ndarray, " 4"]
    box: Float[np.ndarray, " 4"]
    seen_s: float


@dataclass(frozen=True, eq=False)
class Scene:
    """Everyone who is being followed after some frame; `search_s`: when to look for newcomers next, and where."""

    people: tuple[Followed, ...] = ()
    next_index: int = 0
    search_s: float = -np.inf
    lookout: Lookout = Lookout()


def follow(
    models: BlazePose, scene: Scene, picture: UInt8[np.ndarray, "height width 3"], time_s: float, config: Config
) -> Scene:
    """Move everyone on to this frame, let go of the lost, look for newcomers when it is time.

    People with `seen_s` equal to time_s were seen in this frame.
    """
    reading, seen = _read_again(models, scene.people, picture, time_s, config)
    people = [
        replace(person, region=reading.next_region[row], box=_box(reading, row), seen_s=time_s) if seen[row] else person
        for row, person in enumerate(scene.people)
    ]
    scene = replace(scene, people=tuple(p for p in people if time_s - p.seen_s <= config.smoothing_s / 2))
    looks = [for_lost(np.array([p.region for p in scene.people if p.seen_s < time_s]).reshape(-1, 4))]
    if time_s >= scene.search_s:
        lookout, turn = next_looks(scene.lookout, picture, _boxes(scene.people))
        scene = replace(scene, lookout=lookout, search_s=time_s + config.search_interval_s)
        looks.append(turn)
    return _welcome(models, scene, picture, time_s, config, np.concatenate(looks))


def one_reading_each(
    regions: Float[np.ndarray, "batch 4"], reading: Reading, wanted: Bool[np.ndarray, " batch"]
) -> Bool[np.ndarray, " batch"]:
    """Of wanted readings that show the same person, keep the one that strayed least from where it began.

    Somebody who walks behind another is so lost for a while instead of being taken for him.
    """
    surprise = _surprise(regions, reading.next_region)
    kept = list[int]()
    for index in np.argsort(surprise, kind="stable"):
        if wanted[index] and not any(_same_pose(reading, int(index), other) for other in kept):
            kept.append(int(index))
    return np.isin(np.arange(len(regions)), kept)


def _read_again(
    models: BlazePose,
    people: Sequence[Followed],
    picture: UInt8[np.ndarray, "height width 3"],
    time_s: float,
    config: Config,
) -> tuple[Reading, Bool[np.ndarray, " people"]]:
    regions = np.array([person.region for person in people]).reshape(-1, 4)
    elapsed_s = np.array([time_s - person.seen_s for person in people])
    reading = _read(models, picture, regions)
    plausible = _surprise(regions, reading.next_region) < JITTER + TOP_SPEED * elapsed_s
    sure = reading.score >= config.min_landmark_score
    return reading, one_reading_each(regions, reading, plausible & sure)


def _welcome(
    models: BlazePose,
    scene: Scene,
    picture: UInt8[np.ndarray, "height width 3"],
    time_s: float,
    config: Config,
    looks: Float[np.ndarray, "looks 4"],
) -> Scene:
    found, _ = find_people(models, picture, config.min_person_score, looks)
    present = [person for person in scene.people if person.seen_s == time_s]
    regions = found[nearest(found, np.array([p.region for p in present]).reshape(-1, 4))[1] > SAME_PLACE]
    regions = regions[~_within(regions, present)]
    for _ in range(SETTLING):
        reading = _read(models, picture, regions)
        regions = reading.next_region[reading.score > HOPE]
    reading = _read(models, picture, regions)
    surprise = _surprise(regions, reading.next_region)
    settled = (reading.score >= config.min_newcomer_score) & (surprise < SAME_PLACE)
    candidates = one_reading_each(regions, reading, settled)
    for row in np.argsort(surprise, kind="stable"):
        if candidates[row]:
            found_one = Followed(scene.next_index, reading.next_region[row], _box(reading, int(row)), time_s)
            scene = seat(scene, found_one, config.max_people)
    return scene


def _read(
    models: BlazePose, picture: UInt8[np.ndarray, "height width 3"], regions: Float[np.ndarray, "batch 4"]
) -> Reading:
    return read_landmarks(models.landmarks, cut_crops(picture, regions), regions)


def seat(scene: Scene, found: Followed, max_people: int) -> Scene:
    """Let somebody who was found take the place of whoever is missing there, or else follow him as a newcomer."""
    for person in scene.people:
        if _same_place(person, found):
            if person.seen_s == found.seen_s:
                return scene
            back = replace(found, region_index=person.region_index)
            return replace(scene, people=tuple(back if other is person else other for other in scene.people))
    if len(scene.people) >= max_people:
        return scene
    return replace(scene, people=(*scene.people, found), next_index=scene.next_index + 1)


def _same_place(known: Followed, found: Followed) -> bool:
    """Whether somebody found is only another view of somebody known, perhaps one lying across him."""
    if nearest(found.region[None], known.region[None])[1][0] <= SAME_PLACE:
        return True
    shared = np.minimum(known.box[2:], found.box[2:]) - np.maximum(known.box[:2], found.box[:2])
    return bool(np.prod(np.maximum(shared, 0.0)) > COVERED * np.prod(found.box[2:] - found.box[:2]))


def _within(regions: Float[np.ndarray, "batch 4"], people: Sequence[Followed]) -> Bool[np.ndarray, " batch"]:
    """Whether a region is smaller than that of somebody in whose box it lies: a part of him, or hidden by him."""
    inside = np.zeros(len(regions), bool)
    for person in people:
        centred = np.all((regions[:, :2] > person.box[:2]) & (regions[:, :2] < person.box[2:]), axis=1)
        inside |= centred & (regions[:, 2] < person.region[2])
    return inside


def _boxes(people: Sequence[Followed]) -> Float[np.ndarray, "people 4"]:
    return np.array([person.box for person in people]).reshape(-1, 4)


def _box(reading: Reading, row: int) -> Float[np.ndarray, " 4"]:
    landmarks_px = reading.landmarks_px[row]
    return np.concatenate([landmarks_px.min(axis=0), landmarks_px.max(axis=0)])


def _surprise(before: Float[np.ndarray, "batch 4"], after: Float[np.ndarray, "batch 4"]) -> Float[np.ndarray, " batch"]:
    """How far and how much larger or smaller a region has become, in sides."""
    distance = np.linalg.norm(after[:, :2] - before[:, :2], axis=1) / before[:, 2]
    growth = np.abs(np.log(np.maximum(after[:, 2], 1e-6) / before[:, 2]))
    return distance + growth


def _same_pose(reading: Reading, one: int, other: int) -> bool:
    apart_px = np.linalg.norm(reading.landmarks_px[one] - reading.landmarks_px[other], axis=-1)
    return bool(np.median(apart_px) < SAME_POSE * reading.next_region[one, 2])
