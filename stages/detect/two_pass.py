"""Follow people in order, read their landmarks on steady regions behind: one decoding, both cores, bounded memory."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import numpy as np
from jaxtyping import Float, Int, UInt8

from stages import frames
from stages.contracts import Clip, Detections
from stages.detect import appearance, background, blazepose
from stages.detect.claims import one_reading_each, surprise
from stages.detect.config import Config
from stages.detect.cuts import shots
from stages.detect.follow import STRAYED, follow
from stages.detect.hiding import covered_by, is_seen, without
from stages.detect.mirror import carry_over
from stages.detect.networks import Network
from stages.detect.reading import Reading
from stages.detect.scene import Scene
from stages.detect.steady import Sample, steady_regions
from stages.progress import counted

READERS: Final = 2
"""Threads of the second pass."""
AHEAD: Final = 4
"""Pictures decoded ahead of the first pass, and pictures waiting for the second."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture on its way through both passes.

    Attributes:
        follow: it takes part in the first pass.
        mirror: its mirror image is read in the second pass.
        shot: cuts before it.
    """

    index: int
    time_s: float
    follow: bool
    mirror: bool
    shot: int
    picture: UInt8[np.ndarray, "height width 3"]


@dataclass(frozen=True, eq=False)
class FrameReading:
    """Everyone in one frame: `plain` without and `mean` with the mirror image, the same where that was not read."""

    index: int
    time_s: float
    mirror: bool
    region_index: Int[np.ndarray, " people"]
    region: Float[np.ndarray, "people 4"]
    plain: Reading
    mean: Reading
    appearance: Float[np.ndarray, "people channels"]
    shot: int


def detect(config: Config, video: Path, clip: Clip) -> Detections:
    """Find everyone in every frame; the result does not depend on how the threads take turns."""
    watched = background.Watch(config.watch_rate_hz)
    followed = _follow_everyone(config, _read_ahead(_frames(config, video, clip)), watched)
    done = list[FrameReading]()
    with ThreadPoolExecutor(READERS) as pool:
        readers: SimpleQueue[Network] = SimpleQueue()
        for _ in range(READERS):
            readers.put(blazepose.load_landmarks(config.bundle))
        waiting: deque[Future[FrameReading]] = deque()
        for frame, samples in counted(followed, len(clip.timestamps_s), "detect"):
            waiting.append(pool.submit(_read_frame, config, readers, frame, samples))
            if len(waiting) > AHEAD:
                done.append(waiting.popleft().result())
        done.extend(future.result() for future in waiting)
    return _gather(done, watched.shifts(len(done)))


def thin_out(timestamps_s: Float[np.ndarray, " frames"], rate_hz: float) -> frozenset[int]:
    """Choose frames so that there are about `rate_hz` of them a second, the first and the last among them."""
    chosen, due_s = list[int](), -np.inf
    for index, time_s in enumerate(timestamps_s):
        if time_s >= due_s:
            chosen.append(index)
            # Slack, so that a rate of 30 takes every frame of a video at 33 Hz and every other one at 60 Hz.
            due_s = time_s + 0.75 / rate_hz
    return frozenset([*chosen, len(timestamps_s) - 1])


def _frames(config: Config, video: Path, clip: Clip) -> Iterator[Frame]:
    to_follow = thin_out(clip.timestamps_s, config.follow_rate_hz)
    to_mirror = thin_out(clip.timestamps_s, config.mirror_rate_hz) if config.mirrored else frozenset[int]()
    pictures = (((index, picture), picture) for index, picture in enumerate(frames.read(video, clip)))
    follow_next = False
    for (index, picture), shot, ends in shots(pictures):
        follow, mirror = index in to_follow or follow_next or ends, index in to_mirror
        yield Frame(index, float(clip.timestamps_s[index]), follow, mirror, shot, picture)
        follow_next = ends


def _read_ahead(items: Iterator[Frame]) -> Iterator[Frame]:
    with ThreadPoolExecutor(1) as pool:
        waiting = deque(pool.submit(next, items, None) for _ in range(AHEAD))
        while (item := waiting.popleft().result()) is not None:
            waiting.append(pool.submit(next, items, None))
            yield item


def _follow_everyone(
    config: Config, pictures: Iterable[Frame], watched: background.Watch
) -> Iterator[tuple[Frame, list[Sample]]]:
    """Give every frame back once people were followed half a window beyond it, with all sightings near it."""
    models = blazepose.load(config.bundle)
    scene, half_s, shot = Scene(), config.smoothing_s / 2, 0
    held: deque[Frame] = deque()
    samples = list[Sample]()
    for frame in pictures:
        held.append(frame)
        if not frame.follow:
            continue
        if frame.shot != shot:
            scene, shot = Scene(next_index=scene.next_index), frame.shot
        scene = follow(models, scene, frame.picture, frame.time_s, config)
        watched.look(frame.index, frame.time_s, frame.picture, [person.box for person in scene.people])
        seen = [person for person in scene.people if person.seen_s == frame.time_s]
        # A new list each time: readers still hold the old one.
        samples = [*samples, *(Sample(person.region_index, frame.time_s, person.region) for person in seen)]
        while held[0].time_s < frame.time_s - half_s:
            yield held.popleft(), samples
            samples = [sample for sample in samples if sample.time_s >= held[0].time_s - half_s]
    yield from ((frame, samples) for frame in held)


def _read_frame(config: Config, readers: "SimpleQueue[Network]", frame: Frame, samples: list[Sample]) -> FrameReading:
    steady = steady_regions(samples, frame.time_s, config.smoothing_s / 2)
    region_index = np.array(list(steady), np.intp)
    region = np.array(list(steady.values())).reshape(-1, 4)
    network = readers.get()
    try:
        plain, mean = _read_regions(network, frame, frame.picture, region)
        kept = one_reading_each(region, mean, mean.score >= config.min_landmark_score)
        order = np.concatenate([np.flatnonzero(kept), np.flatnonzero(~kept)])
        plain, mean, hidden = plain.only(kept), mean.only(kept), region[~kept]
        looks = appearance.look(frame.picture, mean.landmarks_px, mean.visibility)
        seen = np.zeros(len(hidden), bool)
        if len(mean.score) and len(hidden):
            covered = covered_by(mean.landmarks_px, *frame.picture.shape[:2])
            again, twice = _read_regions(network, frame, without(frame.picture, covered), hidden)
            sure = (twice.score >= config.min_landmark_score) & (surprise(hidden, twice.next_region) < STRAYED)
            seen = one_reading_each(hidden, twice, sure & is_seen(twice.landmarks_px, covered))
            again, twice = again.only(seen), twice.only(seen)
            beside = appearance.look(frame.picture, twice.landmarks_px, twice.visibility, covered)
            looks = np.concatenate([looks, beside])
            plain, mean = Reading.concatenate([plain, again]), Reading.concatenate([mean, twice])
    finally:
        readers.put(network)
    rows = order[np.concatenate([np.ones(kept.sum(), bool), seen])]
    found = region_index[rows], region[rows], plain, mean, looks
    return FrameReading(frame.index, frame.time_s, frame.mirror, *found, frame.shot)


def _read_regions(
    network: Network,
    frame: Frame,
    picture: UInt8[np.ndarray, "height width 3"],
    region: Float[np.ndarray, "people 4"],
) -> tuple[Reading, Reading]:
    """Without the mirror image and with it, if it is this frame's turn."""
    crops = blazepose.cut_crops(picture, region)
    if frame.mirror:
        return blazepose.read_twice(network, crops, region)
    plain = blazepose.read_landmarks(network, crops, region)
    return plain, plain


def _gather(done: list[FrameReading], shift: Float[np.ndarray, "frames 4"]) -> Detections:
    people = [len(one.region_index) for one in done]
    region_index = np.concatenate([one.region_index for one in done])
    region = np.concatenate([one.region for one in done])
    reading = carry_over(
        Reading.concatenate([one.plain for one in done]),
        Reading.concatenate([one.mean for one in done]),
        has_mean=np.repeat([one.mirror for one in done], people),
        time_s=np.repeat([one.time_s for one in done], people),
        person=region_index,
    )
    return Detections(
        frame_count=len(done),
        frame_index=np.repeat([one.index for one in done], people),
        region_index=region_index,
        region=region,
        landmarks_px=reading.landmarks_px,
        rough_m=reading.rough_m,
        visibility=reading.visibility,
        presence=reading.presence,
        score=reading.score,
        appearance=np.concatenate([one.appearance for one in done]),
        shot_index=np.repeat([one.shot for one in done], people),
        background=shift,
    )
