"""Prints lines for as long as somebody reads them."""

from __future__ import annotations

import os
import sys


def tell(line: str) -> None:
    """Print a line at once; where the reader has gone, as `head` does, the rest goes nowhere."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
