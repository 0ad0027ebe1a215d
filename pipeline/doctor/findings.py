"""What a check of this machine comes to: one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models.errors import KinetraceError

_SUBJECT_WIDTH: Final = 12


@dataclass(frozen=True)
class Finding:
    """Something that was looked at.

    Attributes:
        subject: what was looked at.
        words: what there is; where it is not well, a sentence that holds the value that is wrong.
        remedy: what to do, starting with a verb; None where all is well.
    """

    subject: str
    words: str
    remedy: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether nothing needs to be done."""
        return self.remedy is None

    @property
    def line(self) -> str:
        """As the terminal shows it: always one line, whatever a library had to say."""
        words = self.words if self.remedy is None else str(KinetraceError(self.words, self.remedy))
        mark = "ok" if self.is_well else "problem"
        return f"{mark:8}{self.subject:{_SUBJECT_WIDTH}} {' '.join(words.split())}"


def well(subject: str, words: str) -> Finding:
    """Nothing to do."""
    return Finding(subject, words)


def problem(subject: str, words: str, remedy: str) -> Finding:
    """Something to put right."""
    return Finding(subject, words, remedy)
