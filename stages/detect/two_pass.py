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
from stages.detect import blazepose
from stages.detect.blazepose import BlazePose, Reading
from stages.detect.config import Config
from stages.detect.follow import Scene, follow, one_reading_each
from stages.detect.smoothing import Sample, region_at
from stages.progress import counted

READERS: Final = 2
"""Threads of the second pass; each waiting picture is work for one of them."""
AHEAD: Final = 4
"""Pictures decoded ahead of the first pass, and pictures waiting for the second."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture on its way through both passes."""

    index: int
    time_s: float
    picture: UInt8[np.ndarray, "height width 3"]


@dataclass(frozen=True, eq=False)
class FrameReading:
    """Everyone in one frame."""

    frame_index: int
    region_index: Int[np.ndarray, " people"]
    region: Float[np.ndarray, "people 4"]
    reading: Reading


def detect(config: Config, video: Path, clip: Clip) -> Detections:
    """Find everyone in every frame; the result does not depend on how the threads take turns."""
    followed = _follow_everyone(config, clip, _read_ahead(_frames(video, clip)))
    with ThreadPoolExecutor(READERS) as pool:
        readers: SimpleQueue[BlazePose] = SimpleQueue()
        for _ in range(READERS):
            readers.put(blazepose.load())
        waiting: deque[Future[FrameReading]] = deque()
        done = list[FrameReading]()
        for frame, samples in counted(followed, len(clip.timestamps_s), "detect"):
            waiting.append(pool.submit(_read_frame, config, readers, frame, samples))
            if len(waiting) > AHEAD:
                done.append(waiting.popleft().result())
        done.extend(future.result() for future in waiting)
    return _gather(done, len(clip.timestamps_s))


def frames_to_follow(timestamps_s: Float[np.ndarray, " frames"], rate_hz: float) -> frozenset[int]:
    """Frames of the first pass: at most `rate_hz` of them a second, the first and the last among them."""
    chosen, due_s = list[int](), -np.inf
    for index, time_s in enumerate(timestamps_s):
        # Half a frame of slack: 29.97 Hz is not thinned by a rate of 30.
        if time_s >= due_s:
            chosen.append(index)
            due_s = time_s + 0.75 / rate_hz
    return frozenset([*chosen, len(timestamps_s) - 1])


def _frames(video: Path, clip: Clip) -> Iterator[Frame]:
    pictures = frames.read(video, clip)
    for index, (time_s, picture) in enumerate(zip(clip.timestamps_s, pictures, strict=True)):
        yield Frame(index, float(time_s), picture)


def _read_ahead(items: Iterator[Frame]) -> Iterator[Frame]:
    with ThreadPoolExecutor(1) as pool:
        waiting = deque(pool.submit(next, items, None) for _ in range(AHEAD))
        while (item := waiting.popleft().result()) is not None:
            waiting.append(pool.submit(next, items, None))
            yield item


def _follow_everyone(config: Config, clip: Clip, pictures: Iterable[Frame]) -> Iterator[tuple[Frame, list[Sample]]]:
    """Give every frame back once people were followed half a window beyond it, with all sightings near it."""
    models = blazepose.load()
    scene, half_s = Scene(), config.smoothing_s / 2
    chosen = frames_to_follow(clip.timestamps_s, config.follow_rate_hz)
    held: deque[Frame] = deque()
    samples = list[Sample]()
    for frame in pictures:
        held.append(frame)
        if frame.index not in chosen:
            continue
        scene = follow(models, scene, frame.picture, frame.time_s, config)
        seen = [person for person in scene.people if person.seen_s == frame.time_s]
        samples = [*samples, *(Sample(person.region_index, frame.time_s, person.region) for person in seen)]
        while held[0].time_s < frame.time_s - half_s:
            yield held.popleft(), samples
            samples = [sample for sample in samples if sample.time_s >= held[0].time_s - half_s]
    yield from ((frame, samples) for frame in held)


def _read_frame(config: Config, readers: "SimpleQueue[BlazePose]", frame: Frame, samples: list[Sample]) -> FrameReading:
    indices = sorted({sample.region_index for sample in samples})
    found = [(index, _steady_region(samples, index, frame.time_s, config)) for index in indices]
    region_index = np.array([index for index, region in found if region is not None], np.intp)
    regions = np.array([region for _, region in found if region is not None]).reshape(-1, 4)
    models = readers.get()
    try:
        crops = blazepose.cut_crops(frame.picture, regions)
        reading = blazepose.read_landmarks(models, crops, regions, mirrored=config.mirrored)
    finally:
        readers.put(models)
    kept = one_reading_each(regions, reading, reading.score >= config.min_landmark_score)
    return FrameReading(frame.index, region_index[kept], regions[kept], reading.only(kept))


def _steady_region(
    samples: list[Sample], region_index: int, time_s: float, config: Config
) -> Float[np.ndarray, " 4"] | None:
    own = [sample for sample in samples if sample.region_index == region_index]
    return region_at(own, time_s, config.smoothing_s / 2)


def _gather(done: list[FrameReading], frame_count: int) -> Detections:
    return Detections(
        frame_count=frame_count,
        frame_index=np.repeat([one.frame_index for one in done], [len(one.region_index) for one in done]),
        region_index=np.concatenate([one.region_index for one in done]),
        region=np.concatenate([one.region for one in done]),
        landmarks_px=np.concatenate([one.reading.landmarks_px for one in done]),
        rough_m=np.concatenate([one.reading.rough_m for one in done]),
        visibility=np.concatenate([one.reading.visibility for one in done]),
        presence=np.concatenate([one.reading.presence for one in done]),
        score=np.concatenate([one.reading.score for one in done]),
    )
