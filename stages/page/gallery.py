"""All runs of a folder on one page: picture, name, verdict and links; itself one file without scripts."""

import base64
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import quote

from stages.contracts import Quality
from stages.page.verdict import Verdict, verdict

HERE: Final = Path(__file__).parent
MANIFEST: Final = "run.json"
REPORT: Final = "report.html"
THUMBNAIL: Final = "thumbnail.jpg"
NO_MOTION: Final = Verdict("none", "Not judged: there is no solved motion.")
"""Of runs that stopped early, or that followed markers."""
LINKS: Final = ((REPORT, "Report"), ("overlay.mp4", "Overlay"), (MANIFEST, "Manifest"))

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """What a gallery shows of one run.

    Attributes:
        name: of its folder.
        links: files that lie there: (name, what to call it).
        picture: JPEG; empty where the run made none.
    """

    name: str
    verdict: Verdict
    people: int
    seconds: float
    warnings: int
    links: tuple[tuple[str, str], ...]
    picture: bytes


def encode(outputs: Path) -> str:
    """Write the page for every folder in `outputs` that holds a manifest; by name.

    A folder whose manifest cannot be read is left out, with a warning.
    """
    folders = sorted(path.parent for path in outputs.glob(f"*/{MANIFEST}"))
    runs = [run for folder in folders if (run := read_run(folder)) is not None]
    style = (HERE / "gallery.css").read_text(encoding="utf-8")
    count = f"{len(runs)} run" if len(runs) == 1 else f"{len(runs)} runs"
    return Template((HERE / "gallery.html").read_text(encoding="utf-8")).substitute(
        policy=f"default-src 'none'; style-src 'sha256-{_hash(style)}'; img-src data:; base-uri 'none'",
        style=style,
        count=count,
        cards="".join(map(_card, runs)) or "<li>Nothing here yet.</li>",
    )


def read_run(folder: Path) -> Run | None:
    """What the manifest of a run says; None, with a warning, where it is damaged."""
    try:
        manifest: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        people = [(person["last_s"] - person["first_s"], _quality(person)) for person in manifest["people"]]
        warnings = len(manifest["warnings"])
        is_judged = bool(people) or REPORT in manifest["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s is not shown in the gallery: its manifest cannot be read (%s)", folder.name, error)
        return None
    thumbnail = folder / THUMBNAIL
    return Run(
        name=folder.name,
        verdict=verdict([quality for _, quality in people]) if is_judged else NO_MOTION,
        people=len(people),
        seconds=max((seconds for seconds, _ in people), default=0.0),
        warnings=warnings,
        links=tuple((name, words) for name, words in LINKS if (folder / name).is_file()),
        picture=thumbnail.read_bytes() if thumbnail.is_file() else b"",
    )


def _quality(person: Mapping[str, Any]) -> Quality | None:
    return None if person["quality"] is None else Quality(**person["quality"])


def _card(run: Run) -> str:
    links = "".join(f'<a href="{_address(run, name)}">{words}</a>' for name, words in run.links)
    has_report = any(name == REPORT for name, _ in run.links)
    title = f'<a href="{_address(run, REPORT)}">{escape(run.name)}</a>' if has_report else escape(run.name)
    return (
        f'<li class="card">{_picture(run)}<div class="words"><h2>{title}</h2>'
        f'<p class="verdict" data-grade="{run.verdict.grade}">{escape(run.verdict.line)}</p>'
        f'<p class="facts">{_facts(run)}</p><p class="links">{links}</p></div></li>'
    )


def _picture(run: Run) -> str:
    if not run.picture:
        return '<div class="picture"></div>'
    content = base64.b64encode(run.picture).decode("ascii")
    return f'<div class="picture"><img src="data:image/jpeg;base64,{content}" alt=""></div>'


def _facts(run: Run) -> str:
    parts = [
        f"{run.people} person" if run.people == 1 else f"{run.people} people",
        f"{run.seconds:.1f} s",
        *([f"{run.warnings} warning" if run.warnings == 1 else f"{run.warnings} warnings"] if run.warnings else []),
    ]
    return " · ".join(parts)


def _address(run: Run, name: str) -> str:
    # The leading ./ keeps a colon in a folder's name from being taken for a protocol.
    return escape(f"./{quote(run.name)}/{quote(name)}")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
