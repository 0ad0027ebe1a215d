"""Takes a BVH file word by word and row by row, and knows on which line each stands."""

import math
import re
from typing import Final, NoReturn

import numpy as np
from jaxtyping import Float

from models.errors import InputError

NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""What counts as a number; Python's own float also takes 1_000, other scripts' digits and words."""
PLAIN: Final = re.compile(r"[\d.eE+\-\s]*", re.ASCII)
"""A line of such characters alone may go to Python's float as it is."""
COUNT: Final = re.compile(r"\d{1,18}", re.ASCII)
MAX_VALUE: Final = 1e9
"""Beyond a million kilometres or three million turns there is no body."""
SHOWN: Final = 40
"""Characters of a wrong word that an error repeats."""


class Words:
    """The words of a file one after the other.

    Attributes:
        line: number of the line that the last word stood on.
    """

    def __init__(self, source: str, lines: list[str]) -> None:
        self.source = source
        self.line = 0
        self._lines = lines
        self._row: list[str] = []
        self._next = 0

    def refuse(self, problem: str, line: int | None = None) -> NoReturn:
        """Raise an InputError that names the line, by default the last word's."""
        where = f"{self.source}, line {line or self.line}"
        raise InputError(f"{where}: {problem}", "repair the file, or export it again")

    def take(self, *expected: str) -> str:
        """The next word, which must be one of those expected; any word will do where none are named."""
        while self._next >= len(self._row) and self.line < len(self._lines):
            self._row, self._next = self._lines[self.line].split(), 0
            self.line += 1
        at_end = self._next >= len(self._row)
        word = "the end of the file" if at_end else self._row[self._next]
        self._next += 1
        if at_end or (expected and word not in expected):
            wanted = " or ".join(expected) or "a word"
            self.refuse(f"found {word[:SHOWN]!r} where {wanted} belongs", self._last_line() if at_end else None)
        return word

    def name(self) -> str:
        """The words up to the end of the line or the opening brace."""
        self._require_name()
        words = [self.take()]
        while self._next < len(self._row) and self._row[self._next] != "{":
            words.append(self.take())
        return " ".join(words)

    def number(self) -> float:
        """The next word as a number of possible size."""
        return self._value(self.take(), self.line)

    def count(self) -> int:
        """The next word as a whole number from 0 on."""
        word = self.take()
        if not COUNT.fullmatch(word):
            self.refuse(f"{word[:SHOWN]!r} is not a count")
        return int(word)

    def offset(self) -> tuple[float, float, float]:
        """OFFSET and its three numbers."""
        self.take("OFFSET")
        return self.number(), self.number(), self.number()

    def rows_left(self) -> int:
        """How many lines follow, up to the file's last that is not blank."""
        if self._next < len(self._row):
            self.refuse(f"found {self._row[self._next][:SHOWN]!r} where the line ends")
        return max(0, self._last_line() - self.line)

    def rows(self, frames: int, channels: int) -> Float[np.ndarray, "frames channels"]:
        """The lines that follow as numbers; there must be as many as rows_left tells."""
        values = np.empty((frames, channels))
        for row, line in enumerate(self._lines[self.line : self.line + frames]):
            values[row] = self._numbers(line, self.line + row + 1, channels)
        return values

    def _numbers(self, line: str, number: int, channels: int) -> list[float]:
        words = line.split()
        if len(words) != channels:
            self.refuse(f"the row has {len(words)} numbers, the channels are {channels}", number)
        if PLAIN.fullmatch(line):
            try:
                values = list(map(float, words))
            except ValueError:
                values = [math.inf]
            if max(values) <= MAX_VALUE and min(values) >= -MAX_VALUE:
                return values
        return [self._value(word, number) for word in words]

    def _value(self, word: str, line: int) -> float:
        if not NUMBER.fullmatch(word):
            is_word = word.lstrip("+-").lower() in {"nan", "inf", "infinity"}
            self.refuse(f"{word[:SHOWN]!r} is not {'finite' if is_word else 'a number'}", line)
        value = float(word)
        if not math.isfinite(value):
            self.refuse(f"{word[:SHOWN]!r} is not finite", line)
        if abs(value) > MAX_VALUE:
            self.refuse(f"{word[:SHOWN]} is beyond all measure", line)
        return value

    def _require_name(self) -> None:
        if self._next >= len(self._row) or self._row[self._next] == "{":
            self.refuse("a joint without a name")

    def _last_line(self) -> int:
        """The last line that holds anything."""
        return next((number for number in range(len(self._lines), 0, -1) if self._lines[number - 1].strip()), 1)
