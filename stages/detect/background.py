"""How the background moves across the picture: points of a key picture are found again in the ones that follow.

A still camera is compared with one key picture throughout, so that nothing adds up; a turning one takes a new key
whenever it has left the last one behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

SMALL_PX: Final = 320
"""Longer side of the copies; a tenth of their pixel is a third of a pixel of a 1080p picture."""
POINTS: Final = 120
LEAST_POINTS: Final = 20
LEAST_SHARE: Final = 0.5
"""Of the points found again that must move as one: what a camera on the spot does to a background."""
LEAST_SPREAD: Final = 0.08
"""Of the copy's longer side, as a standard deviation along both sides: a cluster or a line shows too little."""
LEFT_BEHIND: Final = 0.12
"""A key is replaced when the centre has moved by this share of the longer side ..."""
WORN_SHARE: Final = 0.6
"""... or when fewer of its points than this share are found again."""
PATIENCE: Final = 4
"""Pictures in a row that may hide a key's points, behind somebody who walks by, before another is taken."""
QUALITY: Final = 0.02
APART_PX: Final = 7
AGREE_PX: Final = 0.3
"""A point followed to the next picture and back must come home this near."""
TOGETHER_PX: Final = 1.0

Box = Float[np.ndarray, " 4"]
Picture = UInt8[np.ndarray, "height width 3"]
Grey = UInt8[np.ndarray, "rows columns"]
Shift = Float[np.ndarray, " 4"]


@dataclass(frozen=True, eq=False)
class Key:
    """A picture that others are compared with.

    Attributes:
        grey: its small copy.
        points: corners of its background, in the copy.
        path: how the background had moved since the first picture.
    """

    grey: Grey
    points: Float32[np.ndarray, "points 1 2"]
    path: Shift


@dataclass(frozen=True, eq=False)
class Backdrop:
    """What is known of the background up to some picture.

    Attributes:
        grey: the small copy of the last picture that showed it.
        scale: pixels of the picture per pixel of a copy.
        path: how it moved since the first picture: x and y at the picture's centre in pixels, roll in radians
            (clockwise on the picture), logarithm of growth.
        missed: how many pictures since the last one that showed it; path is that one's.
        lost: so many were missed that this picture begins anew: what happened in between nobody knows.
    """

    key: Key
    grey: Grey
    scale: float
    path: Shift
    missed: int = 0
    lost: bool = False


class Watch:
    """Keeps what was seen of the background while a video goes by."""

    def __init__(self, rate_hz: float) -> None:
        self._pause_s = 0.75 / rate_hz
        self._frame: list[int] = []
        self._due_s = -np.inf
        self._seen: list[Backdrop] = []

    def look(self, frame: int, time_s: float, picture: Picture, boxes: Sequence[Box]) -> None:
        """Look at a picture, if it is time to; arguments as in follow_background."""
        if time_s < self._due_s:
            return
        self._due_s = time_s + self._pause_s
        self._frame.append(frame)
        last = self._seen[-1] if self._seen else None
        self._seen.append(follow_background(last, picture, boxes))

    def shifts(self, count: int) -> Float[np.ndarray, "frames 4"]:
        """How the background moved since the frame before, for each of count frames: x and y in pixels at the
        picture's centre, roll in radians (clockwise on the picture), logarithm of growth; NaN where it could not be
        told. Between two looks it moves evenly, after the last one it goes on as before."""
        step = np.full((count, 4), np.nan)
        step[:1] = 0.0
        start, path = self._frame[0], self._seen[0].path
        for end, seen in zip(self._frame[1:], self._seen[1:], strict=True):
            if seen.missed:
                continue
            if not seen.lost:
                step[start + 1 : end + 1] = (seen.path - path) / (end - start)
            start, path = end, seen.path
        step[self._frame[-1] + 1 :] = step[self._frame[-1]]
        return step


def follow_background(before: Backdrop | None, picture: Picture, boxes: Sequence[Box]) -> Backdrop:
    """Follow the background to the next picture.

    Args:
        boxes: of people: left, top, right, bottom in pixels.
    """
    scale = max(1.0, max(picture.shape[:2]) / SMALL_PX)
    grey = _small(picture, scale)
    if before is None:
        return Backdrop(_key(grey, scale, boxes, np.zeros(4)), grey, scale, np.zeros(4))
    key, moved = before.key, _moved(before.key, grey)
    if moved is None and not before.missed:
        key = _key(before.grey, scale, boxes, before.path)
        moved = _moved(key, grey)
    if moved is None:
        missed = before.missed + 1
        if missed < PATIENCE and len(before.key.points) >= LEAST_POINTS:
            return replace(before, missed=missed, lost=False)
        return Backdrop(_key(grey, scale, boxes, before.path), grey, scale, before.path, lost=True)
    shift, found = moved
    shift = shift * (scale, scale, 1, 1)
    path = key.path + shift
    worn = found < WORN_SHARE * len(key.points)
    if worn or np.hypot(*shift[:2]) > LEFT_BEHIND * SMALL_PX * scale:
        key = _key(grey, scale, boxes, path)
    return Backdrop(key, grey, scale, path)


def _small(picture: Picture, scale: float) -> Grey:
    height, width = picture.shape[:2]
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    return cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)


def _key(grey: Grey, scale: float, boxes: Sequence[Box], path: Shift) -> Key:
    free = np.full(grey.shape, 255, np.uint8)
    for box in boxes:
        left, top, right, bottom = np.clip(np.round(box / scale), -4 * SMALL_PX, 4 * SMALL_PX).astype(int).tolist()
        cv2.rectangle(free, (left, top), (right, bottom), 0, cv2.FILLED)
    found: Any = cv2.goodFeaturesToTrack(grey, POINTS, QUALITY, APART_PX, mask=free)
    return Key(grey, np.zeros((0, 1, 2), np.float32) if found is None else found.astype(np.float32), path)


def _moved(key: Key, grey: Grey) -> tuple[Shift, int] | None:
    """The shift since the key in pixels of the copies, and how many of its points show it; None where too few do."""
    if len(key.points) < LEAST_POINTS:
        return None
    start, end = _pairs(key, grey)
    if len(start) < LEAST_POINTS:
        return None
    answer: tuple[Any, Any] = cv2.findHomography(start, end, cv2.RANSAC, TOGETHER_PX)
    turned, together = answer
    if turned is None:
        return None
    agree = together[:, 0] == 1
    spread = start[agree].std(axis=0).min() if agree.any() else 0.0
    if agree.sum() < LEAST_POINTS or agree.mean() < LEAST_SHARE or spread < LEAST_SPREAD * max(grey.shape):
        return None
    return _at_centre(turned, np.array(grey.shape[::-1]) / 2), int(agree.sum())


def _pairs(key: Key, grey: Grey) -> tuple[Float32[np.ndarray, "found 2"], Float32[np.ndarray, "found 2"]]:
    """Points of the key, and where they are now."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(key.grey, grey, key.points, None, winSize=(13, 13), maxLevel=3)  # pyright: ignore[reportCallIssue,reportArgumentType]
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(grey, key.grey, there, None, winSize=(13, 13), maxLevel=3)  # pyright: ignore[reportCallIssue,reportArgumentType]
    home = np.linalg.norm((back - key.points)[:, 0], axis=1) < AGREE_PX
    kept = (found[:, 0] == 1) & (found_back[:, 0] == 1) & home
    return key.points[kept, 0], there[kept, 0]


def _at_centre(homography: Float[np.ndarray, "3 3"], middle: Float[np.ndarray, " 2"]) -> Shift:
    """What a homography does to the neighbourhood of a point."""
    image = homography @ (*middle, 1.0)
    place = image[:2] / image[2]
    slope = (homography[:2, :2] - np.outer(place, homography[2, :2])) / image[2]
    roll_rad = np.arctan2(slope[1, 0] - slope[0, 1], slope[0, 0] + slope[1, 1])
    return np.array([*(place - middle), roll_rad, np.log(max(np.linalg.det(slope), 1e-6)) / 2])
