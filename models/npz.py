"""Reads an .npz file from anywhere: nothing is unpickled, and no array is larger than the file may account for."""

import io
import math
import struct
import zipfile
from collections.abc import Collection
from lzma import LZMAError
from pathlib import Path
from tokenize import TokenError
from typing import Any, Final
from zlib import error as ZlibError  # noqa: N812

import numpy as np
from numpy.lib import format as npy

_DAMAGE: Final = (
    OSError, ValueError, EOFError, KeyError, IndexError, AttributeError, OverflowError, NotImplementedError,
    RuntimeError, SyntaxError, TokenError, struct.error, zipfile.BadZipFile, ZlibError, LZMAError,
)  # fmt: skip
"""What wrong bytes lead to in zipfile and numpy, an archive that is locked or packed in an unknown way included."""
_HEADERS: Final[dict[tuple[int, int], Any]] = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


class DamagedNpzError(Exception):
    """The bytes are no .npz file, or one that claims more than it may."""


def read_npz(source: Path | io.BytesIO, most_bytes: int, keys: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays by name; sizes are checked before any memory is asked for.

    An archive may inflate to a thousand times its size, and an array's header may claim any shape whatever follows it.

    Args:
        source: a path, or bytes as a file.
        most_bytes: that all arrays read may have together.
        keys: read only these, where they are there; others are not looked at.

    Raises:
        DamagedNpzError: no such file, damaged, pickled, or larger than that.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            names = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            entries = [(name, entry) for name, entry in names.items() if keys is None or name in keys]
            if sum(entry.file_size for _, entry in entries) > most_bytes:
                raise DamagedNpzError(f"it would take more than {most_bytes} bytes of memory")
            return {name: _read_array(archive, entry) for name, entry in entries}
    except _DAMAGE as error:
        raise DamagedNpzError(" ".join(str(error).split()) or type(error).__name__) from error


def _read_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(entry) as file:
        shape, _, dtype = _HEADERS[npy.read_magic(file)](file)
        claimed = math.prod(shape) * max(1, dtype.itemsize)
        if dtype.hasobject or claimed > entry.file_size:
            raise DamagedNpzError(f"{entry.filename} claims {claimed} bytes of {dtype}, and has {entry.file_size}")
    with archive.open(entry) as file:
        return npy.read_array(file, allow_pickle=False)
