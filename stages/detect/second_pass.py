"""Second pass: landmarks of everyone on steady regions, frame by frame, and what lies between the frames read."""

from collections.abc import Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from stages.contracts import Detections
from stages.detect import appearance, blazepose
from stages.detect.claims import one_reading_each, surprise
from stages.detect.config import Config
from stages.detect.follow import STRAYED
from stages.detect.hiding import covered_by, is_seen, without
from stages.detect.mirror import Way, both_ways, filled
from stages.detect.networks import Network
from stages.detect.reading import Reading
from stages.detect.rtmpose import PointNetwork
from stages.detect.steady import Sample, steady_regions

LESSER: Final = 0.35
"""Whoever fills less of the picture than this share of what another does is read in plain frames only."""

BEYOND: Final = 1.0
"""Somebody is looked for so many pictures of the first pass beyond those in which he was seen."""

Picture = UInt8[np.ndarray, "height width 3"]
Regions = Float[np.ndarray, "people 4"]


@dataclass(frozen=True, eq=False)
class Reader:
    """What reads landmarks: BlazePose's network, which belongs to one thread, and RTMPose, if it is asked for."""

    network: Network
    points: PointNetwork | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture on its way through both passes.

    Attributes:
        follow: it takes part in the first pass.
        way: how it is read in the second pass.
        shot: cuts before it.
    """

    index: int
    time_s: float
    follow: bool
    way: Way
    shot: int
    picture: Picture


@dataclass(frozen=True, eq=False)
class People:
    """People of one frame by where they were looked for, or would have been."""

    region_index: Int[np.ndarray, " people"]
    region: Regions

    def at(self, rows: Int[np.ndarray, " some"]) -> "People":
        """Those in these rows."""
        return People(self.region_index[rows], self.region[rows])


@dataclass(frozen=True, eq=False)
class FrameReading:
    """Everyone in one frame: those who were seen, and those whom nobody looked for as it was not their turn."""

    index: int
    time_s: float
    way: Way
    shot: int
    seen: People
    reading: Reading
    appearance: Float[np.ndarray, "seen channels"]
    left_out: People


def read_frame(config: Config, readers: "SimpleQueue[Reader]", frame: Frame, samples: list[Sample]) -> FrameReading:
    """Read those whose turn it is with one of the readers that wait."""
    steady = steady_regions(samples, frame.time_s, config.smoothing_s / 2, BEYOND / config.follow_rate_hz)
    people = People(np.array(list(steady), np.intp), np.array(list(steady.values())).reshape(-1, 4))
    now = _has_turn(frame, people.region)
    reader = readers.get()
    try:
        seen, reading, looks = _read(config, reader, frame, people.at(np.flatnonzero(now)))
    finally:
        readers.put(reader)
    left_out = people.at(np.flatnonzero(~now))
    return FrameReading(frame.index, frame.time_s, frame.way, frame.shot, seen, reading, looks, left_out)


def gather(done: Sequence[FrameReading], background: Float[np.ndarray, "frames 4"]) -> Detections:
    """All sightings in order; those who were left out are where the readings before and after put them."""
    seen, left_out = [[*(one.seen for one in done)], [*(one.left_out for one in done)]]
    of_seen, of_left = _frames_of(seen), _frames_of(left_out)
    time_s = np.array([one.time_s for one in done])
    shot = np.array([one.shot for one in done], np.intp)
    who, whose = _joined(seen), _joined(left_out)
    way = np.array([one.way for one in done], np.intp)[of_seen]
    reading = Reading.concatenate([one.reading for one in done])
    looks = np.concatenate([one.appearance for one in done])
    read_s = time_s[of_seen]
    reading = both_ways(reading, who.region, way, read_s, who.region_index)
    wanted = time_s[of_left], whose.region_index
    found, before, between = filled(reading, who.region, read_s, who.region_index, *wanted)
    frame_index = np.concatenate([of_seen, of_left[found]])
    region_index = np.concatenate([who.region_index, whose.region_index[found]])
    order = np.lexsort([region_index, frame_index])
    reading = Reading.concatenate([reading, between]).at(order)
    return Detections(
        frame_count=len(done),
        frame_index=frame_index[order],
        region_index=region_index[order],
        region=np.concatenate([who.region, whose.region[found]])[order],
        landmarks_px=reading.landmarks_px,
        rough_m=reading.rough_m,
        visibility=reading.visibility,
        presence=reading.presence,
        score=reading.score,
        appearance=np.concatenate([looks, looks[before]])[order],
        shot_index=shot[frame_index[order]],
        background=background,
    )


def _has_turn(frame: Frame, region: Regions) -> Bool[np.ndarray, " people"]:
    """Everybody has in plain frames, in mirrored ones only those who matter; nobody in frames that are skipped."""
    if frame.way != Way.MIRRORED or not len(region):
        return np.full(len(region), frame.way != Way.SKIPPED)
    size, half = np.array(frame.picture.shape[1::-1]), region[:, 2:3] / 2
    inside = np.clip(region[:, :2] + half, 0, size) - np.clip(region[:, :2] - half, 0, size)
    filled_px = inside.prod(axis=1)
    return filled_px >= LESSER * filled_px.max()


def _read(
    config: Config, reader: Reader, frame: Frame, people: People
) -> tuple[People, Reading, Float[np.ndarray, "seen channels"]]:
    """Who of these is seen, whoever is hidden with those before him painted out; readings and looks."""
    reading = _read_regions(reader, frame, frame.picture, people.region)
    kept = one_reading_each(people.region, reading, reading.score >= config.min_landmark_score)
    seen, reading, hidden = people.at(np.flatnonzero(kept)), reading.only(kept), people.at(np.flatnonzero(~kept))
    looks = appearance.look(frame.picture, reading.landmarks_px, reading.visibility)
    if not (len(seen.region) and len(hidden.region)):
        return seen, reading, looks
    covered = covered_by(reading.landmarks_px, *frame.picture.shape[:2])
    again = _read_regions(reader, frame, without(frame.picture, covered), hidden.region)
    sure = (again.score >= config.min_landmark_score) & (surprise(hidden.region, again.next_region) < STRAYED)
    found = one_reading_each(hidden.region, again, sure & is_seen(again.landmarks_px, covered))
    again = again.only(found)
    beside = appearance.look(frame.picture, again.landmarks_px, again.visibility, covered)
    everyone = _joined([seen, hidden.at(np.flatnonzero(found))])
    return everyone, Reading.concatenate([reading, again]), np.concatenate([looks, beside])


def _read_regions(reader: Reader, frame: Frame, picture: Picture, region: Regions) -> Reading:
    network, crops = reader.network, blazepose.cut_crops(picture, region)
    match frame.way:
        case Way.BOTH:
            reading = blazepose.read_twice(network, crops, region)[1]
        case Way.MIRRORED:
            reading = blazepose.read_mirrored(network, crops, region)
        case _:
            reading = blazepose.read_landmarks(network, crops, region)
    return reading if reader.points is None else reader.points.merged(picture, reading)


def _joined(parts: Sequence[People]) -> People:
    return People(np.concatenate([one.region_index for one in parts]), np.concatenate([one.region for one in parts]))


def _frames_of(parts: Sequence[People]) -> Int[np.ndarray, " rows"]:
    return np.repeat(np.arange(len(parts)), [len(one.region_index) for one in parts])
