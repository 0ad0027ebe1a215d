"""Whoever stops a run, from the keyboard or by a signal, gets one line and finds no half-written file.

A signal ends the process where it stands: an exception could be caught, or changed, by any library it passes through.
Results appear whole or not at all, so that what was to be cleaned up is little, and the next run goes on from there.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType
from typing import Final

EXIT_OFFSET: Final = 128
"""What shells add to the number of the signal that ended a program."""
STOPPED: Final = "stopped; run it again to go on after the last stage that was done"
_cleanups = list[Callable[[], object]]()
_ending = threading.Event()


class Halted(Exception):  # noqa: N818 - no error: somebody asked for it
    """A thread ends because the clip that it works for was ended."""


def listen() -> None:
    """End the program at SIGINT, SIGTERM and SIGHUP; one that is ignored, as by nohup, stays so."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)


@contextlib.contextmanager
def cleaning(clean: Callable[[], object]) -> Generator[None]:
    """Have something done if the program is stopped within the block; the latest comes first."""
    _cleanups.append(clean)
    try:
        yield
    finally:
        _cleanups.remove(clean)


def check() -> None:
    """Raise Halted where the clip is being ended; for work that lasts and is not in the main thread."""
    if _ending.is_set():
        raise Halted


def end_clip() -> None:
    """Let the threads of this clip end."""
    _ending.set()


def begin_clip() -> None:
    """Forget that the clip before was ended."""
    _ending.clear()


def _leave(number: int, _: FrameType | None) -> None:
    for clean in reversed(_cleanups):
        with contextlib.suppress(OSError):
            clean()
    os.write(2, f"\n{STOPPED}\n".encode())  # whatever the signal broke into may hold Python's own stream
    os._exit(EXIT_OFFSET + number)
