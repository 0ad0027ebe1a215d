"""The page's words and tables as HTML; every text from outside is escaped here."""

import math
import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final
from urllib.parse import quote

from models.bodies import body_label, load_body
from stages.page import Facts, PagePerson
from stages.page.file_kinds import describe
from stages.page.verdict import WORDS, grade_of

KIBI: Final = 1024
PERSON: Final = re.compile(r"person_(\d+)/")


FROM_ONE_CAMERA: Final = "Joint angles come from one camera. "
NOT_VALIDATED: Final = (
    "Biomechanics has not been validated against marker-based motion capture: do not use it for diagnosis."
)
WHAT_A_GRADE_TELLS: Final = (
    "The grade tells how well people were followed on the picture. One camera sees depth poorly: along the line of "
    "sight, points can be a decimetre off without any sign of it."
)


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


CAMERA_WORDS: Final = {
    "still": "it stood still",
    "turned": "it turned, which was taken out",
    "unknown": "nothing: paths hold only if it stood still",
}
QUALITY: Final[Mapping[str, tuple[str, Callable[[Any], str]]]] = {
    "observed_share": ("Frames in which the person was seen", _share),
    "longest_gap_s": ("Longest time unseen", lambda value: f"{value:.2f} s"),
    "mean_confidence": ("Mean confidence of the joints, 0 to 1", lambda value: f"{value:.2f}"),
    "swapped_share": ("Frames whose left and right were put right", _share),
    "reprojection_px": ("Distance of the body from what was seen (median)", lambda value: f"{value:.1f} px"),
    "reprojection_share": ("The same, of the person's height on the picture", lambda value: f"{100 * value:.2f} %"),
    "camera": ("What the background says of the camera", lambda value: CAMERA_WORDS[value]),
}
"""What each field of Quality is called, and how it is written."""


def _choice(people: tuple[PagePerson, ...], facts: Facts) -> str:
    """One button for each person, the first chosen; nothing where there is no choice."""
    if len(people) < 2:
        return ""
    radios = "".join(
        f'<label class="chip"><input type="radio" name="person" value="{person.number}"{" checked" * (row == 0)}>'
        f'<span><i class="dot" data-colour="{row}"></i>Person {person.number}</span></label>'
        for row, person in enumerate(people)
    )
    return f'<fieldset id="choice"><legend>Person</legend>{radios}</fieldset>'


def _quality(people: tuple[PagePerson, ...], facts: Facts) -> str:
    """One table for each person; the script shows that of the chosen one."""
    tables = [f'<div data-person="{person.number}">{_judged(person)}</div>' for person in people]
    if not tables:
        return "<p>Nobody was found, so there is nothing to judge.</p>"
    is_judged = any(person.quality is not None for person in people)
    return "".join(tables) + (f'<p class="quiet">{WHAT_A_GRADE_TELLS}</p>' if is_judged else "")


def _judged(person: PagePerson) -> str:
    grade = grade_of(person.quality)
    head = f'<p class="grade" data-grade="{grade}">Person {person.number}: {WORDS[grade].lower()}</p>'
    if person.quality is None:
        return f'{head}<p class="quiet">The motion does not come from a video.</p>'
    values = [(label, write, getattr(person.quality, name)) for name, (label, write) in QUALITY.items()]
    return head + _table(
        [(label, "not known" if _is_missing(value) else write(value)) for label, write, value in values]
    )


def _is_missing(value: float | str) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _caution(people: tuple[PagePerson, ...], facts: Facts) -> str:
    """What angles are worth."""
    is_seen = any(person.quality is not None for person in people)
    return f'<p class="quiet">{FROM_ONE_CAMERA if is_seen else ""}{NOT_VALIDATED}</p>'


def _warnings(people: tuple[PagePerson, ...], facts: Facts) -> str:
    items = "".join(f"<li>{escape(warning)}</li>" for warning in facts.warnings)
    return f'<ul class="warnings">{items}</ul>' if items else '<p class="quiet">None.</p>'


def _downloads(people: tuple[PagePerson, ...], facts: Facts) -> str:
    """The files for other programs first; the run's own folded away. The script shows those of the chosen person."""
    described = [(describe(path), path, size) for path, size in facts.files]
    wanted = "".join(_download(path, size, words) for words, path, size in described if words)
    others = "".join(_download(path, size, "") for words, path, size in described if not words)
    folded = f'<details><summary>Working files</summary><ul class="files">{others}</ul></details>' if others else ""
    return f'<ul class="files">{wanted}</ul>{folded}'


def _download(path: str, size: int, words: str) -> str:
    owner = PERSON.match(path)
    shown_for = f' data-person="{owner[1]}"' if owner else ""
    note = f"<small>{escape(words)}</small>" if words else ""
    return (
        f'<li{shown_for}><a href="{escape(quote(path))}" download><span>{escape(path)}</span>{note}</a>'
        f'<span class="size">{_size(size)}</span></li>'
    )


def _size(size: int) -> str:
    return f"{size / KIBI**2:.1f} MB" if size >= KIBI**2 else f"{max(1, round(size / KIBI))} kB"


def _provenance(people: tuple[PagePerson, ...], facts: Facts) -> str:
    bodies = [load_body(name) for name in sorted({person.motion.body_model for person in people})]
    body_rows = [(f"body: {body_label(body.name)}", f"{body.licence}, sha256 {body.sha256}") for body in bodies]
    weight_rows = [(name, f"{licence}, sha256 {sha256}") for name, licence, sha256 in facts.weights]
    return "".join(
        f"<details><summary>{heading}</summary>{_table(rows)}</details>"
        for heading, rows in (
            ("Input", list(facts.source)),
            ("Body and weights", body_rows + weight_rows),
            ("Versions", list(facts.versions)),
        )
        if rows
    )


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in rows)
    return f"<table><tbody>{cells}</tbody></table>"


SECTIONS: Final[Mapping[str, Callable[[tuple[PagePerson, ...], Facts], str]]] = {
    "choice": _choice,
    "caution": _caution,
    "quality": _quality,
    "warnings": _warnings,
    "downloads": _downloads,
    "provenance": _provenance,
}
"""What the template's places are filled with."""
