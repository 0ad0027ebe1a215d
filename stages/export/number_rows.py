"""Writes tables of numbers as text, with a fixed count of decimals and no minus zero."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def number_rows(values: Float[np.ndarray, "rows columns"], decimals: Sequence[int], separator: str) -> list[str]:
    """One line for every row, without its end.

    Args:
        decimals: digits behind the point, for each column.
    """
    scale = 10.0 ** np.array(decimals)
    rounded = np.rint(values * scale) / scale + 0.0
    pattern = separator.join(f"%.{digits}f" for digits in decimals)
    return [pattern % tuple(row) for row in rounded.tolist()]
