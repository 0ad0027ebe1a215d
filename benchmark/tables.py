"""Writes the README's tables from benchmark/results: python -m benchmark.tables."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
RESULTS: Final = Path(__file__).parent / "results"
EACH_CLIP: Final = frozenset({"sample"})
"""Tables that show every clip; others show the mean."""
COLUMNS: Final = {
    "ik.clean": ("method", "frames", "mpbe_mm", "mpjpe_mm", "mpve_mm", "angle_deg", "root_deg", "twist_deg"),
}
"""Of tables that hold more than a page is wide; the others show all they have."""
MARKED: Final = re.compile(r"<!-- table:(?P<name>[\w.]+) -->\n.*?<!-- end -->", re.DOTALL)


def main() -> None:
    """Put the tables into README.md."""
    readme = ROOT / "README.md"
    readme.write_text(with_tables(readme.read_text()))


def with_tables(text: str) -> str:
    """The text with every marked table made anew."""
    return MARKED.sub(lambda mark: f"<!-- table:{mark['name']} -->\n{_table(mark['name'])}<!-- end -->", text)


def _table(name: str) -> str:
    """Of a file of results, or after a dot of one of the tables in it."""
    file, _, part = name.partition(".")
    content = json.loads((RESULTS / f"{file}.json").read_text())
    rows = _rows(content[part] if part else content, each=name in EACH_CLIP)
    keys = COLUMNS.get(name) or list(dict.fromkeys(key for row in rows for key in row))
    lines = [list(keys), ["---"] * len(keys), *([_cell(row.get(key, "")) for key in keys] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _rows(content: Any, *, each: bool) -> Sequence[Mapping[str, Any]]:
    """One for each entry of a list or method; of clips, one for each method, of every clip or of their mean."""
    if isinstance(content, list):
        return content
    if "mean" not in content:
        return [{"method": name, **row} for name, row in content.items()]
    clips = {name: table for name, table in content.items() if name != "mean"}
    if each:
        return [{"clip": clip, "method": key, **row} for clip, table in clips.items() for key, row in table.items()]
    return [{"method": key, **row} for key, row in content["mean"].items()]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


if __name__ == "__main__":
    main()
