"""Packs named arrays as .npz bytes: no pickle, equal bytes for equal arrays."""

import io
from collections.abc import Mapping

import numpy as np


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Not compressed: the digits of measured motion are noise that no packer makes smaller.

    numpy stamps every member with the same date, that of the ZIP format's birth.
    """
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
