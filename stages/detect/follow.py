"""First pass: follow everyone from frame to frame, in order, by the region each was last seen in."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, UInt8

from stages.detect.appearance import look, unlike
from stages.detect.blazepose import BlazePose, read_picture
from stages.detect.claims import one_reading_each, strangers, surprise
from stages.detect.config import Config
from stages.detect.hiding import WIDE, covered_by, is_seen, without
from stages.detect.lookout import Now, next_looks
from stages.detect.newcomers import Search, welcome
from stages.detect.scene import Followed, Scene

TOP_SPEED: Final = 4.0
"""Sides of the region per second: a region is about 2.5 m wide, a sprinter does 10 m/s."""
JITTER: Final = 0.1
"""Sides by which a region may jump between any two readings of somebody who stands still."""
HIMSELF: Final = 0.12
"""Somebody half hidden must be less unlike himself than this: what is left of those before him is read as people."""
STRAYED: Final = 0.25
"""Sides by which somebody half hidden may be off."""
SLACK_S: Final = 0.02
"""A search this much early is on time: at 25 Hz people are followed every 0.08 s."""


def follow(
    models: BlazePose, scene: Scene, picture: UInt8[np.ndarray, "height width 3"], time_s: float, config: Config
) -> Scene:
    """Move everyone on to this frame, give up those lost for long, look for newcomers when it is time.

    People with `seen_s` equal to time_s were seen in this frame.
    """
    kept = tuple(person for person in scene.people if time_s - person.seen_s <= config.patience_s)
    people, seen_px = _read_again(models, kept, picture, time_s, config)
    scene = replace(scene, people=people)
    missing = [person for person in scene.people if person.seen_s < time_s]
    boxes = np.array([person.box for person in scene.people if person.seen_s == time_s]).reshape(-1, 4)
    lost = np.array([person.region for person in missing]).reshape(-1, 4)
    is_turn = time_s >= scene.search_s - SLACK_S
    lookout, looks = next_looks(scene.lookout, Now(picture, time_s, boxes, lost, is_turn))
    search_s = time_s + config.search_interval_s if is_turn else scene.search_s
    scene = replace(scene, lookout=lookout, search_s=search_s)
    if not len(looks):
        return scene
    covered = covered_by(seen_px, *picture.shape[:2], wide=WIDE)
    return welcome(models, scene, Search(picture, covered, time_s, looks), config)


def _read_again(
    models: BlazePose,
    people: tuple[Followed, ...],
    picture: UInt8[np.ndarray, "height width 3"],
    time_s: float,
    config: Config,
) -> tuple[tuple[Followed, ...], Float[np.ndarray, "seen 33 2"]]:
    """Everyone as seen in this picture, those who are not seen as they were; and the landmarks of those who are.

    Somebody is looked for where he was last seen. Whoever is not seen there is looked for with the others painted
    out, and after a while also where he would be by now; then he must look like himself.
    """
    near = [person for person in people if time_s - person.seen_s <= config.smoothing_s / 2]
    regions = np.array([person.region for person in near]).reshape(-1, 4)
    reading = read_picture(models, picture, regions)
    seen = look(picture, reading.landmarks_px, reading.visibility)
    elapsed_s = np.array([time_s - person.seen_s for person in near])
    # Where people cross, who goes on as he did is who he was; somebody alone may turn as he likes.
    due = regions if len(people) == 1 else np.array([one.expected(time_s) for one in near]).reshape(-1, 4)
    plausible = surprise(due, reading.next_region) < JITTER + TOP_SPEED * elapsed_s
    wanted = plausible & (reading.score >= config.min_landmark_score)
    wanted &= ~strangers(near, reading, seen, wanted, alone=len(people) == 1)
    kept = one_reading_each(due, reading, wanted)
    moved = {one.region_index: one.seen_again(reading, row, seen[row], time_s) for row, one in _chosen(near, kept)}
    landmarks_px = reading.landmarks_px[kept]
    missing = [person for person in people if person.region_index not in moved]
    if missing:
        behind, behind_px = _read_behind(models, missing, landmarks_px, picture, time_s, config)
        moved |= behind
        landmarks_px = np.concatenate([landmarks_px, behind_px])
    return tuple(moved.get(person.region_index, person) for person in people), landmarks_px


def _read_behind(
    models: BlazePose,
    missing: list[Followed],
    before_px: Float[np.ndarray, "before 33 2"],
    picture: UInt8[np.ndarray, "height width 3"],
    time_s: float,
    config: Config,
) -> tuple[dict[int, Followed], Float[np.ndarray, "seen 33 2"]]:
    """Those who are missing, by region_index, as far as they are seen beside the people before them; landmarks."""
    late = [person for person in missing if time_s - person.seen_s > config.smoothing_s / 2]
    whom = [*missing, *late]
    regions = np.array([*(one.region for one in missing), *(one.expected(time_s) for one in late)]).reshape(-1, 4)
    inside = np.all((regions[:, :2] > 0) & (regions[:, :2] < picture.shape[1::-1]), axis=1)
    whom, regions = [one for one, here in zip(whom, inside, strict=True) if here], regions[inside]
    covered = covered_by(before_px, *picture.shape[:2])
    reading = read_picture(models, without(picture, covered), regions)
    seen = look(picture, reading.landmarks_px, reading.visibility, covered)
    apart = unlike(seen, np.array([person.looks for person in whom]).reshape(seen.shape))
    wanted = (apart < HIMSELF) & (reading.score >= config.min_landmark_score)
    wanted &= is_seen(reading.landmarks_px, covered) & (surprise(regions, reading.next_region) < STRAYED)
    moved, found_px = dict[int, Followed](), [np.zeros((0, 33, 2))]
    for row, person in _chosen(whom, one_reading_each(regions, reading, wanted)):
        if person.region_index not in moved:
            moved[person.region_index] = person.seen_again(reading, row, seen[row], time_s)
            found_px.append(reading.landmarks_px[row][None])
    return moved, np.concatenate(found_px)


def _chosen(people: Sequence[Followed], kept: Bool[np.ndarray, " people"]) -> list[tuple[int, Followed]]:
    return [(row, person) for row, person in enumerate(people) if kept[row]]
