"""Reads the arrays of other programs' results (.pkl, joblib's files, torch's .pt) without running any of them.

The instructions of a pickle are followed with stand-ins (models/bodies/unpickle.py). joblib writes an array's bytes
right behind the object that stands for it, and may pack the whole file with zlib; torch keeps tensors as members of a
zip archive, to which the pickle refers. Dictionaries, lists and numbers stay; all else is refused.
"""

import io
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from models.bodies.pickled_arrays import Pending, RefusedError, from_bytes, resolve, sizes_of
from models.bodies.unpickle import DAMAGE, Dialect, run_pickle
from models.errors import InputError

MAX_BYTES: Final = 2**31
"""Of a file, and of what it unpacks to: WHAM keeps every vertex of every frame."""
MAX_SPREAD: Final = 2**20
"""Entries of a tensor of which its storage holds fewer, because its steps are zero."""
MAX_DEPTH: Final = 12
WRAPPER: Final = "joblib.numpy_pickle.NumpyArrayWrapper"
_ZLIB: Final = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_STORAGE: Final[Mapping[str, str]] = {
    "torch.DoubleStorage": "<f8", "torch.FloatStorage": "<f4", "torch.HalfStorage": "<f2", "torch.LongStorage": "<i8",
    "torch.IntStorage": "<i4", "torch.ShortStorage": "<i2", "torch.CharStorage": "i1", "torch.ByteStorage": "u1",
    "torch.BoolStorage": "?",
}  # fmt: skip
_ZIP_DAMAGE: Final = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error)


def read_results(path: Path) -> Any:
    """Dictionaries, lists, arrays, numbers and texts of a file, None for what is none of them.

    Raises:
        InputError: it cannot be read, is damaged, too large, or asks for anything beyond arrays.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{path} has {size} bytes, more than {MAX_BYTES}", "cut the video into shorter clips")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})", "name a readable file") from error
    try:
        if content[:2] == b"PK":
            return _from_torch(content)
        return _plain(run_pickle(io.BytesIO(_unpacked(content)), _JOBLIB), {}, MAX_DEPTH)
    except RefusedError as refusal:
        raise InputError(
            f"{path.name} {refusal}, which no result needs; nothing of it was run",
            "write the results again with the program that makes them, and do not open this file with others",
        ) from None
    except (*DAMAGE, *_ZIP_DAMAGE) as error:
        raise InputError(
            f"{path.name} is no whole file of results ({type(error).__name__}: {str(error)[:200]})",
            "write it again with the program that makes it",
        ) from None


def _unpacked(content: bytes) -> bytes:
    if content[:2] not in _ZLIB:
        return content
    packed = zlib.decompressobj()
    found = packed.decompress(content, MAX_BYTES)
    if packed.unconsumed_tail:
        raise RefusedError(f"unpacks to more than {MAX_BYTES} bytes")
    return found


def _plain(value: Any, known: dict[int, Any], depth: int) -> Any:
    """Stand-ins made arrays; what is referred to many times is made once."""
    if depth == 0:
        raise RefusedError(f"is nested more than {MAX_DEPTH} deep")
    if id(value) in known:
        return known[id(value)]
    made: Any
    match value:
        case dict():
            made = {key: _plain(each, known, depth - 1) for key, each in value.items()}
        case list() | tuple():
            made = [_plain(each, known, depth - 1) for each in value]
        case _:
            made = resolve(value)
    known[id(value)] = made
    return made


def _wrapped_array(made: Any, stream: io.BytesIO) -> Any:
    """The array whose bytes follow joblib's stand-in for it."""
    if not isinstance(made, Pending) or made.kind != "joblib":
        return made
    state = made.parts[-1]
    if state.get("numpy_array_alignment_bytes") is not None:
        stream.read(stream.read(1)[0])
    shape, kind = sizes_of(state["shape"]), state["dtype"]
    item = 1 if not isinstance(kind, Pending) else np.dtype(_code(kind)).itemsize
    return from_bytes(stream.read(math.prod(shape) * item), kind, shape, state["order"])


def _code(kind: Pending) -> str:
    code = str(kind.parts[0])
    if code[:1] not in "biuf":
        raise RefusedError("holds an array of objects")
    return code


def _dictionary(*_: Any) -> dict[Any, Any]:
    return {}


_ORDERED: Final = {"collections.OrderedDict": _dictionary, "collections.defaultdict": _dictionary}
_JOBLIB: Final = Dialect(
    callable={**_ORDERED, WRAPPER: lambda: Pending("joblib")},
    names=frozenset({"builtins.dict", "builtins.list", "__builtin__.dict", "__builtin__.list"}),
    built=_wrapped_array,
)


@dataclass(eq=False)
class _Torch:
    """An archive and what of it was read.

    Attributes:
        folder: in which all members lie.
        read: storages by name, so that one that is shared is read once.
        spent: bytes of storages and tensors so far.
    """

    archive: zipfile.ZipFile
    folder: str
    read: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    spent: int = 0

    def storage(self, told: Any) -> np.ndarray:
        """The numbers that a persistent id names."""
        if not isinstance(told, tuple) or len(told) < 5 or told[0] != "storage" or str(told[1]) not in _STORAGE:
            raise RefusedError("names a storage of an unknown kind")
        key, kind = str(told[2]), np.dtype(_STORAGE[str(told[1])])
        if key not in self.read:
            entry = self.archive.getinfo(f"{self.folder}data/{key}")
            self._spend(entry.file_size)
            content = self.archive.read(entry)
            self.read[key] = np.frombuffer(content, kind, count=len(content) // kind.itemsize)
        return self.read[key]

    def tensor(self, storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> np.ndarray:
        """A view of a storage, copied; it may not reach beyond, nor stand for much more than there is."""
        shape, steps = sizes_of(size), sizes_of(stride)
        if not isinstance(storage, np.ndarray) or not isinstance(offset, int) or len(shape) != len(steps) or offset < 0:
            raise RefusedError("holds a tensor of unknown make")
        count = math.prod(shape)
        last = offset + sum((length - 1) * step for length, step in zip(shape, steps, strict=True))
        if count and (count > max(storage.size, MAX_SPREAD) or last >= storage.size):
            raise RefusedError("holds a tensor beyond its storage")
        item = storage.dtype.itemsize
        self._spend(count * item)
        if count == 0:
            return np.zeros(shape, storage.dtype)
        bytes_apart = [step * item for step in steps]
        return np.lib.stride_tricks.as_strided(storage[offset:], shape, bytes_apart, writeable=False).copy()

    def _spend(self, size: int) -> None:
        self.spent += size
        if self.spent > 2 * MAX_BYTES:
            raise RefusedError(f"holds tensors of more than {MAX_BYTES} bytes")


def _from_torch(content: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        pickles = [entry for entry in entries if entry.filename.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise RefusedError("is a zip archive that torch did not write")
        if sum(entry.file_size for entry in entries) > MAX_BYTES:
            raise RefusedError(f"unpacks to more than {MAX_BYTES} bytes")
        torch = _Torch(archive, pickles[0].filename.removesuffix("data.pkl"))
        dialect = Dialect(
            callable={**_ORDERED, "torch._utils._rebuild_tensor_v2": torch.tensor},
            names=frozenset(_STORAGE),
            persistent=torch.storage,
        )
        return _plain(run_pickle(io.BytesIO(archive.read(pickles[0])), dialect), {}, MAX_DEPTH)
