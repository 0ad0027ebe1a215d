"""Names from strangers: what results are called, and how a name is shown without what it might do."""

import hashlib
import re
import unicodedata
from pathlib import Path
from typing import Final

MAX_STEM_BYTES: Final = 200
"""File systems take names of 255 bytes, and results add up to two dozen."""
NUMBERED: Final = re.compile(r"%0?\d*d")
"""How numbered pictures are named, as in shot_%04d.png."""
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
"""Names that stand for devices on Windows."""


def stem_of(source: Path) -> str:
    """A name for the results: the source's own letters, marks and digits of any script; all else becomes "_".

    It is cut where it is long. A name without letters is told from others like it by a digest.
    """
    name = unicodedata.normalize("NFC", NUMBERED.sub("", source.stem))
    stem = re.sub(r"_*\0+[_\0]*", "_", "".join(letter if _is_kept(letter) else "\0" for letter in name)).strip("_")
    stem = stem.encode()[:MAX_STEM_BYTES].decode(errors="ignore")
    if not any(letter.isalnum() for letter in stem):
        return f"clip_{hashlib.sha256(source.name.encode(errors='surrogateescape')).hexdigest()[:6]}"
    return f"{stem}_" if _RESERVED.fullmatch(stem) else stem


def printable(text: str, keep: str = "") -> str:
    """The text with every letter that is none to the eye (control, direction, half a pair) written as its number."""
    return "".join(
        letter if letter.isprintable() or letter in keep else letter.encode("unicode_escape").decode()
        for letter in text
    )


def _is_kept(letter: str) -> bool:
    return letter in "-_" or unicodedata.category(letter)[0] in "LMN"
