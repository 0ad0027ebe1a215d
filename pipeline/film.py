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
FAST: Final = ("ultrafast", 23)
FINE: Final = ("slow", 20)
BT709: Final = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "color_range": "tv"}


def encode(pictures: Iterable[np.ndarray], rate_hz: float, path: Path, *, fine: bool = False) -> None:
    """Write pictures at a constant rate, one at a time.

    Args:
        pictures: YUV 4:2:0 as stages.frames.small_picture makes it: uint8, planes below each other (height * 3 / 2,
            width), even sizes, BT.709 in television's range.
        rate_hz: pictures a second.
        path: the file; what lies there is replaced.
        fine: take ten times as long and look better at the same size.

    Raises:
        OutputError: the file cannot be written.
    """
    stream = iter(pictures)
    first = next(stream)
    process = subprocess.Popen(
        _command((first.shape[1], first.shape[0] * 2 // 3), rate_hz, path, fine=fine),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
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


def _command(size_px: tuple[int, int], rate_hz: float, path: Path, *, fine: bool) -> list[str]:
    width_px, height_px = size_px
    preset, crf = FINE if fine else FAST
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
