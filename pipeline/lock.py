"""One run at a time in a folder of results: whoever comes second is told who holds it.

The system drops such a lock when its process ends, however it ends, so that none is ever stale.
"""

import contextlib
import logging
import os
import socket
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final

from models.errors import OutputError
from pipeline import stop
from pipeline.atomic import told

LOCK: Final = ".lock"
POLL_S: Final = 0.05

log = logging.getLogger(__name__)


@contextlib.contextmanager
def held(folder: Path, *, wait_s: float = 0.0) -> Generator[None]:
    """Keep other runs out of a folder; what killed runs left half-written in it is removed first.

    The lock's file lies beside the folder, which need not exist. Where the system has no such locks (Windows), nobody
    is kept out.

    Args:
        wait_s: how long to wait for another run to end.

    Raises:
        OutputError: another run holds the folder, or the one above cannot be written.
    """
    path = folder.with_name(f".{folder.name}{LOCK}")
    made = _make_parents(path)
    file = _taken(path, folder, time.monotonic() + wait_s)

    def leave() -> None:
        sweep(folder)
        path.unlink(missing_ok=True)

    try:
        with stop.cleaning(leave):
            sweep(folder)
            yield
    finally:
        with contextlib.suppress(OSError):
            leave()
        os.close(file)
        with contextlib.suppress(OSError):
            for parent in made:
                parent.rmdir()


def sweep(folder: Path) -> None:
    """Remove what a run that was killed had not finished writing."""
    for pattern in (".*.part*", "person_*/.*.part*"):
        for path in folder.glob(pattern):
            with contextlib.suppress(OSError):
                path.unlink()


def _make_parents(path: Path) -> list[Path]:
    """The folders that had to be made, the innermost first: a run that leaves nothing leaves no empty folder."""
    missing = [parent for parent in path.parents if not parent.exists()]
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return missing


def _taken(path: Path, folder: Path, until_s: float) -> int:
    """The open file of a lock that is ours.

    The one who had it before removes the file; then the one that was opened here is no longer that of the path.
    """
    while True:
        with told(path):
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if _lock(file, path) and _is_at(file, path):
                with contextlib.suppress(OSError):  # a full disk is for the results to tell
                    os.ftruncate(file, 0)
                    os.write(file, f"process {os.getpid()} on {socket.gethostname()}".encode())
                return file
            holder = os.read(file, 200).decode(errors="replace")
        except BaseException:
            os.close(file)
            raise
        os.close(file)
        if path.exists() and time.monotonic() >= until_s:
            who = f" ({holder})" if holder else ""
            problem = f"another run{who} is writing to {folder}"
            raise OutputError(problem, "wait until it is done, or choose another folder with --outputs")
        time.sleep(POLL_S)


def _lock(file: int, path: Path) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl  # noqa: PLC0415 - Windows has none

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        log.warning("%s cannot be locked (%s): let no other run write there meanwhile", path.parent, error.strerror)
    return True


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
