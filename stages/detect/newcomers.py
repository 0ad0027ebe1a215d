"""Finds people who are not being followed: newcomers, and those who were lost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, UInt8

from stages.detect.appearance import look, unlike
from stages.detect.blazepose import SAME_PLACE, BlazePose, find_people, nearest, read_picture
from stages.detect.claims import one_reading_each, surprise
from stages.detect.config import Config
from stages.detect.hiding import greyed, is_seen
from stages.detect.scene import Doubt, Followed, Scene, box_of, hides, may_be

SETTLING: Final = 3
"""Readings of a newcomer before the one that counts: the search tells his place only roughly."""
HOPE: Final = 0.1
"""Where the landmark network is less sure than this, more readings seldom find somebody."""
SEEN: Final = 0.72
"""Mean visibility of a newcomer's landmarks: bushes that are taken for people have 0.5, a skeleton 0.69, somebody half
behind a tree 0.78."""
PAUSE_S: Final = 0.2
"""A place where nobody was is left alone for so long, twice as long each time ..."""
LONGEST_S: Final = 5.0
"""... up to this."""


Regions = Float[np.ndarray, "batch 4"]


@dataclass(frozen=True, eq=False)
class Search:
    """Where to look for people in which picture, and where those lie who are seen already."""

    picture: UInt8[np.ndarray, "height width 3"]
    covered: Bool[np.ndarray, "height width"]
    time_s: float
    looks: Float[np.ndarray, "looks 4"]


def welcome(models: BlazePose, scene: Scene, search: Search, config: Config) -> Scene:
    """Follow whoever is found there and is not followed yet; those who are do not stand in the way."""
    time_s, present = search.time_s, [person for person in scene.people if person.seen_s == search.time_s]
    picture = greyed(search.picture, search.covered) if present else search.picture
    found, _ = find_people(models, picture, config.min_person_score, search.looks)
    found = found[nearest(found, np.array([p.region for p in present]).reshape(-1, 4))[1] > SAME_PLACE]
    found = found[~_within(found, present)]
    found = found[~_doubted(found, scene.doubts, time_s)]
    regions = found
    for _ in range(SETTLING):
        reading = read_picture(models, picture, regions)
        regions = reading.next_region[reading.score > HOPE]
    reading = read_picture(models, picture, regions)
    strayed = surprise(regions, reading.next_region)
    settled = (reading.score >= config.min_newcomer_score) & (strayed < SAME_PLACE)
    settled &= is_seen(reading.landmarks_px, search.covered) & (reading.visibility.mean(axis=1) >= SEEN)
    candidates = one_reading_each(regions, reading, settled)
    seen = look(picture, reading.landmarks_px, reading.visibility, search.covered)
    for row in np.argsort(strayed, kind="stable"):
        if candidates[row]:
            region, box = reading.next_region[row], box_of(reading, int(row))
            scene = seat(scene, Followed(scene.next_index, region, box, time_s, seen[row]), config)
    return replace(scene, doubts=_doubts(scene, found, reading.next_region[candidates], time_s))


def _doubted(regions: Regions, doubts: Sequence[Doubt], time_s: float) -> Bool[np.ndarray, " batch"]:
    """Whether somebody seemed to be there a moment ago and was not."""
    fresh = np.array([doubt.region for doubt in doubts if time_s < doubt.until_s]).reshape(-1, 4)
    return nearest(regions, fresh)[1] <= SAME_PLACE


def _doubts(scene: Scene, found: Regions, taken: Float[np.ndarray, "taken 4"], time_s: float) -> tuple[Doubt, ...]:
    """Doubts with those places where somebody seemed to be and was not, without what is long past."""
    vain = found[nearest(found, taken)[1] > 2 * SAME_PLACE]
    old = [doubt for doubt in scene.doubts if time_s < doubt.until_s + LONGEST_S]
    place, off = nearest(vain, np.array([doubt.region for doubt in old]).reshape(-1, 4))
    known = {int(index) for index in place[off <= SAME_PLACE]}
    pauses_s = [
        min(2 * old[index].pause_s, LONGEST_S) if near <= SAME_PLACE else PAUSE_S
        for index, near in zip(place.tolist(), off, strict=True)
    ]
    new = [Doubt(region, time_s + pause_s, pause_s) for region, pause_s in zip(vain, pauses_s, strict=True)]
    return (*(doubt for index, doubt in enumerate(old) if index not in known), *new)


def seat(scene: Scene, found: Followed, config: Config) -> Scene:
    """Let somebody who was found take the place of whoever is missing and looks like him, or else follow him anew."""
    if any(person.seen_s == found.seen_s and hides(person, found) for person in scene.people):
        return scene
    lost = [person for person in scene.people if person.seen_s < found.seen_s and may_be(person, found)]
    if lost:
        whom = min(lost, key=lambda person: np.nan_to_num(unlike(person.looks, found.looks)))
        back = replace(found, region_index=whom.region_index)
        return replace(scene, people=tuple(back if other is whom else other for other in scene.people))
    followed = [person for person in scene.people if found.seen_s - person.seen_s <= config.smoothing_s / 2]
    if len(followed) >= config.max_people:
        return scene
    return replace(scene, people=(*scene.people, found), next_index=scene.next_index + 1)


def _within(regions: Float[np.ndarray, "batch 4"], people: Sequence[Followed]) -> Bool[np.ndarray, " batch"]:
    """Whether a region is smaller than that of somebody in whose box it lies: a part of him, or hidden by him."""
    inside = np.zeros(len(regions), bool)
    for person in people:
        centred = np.all((regions[:, :2] > person.box[:2]) & (regions[:, :2] < person.box[2:]), axis=1)
        inside |= centred & (regions[:, 2] < person.region[2])
    return inside
