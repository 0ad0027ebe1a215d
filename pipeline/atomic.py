"""Files appear whole or not at all."""

import contextlib
import errno
from collections.abc import Generator
from pathlib import Path
from typing import Final

from models.errors import OutputError

PART: Final = ".part"
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FREE_SPACE: Final = "free some space and run it again: it goes on after the last stage that was done"


def write(path: Path, content: bytes) -> None:
    """Write a file under a temporary name and rename it.

    Raises:
        OutputError: the folder cannot be written.
    """
    with replacing(path) as temporary, told(path):
        temporary.write_bytes(content)


@contextlib.contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A temporary path that takes the place of `path` when the block ends well and vanishes otherwise."""
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}{PART}{path.suffix}")
    with told(path):
        # A program that encodes may outlive the run that was killed, and still be writing into a file of this name.
        temporary.unlink(missing_ok=True)
    try:
        yield temporary
        with told(path):
            temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def meant(temporary: Path) -> Path:
    """The path whose place a temporary one of `replacing` will take; any other path is itself."""
    is_temporary = temporary.stem.startswith(".") and temporary.stem.endswith(PART)
    stem = temporary.stem[1:].removesuffix(PART)
    return temporary.with_name(stem + temporary.suffix) if is_temporary else temporary


def plain_name(name: str) -> str:
    """Refuse a file name that would leave its folder.

    Raises:
        OutputError: the name holds a folder, is empty or hidden.
    """
    if not name or Path(name).name != name or name.startswith(".") or "\\" in name or "\0" in name:
        raise OutputError(f"the result name {name!r} is not a plain file name", "use a name without folders")
    return name


@contextlib.contextmanager
def told(path: Path) -> Generator[None]:
    """Tell what the system says against a path as an error with a remedy.

    Raises:
        OutputError: the block could not write there.
    """
    try:
        yield
    except OSError as error:
        remedy = FREE_SPACE if error.errno in FULL else "choose a writable folder with --outputs"
        raise OutputError(f"cannot write {path} ({error.strerror or error})", remedy) from error
