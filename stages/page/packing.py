"""Data as JSON, so that a page can carry them."""

import base64
import json
from typing import Any

import numpy as np
from jaxtyping import Num


def pack_array(array: Num[np.ndarray, "..."]) -> dict[str, Any]:
    """An array as JSON: its type, its shape, and its little-endian bytes in base64."""
    kind = array.dtype.newbyteorder("<")
    content = base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode("ascii")
    return {"type": kind.kind + str(kind.itemsize), "shape": list(array.shape), "data": content}


def inert_json(data: dict[str, Any]) -> str:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
