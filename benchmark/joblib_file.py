"""Writes what joblib.dump writes, for benchmarks and tests that have to hand in such files."""

import pickle
import pickletools
from typing import Any

import numpy as np


def joblib_bytes(content: Any) -> bytes:
    """Dictionaries, lists and arrays: the arrays' bytes stand behind a wrapper, aligned to 16.

    joblib 1.6.0 reads it, and writes the same but for the pickle's frames and memory, which nobody needs.
    """
    head = b"\x80\x04"
    return head + _opcodes(content, len(head)) + b"."


def _opcodes(content: Any, at: int) -> bytes:
    match content:
        case dict():
            out = b"\x8c\x0bcollections\x8c\x0bdefaultdict\x93\x8c\x08builtins\x8c\x04dict\x93\x85R("
            for key, value in content.items():
                out += _opcodes(key, at + len(out))
                out += _opcodes(value, at + len(out))
            return out + b"u"
        case list():
            out = b"]("
            for value in content:
                out += _opcodes(value, at + len(out))
            return out + b"e"
        case np.ndarray():
            wrapper = b"\x8c\x13joblib.numpy_pickle\x8c\x11NumpyArrayWrapper\x93)\x81}("
            state = {
                "subclass": b"\x8c\x05numpy\x8c\x07ndarray\x93",
                "shape": _small(content.shape),
                "order": _small("C"),
                "dtype": _small(content.dtype),
                "allow_mmap": b"\x88",
                "numpy_array_alignment_bytes": _small(16),
            }
            out = wrapper + b"".join(_small(key) + value for key, value in state.items()) + b"ub"
            padding = 16 - (at + len(out) + 1) % 16
            return out + bytes([padding]) + b"\xff" * padding + content.tobytes()
        case _:
            return _small(content)


def _small(value: Any) -> bytes:
    """The instructions of a small value, without the start and end of a pickle, its frame and its memory."""
    body = pickletools.optimize(pickle.dumps(value, 4))[2:-1]
    return body[9:] if body[:1] == b"\x95" else body
