"""Whether films can be written and read: one picture to H.264 and back, timed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

from models.errors import InputError, OutputError
from pipeline.doctor.findings import Finding, problem, well
from pipeline.doctor.installed import reinstall

if TYPE_CHECKING:
    import numpy as np

SIDE_PX: Final = 256
LUMA: Final = 180
"""Of the picture that is written, far from black, grey and white."""
LUMA_TOLERANCE: Final = 2
"""How far the picture may come back from what it was: an even one loses nothing but rounding."""
PROGRAM: Final = "IMAGEIO_FFMPEG_EXE"
"""Names another program for imageio-ffmpeg to use."""


def films() -> Iterator[Finding]:
    """Write one picture as every film of a run is written, then read it as every video is read."""
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "picture.mp4"
        yield _encoding(film)
        yield _decoding(film)


def _encoding(path: Path) -> Finding:
    from pipeline import film  # noqa: PLC0415

    began = perf_counter()
    try:
        film.encode([_even_picture()], 30, path)
        fault = "" if path.is_file() and path.stat().st_size else "it ended well and left no film"
    except OutputError as error:
        fault = error.problem.removeprefix(f"cannot write {path} ").strip("()")
    except (OSError, RuntimeError) as error:
        fault = str(error)
    if fault:
        words = f"ffmpeg, the program in imageio-ffmpeg, writes no H.264 by libx264: {fault}"
        return problem("encoding", words, _program_remedy())
    return well("encoding", f"a picture to H.264 by libx264 in {1e3 * (perf_counter() - began):.0f} ms")


def _decoding(path: Path) -> Finding:
    import av  # noqa: PLC0415
    from av.codec import Codec  # noqa: PLC0415

    from stages.frames import decode, open_video  # noqa: PLC0415

    try:
        Codec("h264", "r")
    except ValueError:
        return problem("decoding", f"PyAV {av.__version__} has no decoder of H.264", reinstall("av"))
    if not path.is_file():
        return well("decoding", "PyAV has a decoder of H.264; not tried, because no film was written")
    began = perf_counter()
    try:
        with open_video(path) as container:
            lumas = [moment.frame.to_ndarray()[:SIDE_PX].mean() for moment in decode(container) if moment]
    except InputError as error:
        return problem("decoding", f"PyAV {av.__version__} does not read its H.264 ({error.problem})", reinstall("av"))
    took_ms = 1e3 * (perf_counter() - began)
    if len(lumas) != 1 or abs(lumas[0] - LUMA) > LUMA_TOLERANCE:
        return problem("decoding", f"a picture of luma {LUMA} came back from H.264 as {lumas}", reinstall("av"))
    return well("decoding", f"a picture from H.264 by PyAV {av.__version__} in {took_ms:.0f} ms")


def _even_picture() -> np.ndarray:
    """As pipeline.film takes it: luma above colour."""
    import numpy as np  # noqa: PLC0415

    picture = np.full((SIDE_PX * 3 // 2, SIDE_PX), 128, np.uint8)
    picture[:SIDE_PX] = LUMA
    return picture


def _program_remedy() -> str:
    named = os.environ.get(PROGRAM)
    return f"unset {PROGRAM}, which names {named}" if named else reinstall("imageio-ffmpeg")
