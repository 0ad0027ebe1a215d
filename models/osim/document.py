"""XML from strangers becomes elements: no document types, no entities, bounded size and depth.

A file may be hostile. Entities can be declared in a document type only, so refusing that refuses entity expansion and
external files together; predefined entities and character references stay readable.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import numpy as np

from models.errors import InputError

MAX_BYTES: Final = 64 << 20
"""Larger files are refused; Rajagopal 2016 with all its muscles has 3 MB."""
MAX_DEPTH: Final = 100
"""Deeper trees are refused; a muscle's path point lies 12 deep."""

T = TypeVar("T")


def read_file(path: Path, parse: Callable[[str | bytes], T], *, binary: bool = False) -> T:
    """Read a whole file and parse it; every error names the file.

    Raises:
        InputError: it cannot be read, is larger than MAX_BYTES, is no UTF-8 text or does not parse.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} has {path.stat().st_size >> 20} MiB", f"use files below {MAX_BYTES >> 20} MiB")
        content = path.read_bytes()
        return parse(content if binary else content.decode("utf-8", errors="replace"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", "name an existing file") from error
    except InputError as error:
        raise InputError(f"{path}: {error.problem}", error.remedy) from error


def parse_xml(content: str | bytes) -> Element:
    """The root element of a document.

    Raises:
        InputError: no well-formed XML, a document type declaration, or elements nested deeper than MAX_DEPTH.
    """
    builder, depth = TreeBuilder(), 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise InputError(f"elements are nested deeper than {MAX_DEPTH}", "hand in a document that OpenSim wrote")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise InputError("the document declares a document type", "remove the <!DOCTYPE> declaration")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise InputError(f"this is no well-formed XML: {error}", "save it again from OpenSim") from error
    return builder.close()


def label(element: Element) -> str:
    """How errors call an element: its tag and name."""
    name = element.get("name")
    return f"<{element.tag} name={name!r}>" if name else f"<{element.tag}>"


def text(element: Element, tag: str, default: str = "") -> str:
    """The stripped text of a child, or the default where the child is absent or empty."""
    child = element.find(tag)
    return (child.text or "").strip() or default if child is not None else default


def numbers(element: Element, tag: str, default: tuple[float, ...] | None, count: int | None = None) -> list[float]:
    """The numbers in a child's text.

    Args:
        element: the parent.
        tag: the child's tag or path.
        default: what holds where the child is absent or empty; None if it must be there.
        count: how many numbers there must be.

    Raises:
        InputError: the child is missing, or does not hold that many finite numbers.
    """
    words = text(element, tag).split()
    if not words and default is not None:
        return list(default)
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = []
    if not values or not np.isfinite(values).all() or (count is not None and len(values) != count):
        wanted = "finite numbers" if count is None else f"{count} finite number{'s' * (count > 1)}"
        problem = f"{label(element)} has {' '.join(words)!r} for {tag!r}"
        raise InputError(problem, f"write {wanted} there")
    return values


def number(element: Element, tag: str, default: float | None) -> float:
    """The one number in a child's text; see `numbers`."""
    return numbers(element, tag, None if default is None else (default,), 1)[0]


def flag(element: Element, tag: str, default: bool) -> bool:
    """A child's truth value.

    Raises:
        InputError: neither true nor false.
    """
    word = text(element, tag, str(default)).lower()
    if word not in {"true", "false", "1", "0"}:
        raise InputError(f"{label(element)} has {word!r} for {tag!r}", "write true or false there")
    return word in {"true", "1"}


def unique(names: list[str], one: str, many: str) -> None:
    """Raise InputError if a name is empty or comes twice."""
    for index, name in enumerate(names):
        if not name:
            raise InputError(f"a {one} has no name", f"name all {many}")
        if name in names[:index]:
            raise InputError(f"there are two {many} called {name!r}", "rename one of them")
