"""Files appear whole or not at all."""

import contextlib
from collections.abc import Generator
from pathlib import Path

from models.errors import OutputError


def write(path: Path, content: bytes) -> None:
    """Write a file under a temporary name and rename it.

    Raises:
        OutputError: the folder cannot be written.
    """
    with replacing(path) as temporary, _told(path):
        temporary.write_bytes(content)


@contextlib.contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A temporary path that takes the place of `path` when the block ends well and vanishes otherwise."""
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield temporary
        with _told(path):
            temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def plain_name(name: str) -> str:
    """Refuse a file name that would leave its folder.

    Raises:
        OutputError: the name holds a folder, is empty or hidden.
    """
    if not name or Path(name).name != name or name.startswith(".") or "\\" in name or "\0" in name:
        raise OutputError(f"the result name {name!r} is not a plain file name", "use a name without folders")
    return name


@contextlib.contextmanager
def _told(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write {path} ({error.strerror or error})", "choose a writable folder with --outputs"
        ) from error
