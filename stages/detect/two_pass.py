"""Follow people in order, read their landmarks on steady regions behind: one decoding, both cores, bounded memory."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import numpy as np
from jaxtyping import Float

from stages import frames
from stages.contracts import Clip, Detections
from stages.detect import background, blazepose, rtmpose
from stages.detect.config import Config
from stages.detect.cuts import shots
from stages.detect.follow import follow
from stages.detect.lookback import look_back
from stages.detect.mirror import Way, ways
from stages.detect.scene import Scene
from stages.detect.second_pass import Frame, FrameReading, Reader, gather, read_frame
from stages.detect.steady import Sample
from stages.progress import counted

READERS: Final = 2
"""Threads of the second pass."""
AHEAD: Final = 4
"""Pictures decoded ahead of the first pass, and pictures waiting for the second."""
SLACK: Final = 0.9
"""A rate of 30 so takes every frame of a video at 33 Hz and every other one at 60 Hz."""


def detect(config: Config, video: Path, clip: Clip) -> Detections:
    """Find everyone in every frame; the result does not depend on how the threads take turns."""
    watched = background.Watch(config.watch_rate_hz)
    followed = _follow_everyone(config, _read_ahead(_frames(config, video, clip)), watched)
    done = list[FrameReading]()
    with ThreadPoolExecutor(READERS) as pool:
        readers: SimpleQueue[Reader] = SimpleQueue()
        points = None if config.rtmpose_pose is None else rtmpose.load_points(config.rtmpose_pose)
        for _ in range(READERS):
            readers.put(Reader(blazepose.load_landmarks(config.bundle), points))
        waiting: deque[Future[FrameReading]] = deque()
        for frame, samples in counted(followed, len(clip.timestamps_s), "detect"):
            waiting.append(pool.submit(read_frame, config, readers, frame, samples))
            if len(waiting) > AHEAD:
                done.append(waiting.popleft().result())
        done.extend(future.result() for future in waiting)
    return gather(done, watched.shifts(len(done)))


def thin_out(timestamps_s: Float[np.ndarray, " frames"], rate_hz: float) -> frozenset[int]:
    """Choose frames so that there are about `rate_hz` of them a second, the first and the last among them."""
    chosen, due_s = list[int](), -np.inf
    for index, time_s in enumerate(timestamps_s):
        if time_s >= due_s:
            chosen.append(index)
            due_s = time_s + SLACK / rate_hz
    return frozenset([*chosen, len(timestamps_s) - 1])


def _frames(config: Config, video: Path, clip: Clip) -> Iterator[Frame]:
    to_follow = thin_out(clip.timestamps_s, config.follow_rate_hz)
    way = ways(clip.timestamps_s, config.skip_rate_hz, mirrored=config.mirrored)
    pictures = (((index, picture), picture) for index, picture in enumerate(frames.read(video, clip)))
    follow_next = False
    for (index, picture), shot, ends in shots(pictures):
        at_cut = follow_next or ends
        read = way[index] or (Way.PLAIN if at_cut else Way.SKIPPED)
        yield Frame(index, float(clip.timestamps_s[index]), index in to_follow or at_cut, read, shot, picture)
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
    models = _load(config)
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
        past = [before for before in list(held)[-2::-1] if before.follow and before.shot == shot]
        earlier = [one for person in seen for one in look_back(models, person, past, samples, config)]
        # A new list each time: readers still hold the old one.
        now = [Sample(person.region_index, frame.time_s, person.region) for person in seen]
        samples = sorted([*samples, *earlier, *now], key=lambda sample: sample.time_s)
        while held[0].time_s < frame.time_s - half_s:
            yield held.popleft(), samples
            samples = [sample for sample in samples if sample.time_s >= held[0].time_s - half_s]
    yield from ((frame, samples) for frame in held)


def _load(config: Config) -> blazepose.BlazePose:
    models = blazepose.load(config.bundle)
    if config.rtmpose_detector is None:
        return models
    people = rtmpose.load_people(config.rtmpose_detector, config.rtmpose_detector_kind, config.min_person_score)
    return replace(models, people=people)
