"""How documents for OpenSim are written: one version, numbers to the last bit, tabs for people."""

from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

VERSION: Final = "40500"
"""Of documents that OpenSim 4.5 and later open without a warning."""


def put(parent: Element, tag: str, *values: object) -> None:
    """A child whose text is numbers, words or truth values."""
    words = (
        str(v).lower() if isinstance(v, bool) else repr(float(v)) if isinstance(v, float) else str(v) for v in values
    )
    SubElement(parent, tag).text = " ".join(words)


def document(content: Element) -> str:
    """The text of a whole file."""
    root = Element("OpenSimDocument", Version=VERSION)
    root.append(content)
    indent(root, "\t")
    return '<?xml version="1.0" encoding="UTF-8" ?>\n' + tostring(root, encoding="unicode") + "\n"
