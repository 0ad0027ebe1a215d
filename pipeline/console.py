"""What a person at the terminal sees: the format of messages and the progress bars."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from models.errors import KinetraceError
from pipeline.batch import Outcome
from pipeline.names import printable
from stages.page.verdict import verdict
from stages.progress import PROGRESS

WIDTH: Final = 100
LINES: Final = "\n\t"
"""Of all that is not for the eye, what messages may hold."""


def start(*, steps: bool = True) -> None:
    """Send this program's messages to standard error; the only handlers there are.

    Args:
        steps: tell every step that is done; if not, warnings and progress only.
    """
    root = logging.getLogger()
    root.handlers.clear()
    root.setLevel(logging.WARNING)
    for package in ("pipeline", "stages", "models"):
        logging.getLogger(package).setLevel(PROGRESS if sys.stderr.isatty() else logging.INFO)
    logging.getLogger("pipeline").setLevel(logging.INFO if steps else logging.WARNING)
    root.addHandler(_Terminal())


class _Terminal(logging.Handler):
    """Writes messages as lines and progress as one bar that goes when its work is done."""

    def __init__(self) -> None:
        super().__init__()
        self._bar: tqdm[Any] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == PROGRESS:
            self._advance(record.__dict__["label"], record.__dict__["done"], record.__dict__["total"])
            return
        mark = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        tqdm.write(f"{mark}{printable(record.getMessage(), keep=LINES)}", file=sys.stderr)

    def _advance(self, label: str, done: int, total: int) -> None:
        bar = self._bar
        if bar is None or bar.desc != label:
            self._close()
            bar = self._bar = tqdm(desc=label, total=total, unit="frame", leave=False, ncols=WIDTH, file=sys.stderr)
        bar.update(done - bar.n)
        if done >= total:
            self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def show_table(outcomes: Sequence[Outcome]) -> None:
    """Print what each video came to: its files, or the error that ended it."""
    for outcome in outcomes:
        if outcome.error:
            print(f"error: {printable(_said_of(outcome.task.source, outcome.error))}", file=sys.stderr)
            continue
        print(f"\n{printable(f'{outcome.task.source.name} -> {outcome.folder}')}")
        for path in outcome.files:
            print(f"  {path.relative_to(outcome.folder)!s:44}{path.stat().st_size / 1024:10.0f} KiB")
        if outcome.people:
            print(verdict([person.quality for person in outcome.people]).line)


def _said_of(source: Path, error: KinetraceError) -> str:
    """The error, with the file's name in front where it does not tell by itself which of many is meant."""
    words = str(error)
    return words if source.name in words else f"{source.name}: {words}"
