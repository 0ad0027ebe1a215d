"""How much time and memory one clip may take; what goes beyond, or beyond the machine, is an error with a remedy."""

import contextlib
import errno
import os
import signal
import sys
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final

from models.errors import ConfigError, ResourceError
from pipeline import stop

POLL_S: Final = 0.2
AGAIN_S: Final = 2.0
"""After which a block is ended once more, where what it called swallowed the first time."""
GIB: Final = 1 << 30
SMALLER: Final = "choose a part with --time-range FROM TO, or a smaller picture"
OUT_OF_MEMORY: Final = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "bad_alloc",
    "insufficient memory",
)
"""How torch, OpenCV and TensorFlow Lite say it, in errors of their own."""


@dataclass(frozen=True)
class Limits:
    """What one clip may take; None for all there is.

    Attributes:
        minutes: of wall-clock time.
        memory_gib: resident in this process and in those that it started; the address space, in a sandbox.
        sandbox: open the clip in another process only (see pipeline.sandbox).
    """

    minutes: float | None = None
    memory_gib: float | None = None
    sandbox: bool = False

    def __post_init__(self) -> None:
        for flag, value in (("--limit-minutes", self.minutes), ("--limit-memory-gb", self.memory_gib)):
            if value is not None and not value > 0:
                raise ConfigError(f"{flag} is {value}", "give a number above zero, or leave it out")


@contextlib.contextmanager
def bounded(limits: Limits, name: str) -> Generator[None]:
    """End the block when it takes more than it may, and say in words when the machine has no more memory to give.

    Limits are kept in the main thread of a program only, for only there a block can be ended from outside.

    Args:
        name: of the clip, for errors.

    Raises:
        ResourceError: a limit was reached, or memory is used up.
    """
    stop.begin_clip()
    reached = list[ResourceError]()
    with contextlib.ExitStack() as stack:
        stack.push(partial(_tell, name, reached))
        stack.enter_context(_timed(limits.minutes, name, reached))
        stack.enter_context(_watched(limits.memory_gib, name, reached))
        yield


def _tell(
    name: str,
    reached: Sequence[ResourceError],
    _: type[BaseException] | None,
    error: BaseException | None,
    __: TracebackType | None,
) -> None:
    """Raise what ended the block, whatever became of it on its way here."""
    if error is not None and reached:
        raise reached[0] from error
    said = str(error).lower()
    if (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, Exception) and any(words in said for words in OUT_OF_MEMORY))
    ):
        problem = f"the memory of this machine does not suffice for {name}"
        raise ResourceError(problem, f"close other programs, or {SMALLER}") from error


@contextlib.contextmanager
def _timed(minutes: float | None, name: str, reached: list[ResourceError]) -> Generator[None]:
    if minutes is None:
        yield
        return
    error = ResourceError(f"{name} takes longer than {minutes:g} minutes", f"raise --limit-minutes, or {SMALLER}")
    with _ended_by(signal.SIGALRM, error, reached):
        signal.setitimer(signal.ITIMER_REAL, minutes * 60, AGAIN_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


@contextlib.contextmanager
def _watched(memory_gib: float | None, name: str, reached: list[ResourceError]) -> Generator[None]:
    if memory_gib is None:
        yield
        return
    if sys.platform != "linux":
        raise ConfigError("--limit-memory-gb is kept on Linux only", "leave it out")
    error = ResourceError(f"{name} takes more than {memory_gib:g} GiB", f"raise --limit-memory-gb, or {SMALLER}")
    over = threading.Event()

    def watch() -> None:
        while not over.wait(AGAIN_S if reached else POLL_S):
            if reached or _resident_bytes() > memory_gib * GIB:
                os.kill(os.getpid(), signal.SIGUSR1)

    with _ended_by(signal.SIGUSR1, error, reached):
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


@contextlib.contextmanager
def _ended_by(number: int, error: ResourceError, reached: list[ResourceError]) -> Generator[None]:
    """Raise the error in the main thread at each signal of this number."""
    if sys.platform == "win32":
        raise ConfigError("limits of time and memory are not kept on Windows", "leave them out")

    def answer(_: int, __: FrameType | None) -> None:
        stop.end_clip()
        reached.append(error)
        raise error

    before = signal.signal(number, answer)
    try:
        yield
    finally:
        signal.signal(number, before)


def _children() -> list[int]:
    """Processes that were started by a thread of this one."""
    found = list[int]()
    for listing in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, listing.read_text().split())
    return found


def _resident_bytes() -> int:
    """Memory that this process and its children hold."""
    page, total = os.sysconf("SC_PAGE_SIZE"), 0
    for process in [os.getpid(), *_children()]:
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{process}/statm").read_text().split()[1]) * page
    return total
