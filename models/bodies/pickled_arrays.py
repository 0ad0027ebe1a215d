"""What the few objects of a body model's pickle mean: arrays, sparse matrices and chumpy's wrappers about arrays.

Nothing of a file is called: each kind of object that may occur is built here from its pickled parts.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

NUMBER_TYPE: Final = re.compile("[biufSU][0-9]{1,4}")
"""numpy's codes of types that hold numbers or letters; all others may hold objects."""
MAX_AXES: Final = 8
MAX_SIZE: Final = 2**31
MAX_DENSE: Final = 2**26
"""Entries that a sparse matrix may have when it is written out."""
MAX_WRITTEN: Final = 8 * MAX_DENSE
"""Bytes of an array of which the file holds fewer: a sparse matrix written out, or what an index picks."""


class RefusedError(Exception):
    """The file asks for something that no array needs; the text says for what."""


@dataclass
class Pending:
    """An object under construction.

    Attributes:
        kind: where its class lives, or what this file calls it.
        parts: arguments, then state, as far as they have come.
    """

    kind: str
    parts: list[Any] = field(default_factory=list[Any])


def construct(callee: str, arguments: tuple[Any, ...]) -> Any:
    """What a pickle means by calling a global with arguments.

    Raises:
        RefusedError: the global is none that arrays need.
    """
    if callee not in CALLABLE:
        raise RefusedError(f"calls {callee}")
    return CALLABLE[callee](*arguments)


def set_state(target: Any, state: Any) -> None:
    """What a pickle means by giving an object its state.

    Raises:
        RefusedError: the object takes none.
    """
    if not isinstance(target, Pending):
        raise RefusedError(f"gives state to a {type(target).__name__}")
    if target.kind == "dtype" and (not isinstance(state, tuple) or state[2:5] != (None, None, None)):
        raise RefusedError("holds numbers with named fields")
    target.parts.append(state)


def resolve(value: Any) -> Any:
    """The array behind an object; numbers and texts stay, and what holds no numbers becomes None.

    Raises:
        RefusedError: an array of objects, a size that does not fit, or a wrapper that computes.
        KeyError, IndexError, TypeError, ValueError: parts are missing or of wrong types.
    """
    if isinstance(value, Pending):
        return _RESOLVE[value.kind](value)
    return value if isinstance(value, (np.ndarray, str, bytes, int, float, bool)) else None


def _array(made: Pending) -> np.ndarray:
    _, shape, dtype, is_fortran, content = made.parts[-1]
    return from_bytes(content, dtype, shape, "F" if is_fortran else "C")


def from_bytes(content: Any, dtype: Any, shape: Any, order: str = "C") -> np.ndarray:
    """An array from its bytes and what a pickle says of its type and shape.

    Raises:
        RefusedError: it holds no numbers or letters, or bytes and shape do not fit.
    """
    kind = _number_type(dtype)
    if not isinstance(content, (str, bytes, bytearray)):
        raise RefusedError("holds an array of objects")
    raw = content.encode("latin-1") if isinstance(content, str) else bytes(content)
    sizes = sizes_of(shape)
    if math.prod(sizes) * kind.itemsize != len(raw):
        raise RefusedError(f"holds an array of shape {sizes} in {len(raw)} bytes")
    return np.frombuffer(raw, kind).reshape(sizes, order="F" if order == "F" else "C")


def sizes_of(shape: Any) -> tuple[int, ...]:
    """A shape, or RefusedError where it cannot be one."""
    if not isinstance(shape, (tuple, list)) or len(shape) > MAX_AXES:
        raise RefusedError("holds an array without a shape")
    sizes = tuple(int(size) for size in shape if isinstance(size, (int, np.integer)))
    if len(sizes) != len(shape) or not all(0 <= size < MAX_SIZE for size in sizes):
        raise RefusedError("holds an array of impossible shape")
    return sizes


def _number_type(dtype: Any) -> np.dtype[Any]:
    if not isinstance(dtype, Pending) or dtype.kind != "dtype":
        raise RefusedError("holds an array of unknown type")
    code = dtype.parts[0]
    if not isinstance(code, str) or not NUMBER_TYPE.fullmatch(code):
        raise RefusedError("holds an array of objects" if str(code)[:1] == "O" else f"holds an array of type {code!r}")
    order = dtype.parts[-1][1] if len(dtype.parts) > 1 else "="
    return np.dtype(code).newbyteorder(order if order in ("<", ">") else "=")


def _scalar(made: Pending) -> Any:
    dtype, content = made.parts
    return from_bytes(content, dtype, (1,))[0].item()


def _sparse(made: Pending) -> np.ndarray:
    state: Mapping[str, Any] = made.parts[-1]
    rows, columns = sizes_of(state["_shape"] if "_shape" in state else state["shape"])
    if rows * columns > MAX_DENSE:
        raise RefusedError(f"holds a sparse matrix of {rows} x {columns}")
    data = resolve(state["data"])
    _require_room(rows * columns, data.dtype)
    row, column = _places(made.kind, state)
    dense = np.zeros((rows, columns), data.dtype)
    if not len(data) == len(row) == len(column) or min(row.min(initial=0), column.min(initial=0)) < 0:
        raise RefusedError("holds a sparse matrix whose parts do not fit")
    np.add.at(dense, (row, column), data)
    return dense


def _places(kind: str, state: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    if kind == "coo":
        row, column = state["coords"] if "coords" in state else (state["row"], state["col"])
        return resolve(row), resolve(column)
    along, count = resolve(state["indices"]), np.diff(resolve(state["indptr"]))
    if (count < 0).any() or count.sum() != len(along):
        raise RefusedError("holds a sparse matrix whose parts do not fit")
    across = np.repeat(np.arange(len(count)), count)
    return (along, across) if kind == "csc" else (across, along)


def _chumpy(made: Pending) -> np.ndarray:
    """The array that a constant wraps, or that a selection picks."""
    state: Mapping[str, Any] = made.parts[-1]
    if "x" in state:
        return np.asarray(resolve(state["x"]))
    if made.parts[0] == "Select":
        source, index = resolve(state["a"]).reshape(-1), np.asarray(resolve(state["idxs"])).reshape(-1)
        _require_room(len(index), source.dtype)
        picked = source[index]
        shape = state.get("preferred_shape")
        return picked if shape is None else picked.reshape(sizes_of(shape))
    raise RefusedError(f"holds chumpy's {made.parts[0]}, which computes instead of keeping an array")


def _require_room(entries: int, kind: np.dtype[Any]) -> None:
    if entries * kind.itemsize > MAX_WRITTEN:
        raise RefusedError(f"holds {entries} entries of {kind.itemsize} bytes each in fewer bytes")


def _empty_array(of: Any, *_: Any) -> Pending:
    if of != "numpy.ndarray":
        raise RefusedError(f"makes an array of {of}")
    return Pending("array")


def _old_style(of: Any, base: Any, state: Any) -> Pending:
    """copy_reg._reconstructor, as protocols 0 and 1 make objects."""
    if base not in ("__builtin__.object", "builtins.object") or state is not None:
        raise RefusedError(f"makes a {of}")
    return new_object(of)


def _latin(text: str, encoding: str) -> bytes:
    """_codecs.encode, as Python 3 writes bytes for Python 2."""
    if encoding not in ("latin1", "latin-1"):
        raise RefusedError(f"encodes as {encoding}")
    return text.encode("latin-1")


def _no_bytes() -> bytes:
    """What Python 3 writes for Python 2 where an array is empty."""
    return b""


def new_object(of: Any) -> Pending:
    """An object without arguments, of a class that keeps arrays.

    Raises:
        RefusedError: the class is no other.
    """
    module, _, name = str(of).rpartition(".")
    if module.partition(".")[0] == "chumpy":
        return Pending("chumpy", [name])
    if of in SPARSE:
        return Pending(name[:3])
    raise RefusedError(f"makes a {of}")


SPARSE: Final = frozenset(
    f"scipy.sparse.{private}{kind}.{kind}_{form}"
    for private in ("", "_")
    for kind in ("csc", "csr", "coo")
    for form in ("matrix", "array")
)
_RESOLVE: Final[Mapping[str, Callable[[Pending], Any]]] = {
    "array": _array, "scalar": _scalar, "bytes": lambda made: from_bytes(*made.parts), "chumpy": _chumpy,
    "csc": _sparse, "csr": _sparse, "coo": _sparse, "dtype": lambda made: None, "set": lambda made: None,
}  # fmt: skip
_NUMPY: Final[Mapping[str, Callable[..., Any]]] = {
    "multiarray._reconstruct": _empty_array,
    "multiarray.scalar": lambda *parts: Pending("scalar", list(parts)),
    "numeric._frombuffer": lambda *parts: Pending("bytes", list(parts)),
}
CALLABLE: Final[Mapping[str, Callable[..., Any]]] = {
    **{f"numpy.{core}.{name}": made for core in ("core", "_core") for name, made in _NUMPY.items()},
    "numpy.dtype": lambda *parts: Pending("dtype", list(parts)),
    "copy_reg._reconstructor": _old_style,
    "copyreg._reconstructor": _old_style,
    "_codecs.encode": _latin,
    "__builtin__.bytes": _no_bytes,
    "builtins.bytes": _no_bytes,
    "__builtin__.set": lambda *_: Pending("set"),
    "builtins.set": lambda *_: Pending("set"),
}
"""What a pickle may call, and what is done instead. chumpy keeps sets of names beside its arrays."""
