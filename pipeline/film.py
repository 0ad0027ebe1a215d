"""Pictures -> an H.264 file that every browser plays."""

import itertools
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import ffmpeg
import imageio_ffmpeg
import numpy as np

from models.errors import OutputError

KEYFRAME_INTERVAL: Final = 15
"""Short groups without B-frames: a seek in a browser lands on the frame that was asked for."""


def encode(pictures: Iterable[np.ndarray], rate_hz: float, path: Path) -> None:
    """Write RGB pictures (height, width, 3; uint8; even sizes) at a constant rate, one at a time.

    Raises:
        OutputError: the file cannot be written.
    """
    stream = iter(pictures)
    first = next(stream)
    process = subprocess.Popen(
        _command(first.shape[1], first.shape[0], rate_hz, path), stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None and process.stderr is not None
    try:
        for picture in itertools.chain([first], stream):
            process.stdin.write(np.ascontiguousarray(picture).data)
        process.stdin.close()
    except BrokenPipeError:
        pass  # the program's own words follow
    except BaseException:
        process.kill()
        raise
    finally:
        words = process.stderr.read().decode(errors="replace").strip()
        code = process.wait()
    if code != 0:
        raise OutputError(f"cannot write {path} ({words.splitlines()[-1] if words else code})", "check the free space")


def _command(width_px: int, height_px: int, rate_hz: float, path: Path) -> list[str]:
    pictures = ffmpeg.input(
        "pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{width_px}x{height_px}", r=f"{rate_hz:.6f}"
    )
    encoded = pictures.output(
        str(path), vcodec="libx264", pix_fmt="yuv420p", preset="ultrafast", crf=23, g=KEYFRAME_INTERVAL, bf=0,
        movflags="+faststart", fflags="+bitexact", flags="+bitexact", video_track_timescale=90000, threads=2,
    )  # fmt: skip
    command: list[str] = (
        encoded.overwrite_output().global_args("-loglevel", "error").compile(cmd=imageio_ffmpeg.get_ffmpeg_exe())
    )
    return command
