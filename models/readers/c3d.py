"""C3D files of motion laboratories whose points are joints; read by ezc3d.

Layout: c3d.org's manual. POINT:UNITS tells the unit, POINT:RATE the rate, POINT:X_SCREEN and POINT:Y_SCREEN, where they
are, which axes lie to the right and upward. A point whose residual is negative was not seen. The file's claims are
held against its size before anything is read.
"""

import struct
from pathlib import Path
from typing import Any, Final

import numpy as np

from models.errors import InputError
from models.readers.given import MAX_FRAMES, Said, WorldPoints, need_rate
from models.readers.joints import from_columns

MAX_BYTES: Final = 2**30
BLOCK: Final = 512
KEY: Final = 0x50
_DAMAGE: Final = (RuntimeError, ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError, OSError)
"""What ezc3d raises on wrong bytes."""


def read(path: Path, said: Said) -> tuple[WorldPoints, ...]:
    """The one person of a file.

    Raises:
        InputError: the file is broken, its points are no known joints, or as person_in_world.
    """
    _require_whole(path)
    import ezc3d  # noqa: PLC0415 - a fifth of a second, and only this format needs it

    try:
        content: Any = ezc3d.c3d(str(path))
        group = content["parameters"]["POINT"]
        labels = [str(label) for label in _value(group, "LABELS", [])]
        points = np.asarray(content["data"]["points"], dtype=np.float64)[:3].transpose(2, 1, 0)
        residual = np.asarray(content["data"]["meta_points"]["residuals"], dtype=np.float64)[0].T
        rate = _value(group, "RATE", [0.0])
        units = _value(group, "UNITS", [])
        screen = [str(each) for key in ("X_SCREEN", "Y_SCREEN") for each in _value(group, key, [])]
    except _DAMAGE as error:
        raise InputError(f"{path} is no C3D file that can be read ({error})", "export it again") from error
    if len(labels) < points.shape[1]:
        labels += [f"unnamed{number}" for number in range(len(labels), points.shape[1])]
    points[(residual < 0) | (points == 0).all(axis=-1)] = np.nan
    told_hz = float(rate[0]) if len(rate) and float(rate[0]) > 0 else None
    times_s = np.arange(len(points)) / need_rate(said, told_hz, f"{path} does not tell its rate")
    unit = str(units[0]).strip().lower() if len(units) else None
    up = {"+Y": "y", "+Z": "z", "-Y": "-y"}.get(screen[1].strip().upper()) if len(screen) > 1 else None
    names = [label.rsplit(":", 1)[-1] for label in labels[: points.shape[1]]]
    return from_columns(str(path), names, points, times_s, said, unit=unit, up=up)


def _value(group: Any, key: str, default: Any) -> Any:
    return group[key]["value"] if key in group else default


def _require_whole(path: Path) -> None:
    """A header may claim points that the file cannot hold; ezc3d would ask for their memory."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(BLOCK)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})", "name a readable file") from error
    if size > MAX_BYTES:
        raise InputError(f"{path} has {size} bytes, more than {MAX_BYTES}", "cut it into shorter clips")
    if len(head) < BLOCK or head[1] != KEY:
        raise InputError(f"{path} is no C3D file", "hand in a .c3d file")
    points, _, first, last = struct.unpack_from("<4H", head, 2)
    claimed = points * max(0, last - first + 1) * 8
    if claimed > size or last - first + 1 > MAX_FRAMES:
        raise InputError(
            f"{path} claims {points} points in {last - first + 1} frames, more than its bytes hold", "export it again"
        )
