"""How a contract lies on disk: one .npz without pickles, the same bytes for the same content."""

import dataclasses
import hashlib
import io
import itertools
import json
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from models.errors import InputError
from models.npz import DamagedNpzError, read_npz


class DamagedArtefactError(Exception):
    """The file on disk does not hold the contract that it should."""


def encode(result: object) -> bytes:
    """Turn a contract, or a tuple of contracts, into the bytes of a .npz file.

    The fields of the n-th contract of a tuple are stored as `n/field`.
    """
    arrays = _arrays(result) if not isinstance(result, tuple) else _numbered(result)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def decode(content: bytes, kind: Any) -> Any:
    """Build what a stage returns from the bytes of a .npz file.

    Args:
        content: what `encode` made.
        kind: the annotation of the stage's result: a contract, or `tuple[Contract, ...]`.

    Raises:
        DamagedArtefactError: the bytes do not hold such a contract.
    """
    try:
        # What `encode` makes is not compressed.
        arrays = read_npz(io.BytesIO(content), most_bytes=len(content))
        if get_origin(kind) is tuple:
            rows = int(arrays.pop("count"))
            return tuple(_build(get_args(kind)[0], arrays, f"{row}/") for row in range(rows))
        return _build(kind, arrays, "")
    except (DamagedNpzError, ValueError, KeyError, TypeError) as error:
        raise DamagedArtefactError(str(error)) from error


def digest(value: object) -> str:
    """Name the content of a stage's input: equal digests, equal results.

    A file is known by its bytes, not by its path; a contract by its fields; anything else by its JSON.

    Raises:
        InputError: a file is missing or cannot be read.
    """
    match value:
        case Path():
            return _digest_file(value)
        case np.ndarray():
            return _sha256(value.dtype.str, str(value.shape), np.ascontiguousarray(value).tobytes())
        case tuple():
            return _sha256("tuple", *map(digest, value))
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = [(field.name, digest(getattr(value, field.name))) for field in dataclasses.fields(value)]
            return _sha256(type(value).__name__, *itertools.chain.from_iterable(fields))
        case _:
            return _sha256("json", json.dumps(value))


def _digest_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist", "check the path for a misspelling") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})", "name a file that can be read") from error


def _sha256(*parts: str | bytes) -> str:
    content = hashlib.sha256()
    for part in parts:
        content.update(part.encode() + b"\0" if isinstance(part, str) else part)
    return content.hexdigest()


def _arrays(contract: Any) -> dict[str, Any]:
    return {field.name: np.asarray(getattr(contract, field.name)) for field in dataclasses.fields(contract)}


def _numbered(contracts: tuple[object, ...]) -> dict[str, Any]:
    rows = {f"{row}/{key}": array for row, item in enumerate(contracts) for key, array in _arrays(item).items()}
    return {"count": np.asarray(len(contracts)), **rows}


def _build(kind: Any, arrays: dict[str, Any], prefix: str) -> Any:
    hints = get_type_hints(kind)
    fields = {field.name: arrays[prefix + field.name] for field in dataclasses.fields(kind)}
    return kind(**{name: _plain(array, hints[name]) for name, array in fields.items()})


def _plain(array: Any, hint: Any) -> Any:
    return hint(array.item()) if hint in (int, float, str, bool) else array
