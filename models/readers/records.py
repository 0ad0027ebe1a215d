"""Looks into nested results as pickles hold them: what is there, of which shape."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from models.errors import InputError

REMEDY = "hand in the file as its program wrote it"


def table(name: str, content: Any, key: str) -> Mapping[Any, Any]:
    """A dictionary within a dictionary.

    Raises:
        InputError: there is none under this key.
    """
    if not isinstance(content, dict) or not isinstance(content.get(key), dict):
        raise InputError(f"{name} has no {key!r}", REMEDY)
    return content[key]


def array(name: str, record: Any, key: str, shape: tuple[int, ...]) -> Float[np.ndarray, "*shape"]:
    """Numbers under a key, brought to a shape of which the first length may be -1.

    Raises:
        InputError: there are none, or too many or too few.
    """
    value = record.get(key) if isinstance(record, dict) else None
    if isinstance(value, (list, tuple)) and value and all(isinstance(each, (int, float)) for each in value):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        raise InputError(f"{name} has no array {key!r}", REMEDY)
    try:
        return value.astype(np.float64).reshape(shape)
    except ValueError:
        raise InputError(f"{name}: {key!r} has the shape {value.shape}", REMEDY) from None
