"""Pictures of a sequence, or of a camera -> a video file, which is then read like any other."""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import av
import cv2
import numpy as np
from jaxtyping import UInt8

from models.errors import ConfigError, InputError
from stages.frames import read_picture

VERSION: Final = 1
SUFFIXES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
NUMBERED: Final = re.compile(r"%0?(\d*)d")
TIME_BASE: Final = Fraction(1, 90_000)
LOSSLESS_ENOUGH: Final[dict[str, object]] = {"crf": "8", "preset": "veryfast"}
"""To the eye as the pictures themselves, at a fifth of their size."""
LIVE: Final[dict[str, object]] = {"crf": "18", "preset": "ultrafast"}
"""Keeps up with a camera."""
MOST_RATE_HZ: Final = 1000.0


@dataclass(frozen=True)
class Config:
    """What pictures and cameras do not say of themselves."""

    rate_hz: float = 30.0
    """Pictures of a sequence that were taken in a second."""
    seconds: float = 10.0
    """How long a camera is recorded."""

    def __post_init__(self) -> None:
        if not 0 < self.rate_hz <= MOST_RATE_HZ:
            raise ConfigError(f"pictures.rate_hz is {self.rate_hz}", f"give a number up to {MOST_RATE_HZ:g}")
        if not self.seconds > 0:
            raise ConfigError(f"pictures.seconds is {self.seconds}", "give a number above zero")


def pictures_in(source: Path) -> tuple[Path, ...]:
    """The pictures of a folder, or those that fit a pattern such as shot_%04d.png, by the numbers in their names.

    Raises:
        InputError: there is none.
    """
    if source.is_dir():
        found = [path for path in source.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    else:
        found = _fitting(source)
    if not found:
        raise InputError(
            f"there is no picture {source}", "name a folder of pictures, or a pattern such as shot_%04d.png"
        )
    return tuple(sorted(found, key=_natural))


def is_pictures(source: Path) -> bool:
    """Whether a source is a folder with pictures, or a pattern of numbered ones."""
    if source.is_dir():
        return any(path.suffix.lower() in SUFFIXES for path in source.iterdir())
    return NUMBERED.search(source.name) is not None and not source.exists()


def run(config: Config, pictures: tuple[Path, ...], *, to: Path) -> None:
    """Write pictures as a video of constant rate.

    They are read as frames are: in 8 bits, without transparency. One of another size is scaled to the first's.

    Raises:
        InputError: a picture cannot be read.
    """
    write_video(to, ((k / config.rate_hz, read_picture(path)) for k, path in enumerate(pictures)), LOSSLESS_ENOUGH)


@runtime_checkable
class Camera(Protocol):
    """What cv2.VideoCapture is, as far as it is used."""

    def isOpened(self) -> bool: ...  # noqa: N802
    def read(self) -> tuple[bool, Any]: ...
    def release(self) -> None: ...


def record(config: Config, number: int, *, to: Path, camera: Camera | None = None) -> int:
    """Write what a camera shows for a while; how many pictures.

    A picture's time is when it arrived.

    Args:
        number: of the camera, from 0 on.
        camera: the device itself, where it is not the system's.

    Raises:
        InputError: the camera cannot be opened, or shows nothing.
    """
    device: Camera = cv2.VideoCapture(number) if camera is None else camera
    try:
        if not device.isOpened():
            problem = f"camera {number} cannot be opened"
            raise InputError(problem, "check that it is plugged in, that no other program uses it, and its number")
        count = write_video(to, _shown(device, config.seconds), LIVE)
    finally:
        device.release()
    if not count:
        raise InputError(f"camera {number} shows no picture", "try it in another program, or unplug it and plug it in")
    return count


def write_video(
    to: Path, moments: Iterable[tuple[float, UInt8[np.ndarray, "height width 3"]]], options: dict[str, object]
) -> int:
    """Encode pictures at their times in seconds, which rise; how many they were."""
    count = 0
    with av.open(str(to), "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.pix_fmt, stream.options = "yuv444p", options
        stream.codec_context.time_base = TIME_BASE
        for time_s, picture in moments:
            if not count:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(_scaled(picture, (stream.width, stream.height)), format="rgb24")
            frame.pts, frame.time_base = round(time_s / TIME_BASE), TIME_BASE
            container.mux(stream.encode(frame))
            count += 1
        if count:
            container.mux(stream.encode(None))
    return count


def _scaled(picture: UInt8[np.ndarray, "_ _ 3"], size_px: tuple[int, int]) -> UInt8[np.ndarray, "height width 3"]:
    if picture.shape[1::-1] == size_px:
        return np.ascontiguousarray(picture)
    return cv2.resize(picture, size_px, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _shown(device: Camera, seconds: float) -> Iterator[tuple[float, UInt8[np.ndarray, "height width 3"]]]:
    began_s = last_s = None
    while began_s is None or time.monotonic() - began_s < seconds:
        is_there, picture = device.read()
        now_s = time.monotonic()
        if not is_there:
            return
        began_s = now_s if began_s is None else began_s
        if last_s is None or now_s - last_s > TIME_BASE:
            yield now_s - began_s, picture[..., ::-1]
            last_s = now_s


def _fitting(pattern: Path) -> list[Path]:
    head, tail = NUMBERED.split(pattern.name)[0], NUMBERED.split(pattern.name)[-1]
    digits = NUMBERED.search(pattern.name)
    least = int(digits[1] or 1) if digits else 1
    name = re.compile(rf"{re.escape(head)}\d{{{least},}}{re.escape(tail)}")
    folder = pattern.parent
    return [path for path in folder.iterdir() if name.fullmatch(path.name)] if folder.is_dir() else []


def _natural(path: Path) -> list[tuple[int, str]]:
    """Numbers in a name count as numbers: 2 before 10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name)]
