"""Puts the page together: one file that needs nothing from the network and lets nothing of it in."""

import base64
import hashlib
import html
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import quote

from models.bodies import body_label, load_body
from models.errors import InputError
from stages.page import Facts, Film, PagePerson
from stages.page.bands import bands_of, in_words
from stages.page.curves import curves_of, pack_curves
from stages.page.motions import REGIONS, pack_body, pack_motion
from stages.page.packing import inert_json, pack_array
from stages.page.sections import SECTIONS
from stages.page.verdict import verdict

HERE: Final = Path(__file__).parent
NO_NETWORK: Final = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; img-src data: blob:; "
    "media-src {media}; base-uri 'none'; form-action 'none'"
)
BESIDE: Final = "blob: 'self' file:"
BANDS: Final = (
    '<div id="bands" hidden><p class="legend"><label class="choice"><input type="checkbox" id="bands-on" checked>'
    '<span>Walks of others</span></label><span class="swatch one">± 1 SD</span>'
    '<span class="swatch two">± 2 SD</span></p>'
    '<p class="quiet">{words}</p></div>'
)
"""Shown with a person who has bands."""


def encode(max_embedded_s: float, film: Film | None, people: tuple[PagePerson, ...], facts: Facts) -> str:
    """Write the whole page.

    Raises:
        ConfigError, WeightsError, InputError: a motion's body cannot be had or has other betas; the film cannot be
            read.
    """
    is_inside = film is None or len(film.timestamps_s) / film.rate_hz <= max_embedded_s
    judged = verdict([person.quality for person in people])
    style, script = _asset("page.css"), _asset("bundle/page.js")
    data = _data(film, people, is_inside=is_inside)
    has_bands = any(curve["bands"] for person in data["people"] for curve in person["curves"])
    policy = NO_NETWORK.format(script=_hash(script), style=_hash(style), media="blob:" if is_inside else BESIDE)
    return Template(_asset("page.html")).substitute(
        policy=policy,
        title=html.escape(facts.title),
        grade=judged.grade,
        verdict=html.escape(judged.line),
        style=style,
        script=script,
        data=inert_json(data),
        bands=BANDS.format(words=html.escape(in_words())) if has_bands else "",
        **{name: section(people, facts) for name, section in SECTIONS.items()},
    )


def _data(film: Film | None, people: tuple[PagePerson, ...], *, is_inside: bool) -> dict[str, Any]:
    rate_hz = float(people[0].motion.rate_hz) if people else (film.rate_hz if film else 1.0)
    names = {person.motion.body_model for person in people}
    return {
        "rate": rate_hz,
        "frames": _frame_count(film, people, rate_hz),
        "film": None if film is None else _film(film, is_inside=is_inside),
        "bodies": {body_label(name): pack_body(load_body(name)) for name in sorted(names)},
        "regions": list(REGIONS),
        "people": [
            {"number": person.number, **pack_motion(person.motion)}
            | {"curves": pack_curves(curves_of(person.motion, person.biomechanics), bands_of(person.biomechanics))}
            for person in people
        ],
    }


def _frame_count(film: Film | None, people: tuple[PagePerson, ...], rate_hz: float) -> int:
    """Frames from the beginning of the video to the end of whatever ends last."""
    ends_s = [float(person.motion.timestamps_s[-1]) for person in people]
    if film is not None:
        ends_s.append(float(film.timestamps_s[-1]))
    return round(max(ends_s, default=0.0) * rate_hz) + 1


def _film(film: Film, *, is_inside: bool) -> dict[str, Any]:
    try:
        content = film.path.read_bytes() if is_inside else b""
    except OSError as error:
        raise InputError(f"{film.path} cannot be read ({error.strerror})", "run the clip again") from error
    return {
        "rate": film.rate_hz,
        "size": list(film.clip_size_px),
        "times": pack_array(film.timestamps_s),
        "content": base64.b64encode(content).decode("ascii") if is_inside else None,
        "beside": None if is_inside else quote(film.path.name),
    }


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


@cache
def _asset(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
