"""Pictures -> an H.264 file that every browser plays."""

import contextlib
import errno
import itertools
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import ffmpeg
import imageio_ffmpeg
import numpy as np

from models.errors import OutputError
from pipeline import stop
from pipeline.atomic import FREE_SPACE, meant

KEYFRAME_INTERVAL: Final = 15
"""Short groups without B-frames: a seek in a browser lands on the frame that was asked for."""
Style = tuple[str, int]
"""x264's preset, and its constant rate factor: the higher, the smaller and the worse."""
FAST: Final[Style] = ("ultrafast", 23)
SMALL: Final[Style] = ("ultrafast", 26)
FINE: Final[Style] = ("slow", 20)
FULL_DISK: Final = os.strerror(errno.ENOSPC)
BT709: Final = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "color_range": "tv"}


def encode(pictures: Iterable[np.ndarray], rate_hz: float, path: Path, style: Style = FAST) -> None:
    """Write pictures at a constant rate, one at a time.

    Args:
        pictures: YUV 4:2:0 as stages.frames.small_picture makes it: uint8, planes below each other (height * 3 / 2,
            width), even sizes, BT.709 in television's range.
        rate_hz: pictures a second.
        path: the file; what lies there is replaced.
        style: FINE takes ten times as long as FAST and looks better at the same size.

    Raises:
        OutputError: the file cannot be written.
    """
    encode_together(((picture,) for picture in pictures), rate_hz, {path: style})


def encode_together(rows: Iterable[Sequence[np.ndarray]], rate_hz: float, styles: Mapping[Path, Style]) -> None:
    """Write several films at once, by their paths: every row holds the next picture of each; others as in encode."""
    stream = iter(rows)
    first = next(stream)
    begun = zip(first, styles.items(), strict=True)
    films = [_Film.begin(picture, rate_hz, path, style) for picture, (path, style) in begun]
    try:
        with contextlib.ExitStack() as stack:
            for film in films:
                stack.enter_context(stop.cleaning(film.process.kill))
            for row in itertools.chain([first], stream):
                stop.check()
                for film, picture in zip(films, row, strict=True):
                    film.pictures.write(np.ascontiguousarray(picture).data)
    except BrokenPipeError:
        pass  # the program's own words follow
    except BaseException:
        for film in films:
            film.process.kill()
        raise
    finally:
        words = [film.end() for film in films]
    for path, problem in zip(styles, words, strict=True):
        if problem:
            raise OutputError(f"cannot write {meant(path)} ({problem})", FREE_SPACE)


@dataclass(frozen=True, eq=False)
class _Film:
    """A program that encodes what it is sent."""

    process: "subprocess.Popen[bytes]"
    pictures: IO[bytes]
    complaints: IO[bytes]

    @classmethod
    def begin(cls, picture: np.ndarray, rate_hz: float, path: Path, style: Style) -> "_Film":
        command = _command((picture.shape[1], picture.shape[0] * 2 // 3), rate_hz, path, style)
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdin is not None and process.stderr is not None
        return cls(process, process.stdin, process.stderr)

    def end(self) -> str:
        """Wait for the file to be whole; when it is not, what the program said of the disk, or last."""
        with contextlib.suppress(BrokenPipeError):
            self.pictures.close()
        words = self.complaints.read().decode(errors="replace").strip().splitlines()
        code = self.process.wait()
        told = [line for line in words if FULL_DISK in line] or words or [f"the encoder ended with {code}"]
        return "" if code == 0 else told[-1]


def _command(size_px: tuple[int, int], rate_hz: float, path: Path, style: Style) -> list[str]:
    width_px, height_px = size_px
    preset, crf = style
    pictures = ffmpeg.input(
        "pipe:", format="rawvideo", pix_fmt="yuv420p", s=f"{width_px}x{height_px}", r=f"{rate_hz:.6f}", **BT709
    )
    encoded = pictures.output(
        str(path), vcodec="libx264", pix_fmt="yuv420p", preset=preset, crf=crf, g=KEYFRAME_INTERVAL, bf=0,
        movflags="+faststart", fflags="+bitexact", flags="+bitexact", video_track_timescale=90000, threads=2, **BT709,
    )  # fmt: skip
    command: list[str] = (
        encoded.overwrite_output().global_args("-loglevel", "error").compile(cmd=imageio_ffmpeg.get_ffmpeg_exe())
    )
    return command
