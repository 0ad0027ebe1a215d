"""Reads JSON from anywhere: sizes are bounded, numbers are finite, and what is not as promised is named."""

import json
import re
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float

from models.errors import InputError

MAX_BYTES: Final = 2**29
MAX_FRAME_BYTES: Final = 2**22
"""One frame of a crowd with faces and hands takes a hundredth."""
MAX_FILES: Final = 200_000


def read_json(path: Path, most_bytes: int = MAX_BYTES) -> Any:
    """The content of a file.

    Raises:
        InputError: it cannot be read, is too large, or is no JSON.
    """
    try:
        size = path.stat().st_size
        if size > most_bytes:
            raise InputError(f"{path} has {size} bytes, more than {most_bytes}", "cut it into shorter clips")
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})", "name a readable file") from error
    except (ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())[:200]
        raise InputError(f"{path} is no JSON ({problem})", "write it again with the program that made it") from error


def files_of(folder: Path, ending: str) -> dict[int, Path]:
    """Files of a folder by the last number in their names, in its order.

    Raises:
        InputError: there is none, a name has no number, two have the same, or there are more than MAX_FILES.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.endswith(ending))
    except OSError as error:
        raise InputError(f"{folder} cannot be read ({error.strerror})", "name a readable folder") from error
    if not 0 < len(paths) <= MAX_FILES:
        raise InputError(f"{folder} holds {len(paths)} files *{ending}", f"name a folder with 1 to {MAX_FILES} of them")
    found: dict[int, Path] = {}
    for path in paths:
        number = last_number(path.name.removesuffix(ending))
        if number is None or number in found:
            raise InputError(f"{path} has no frame number of its own", "keep the names that the program gave")
        found[number] = path
    return dict(sorted(found.items()))


def last_number(text: str) -> int | None:
    """The last run of digits in a name, as 12 in walk_000000000012."""
    digits = re.findall(r"\d{1,15}", text)
    return int(digits[-1]) if digits else None


def triples(values: Any, where: str, width: int = 3) -> Float[np.ndarray, "points width"]:
    """Numbers in a row, so many for each point; whatever is not finite becomes zero.

    Raises:
        InputError: they are no numbers, or do not divide.
    """
    try:
        row = np.asarray(values, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{where} holds something other than numbers", "write numbers") from None
    if row.size == 0 or row.size % width:
        raise InputError(f"{where} has {row.size} numbers, which are no points of {width}", f"write {width} for each")
    table = row.reshape(-1, width)
    return np.where(np.isfinite(table).all(axis=1, keepdims=True), table, 0.0)


def wanted(record: Any, key: str, where: str) -> Any:
    """What a record holds under a key.

    Raises:
        InputError: it is no record, or lacks the key.
    """
    if not isinstance(record, dict) or key not in record:
        raise InputError(f"{where} has no {key!r}", "hand in the file as its program wrote it")
    return record[key]
