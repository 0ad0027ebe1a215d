"""Pickles as Python 2 wrote them (protocol 2): arrays, SciPy's sparse matrices and chumpy's wrappers, by hand."""

import struct
from typing import Any

import numpy as np
from scipy.sparse import csc_matrix

STOP = b"."


def dictionary(items: dict[str, bytes]) -> bytes:
    """A dictionary of values that are pickled already."""
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def pickled(value: bytes) -> bytes:
    """A whole file."""
    return b"\x80\x02" + value + STOP


def text(content: str) -> bytes:
    """A text; Python 2 knows no other bytes."""
    return b"U" + bytes([len(content)]) + content.encode("latin-1")


def integer(value: int) -> bytes:
    """A number of 32 bits."""
    return b"J" + struct.pack("<i", value)


def together(*values: bytes) -> bytes:
    """A tuple."""
    return b"(" + b"".join(values) + b"t"


def named(module: str, name: str) -> bytes:
    """A global."""
    return b"c" + f"{module}\n{name}\n".encode()


def type_of(code: str, order: str = "<") -> bytes:
    """A dtype with its state."""
    made = named("numpy", "dtype") + together(text(code), integer(0), integer(1)) + b"R"
    return made + together(integer(3), text(order), b"N", b"N", b"N", integer(-1), integer(-1), integer(0)) + b"b"


def array(values: np.ndarray, dtype: bytes | None = None) -> bytes:
    """An array."""
    empty = named("numpy.core.multiarray", "_reconstruct")
    empty += together(named("numpy", "ndarray"), together(integer(0)), text("b")) + b"R"
    raw = np.ascontiguousarray(values).tobytes()
    content = b"T" + struct.pack("<i", len(raw)) + raw
    kind = type_of(values.dtype.str[1:], values.dtype.str[0]) if dtype is None else dtype
    state = together(integer(1), together(*(integer(size) for size in values.shape)), kind, b"\x89", content)
    return empty + state + b"b"


def instance(module: str, name: str, state: dict[str, bytes]) -> bytes:
    """An object without arguments and its state."""
    return named(module, name) + b")\x81" + dictionary(state) + b"b"


def sparse(matrix: csc_matrix) -> bytes:
    """A matrix of compressed columns, as SciPy 0.19 had it."""
    parts = {name: array(getattr(matrix, name)) for name in ("data", "indices", "indptr")}
    shape = together(*(integer(size) for size in matrix.shape))
    return instance("scipy.sparse.csc", "csc_matrix", {"_shape": shape, "maxprint": integer(50), **parts})


def chumpy(values: np.ndarray) -> bytes:
    """A constant of chumpy with what its objects keep beside the array."""
    dirty = named("__builtin__", "set") + b"](" + text("x") + b"e\x85R"
    state = {"_dirty_vars": dirty, "_itr": b"N", "_depends_on_deps": b"}", "_make_dense": b"\x89", "x": array(values)}
    return instance("chumpy.ch", "Ch", state)


def selection(values: np.ndarray, picked: np.ndarray, shape: tuple[int, ...]) -> bytes:
    """Some entries of a constant of chumpy."""
    sizes = together(*(integer(size) for size in shape))
    state = {"a": chumpy(values), "idxs": array(picked), "preferred_shape": sizes}
    return instance("chumpy.reordering", "Select", state)


def model(arrays: dict[str, Any]) -> bytes:
    """A body model's file: sparse regressors, three arrays under chumpy, texts."""
    wrap = {"v_template": chumpy, "weights": chumpy, "posedirs": chumpy, "J_regressor": sparse}
    items = {key: wrap.get(key, array)(value) for key, value in arrays.items() if key != "shapedirs"}
    shape = arrays["shapedirs"]
    items["shapedirs"] = selection(shape, np.arange(shape.size), shape.shape)
    return pickled(dictionary({**items, "bs_style": text("lbs"), "bs_type": text("lrotmin")}))
