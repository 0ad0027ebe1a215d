"""Under which terms everything here stands, and where it is from: python run_pipeline.py licenses [--run FOLDER]."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from models.errors import InputError, KinetraceError
from models.weights import Weights, file_sha256, registered
from pipeline.doctor.installed import read_pins
from pipeline.doctor.terminal import tell

WIDTH: Final = 120
OWN: Final = "Apache-2.0"
NON_COMMERCIAL: Final = "non-commercial"
SMPLX: Final = "smplx"
SAMPLES: Final = Path(__file__).parents[1] / "samples"
PAGE: Final = "stages/page/bundle/page.js"
RUN: Final = "run.json"
CARRIED: Final = {
    "av": "its wheel carries FFmpeg (LGPL-3.0-or-later) with x264 and x265 (GPL-2.0-or-later)",
    "imageio-ffmpeg": "its wheel carries the program ffmpeg with x264 (GPL-3.0-or-later), which is run, not linked",
}
"""What lies in a wheel under other terms than the package that its metadata speaks of."""
CLIPS: Final = (
    "drawn by this project; their motion was fitted to data obtained from mocap.cs.cmu.edu, a database created with"
    " funding from NSF EIA-0196217"
)
_SMPLX_USE: Final = "imported only where a user's own SMPL, SMPL-H or SMPL-X file is the body"
_SHORT_LETTERS: Final = 60
_HOMES: Final = ("homepage", "home", "source", "source code", "repository")


@dataclass(frozen=True)
class Terms:
    """Of one thing.

    Attributes:
        licence: as its makers state it.
        origin: where it is from, or what it was made from.
        note: what else its user should know; may be empty.
    """

    name: str
    licence: str
    origin: str
    note: str = ""


def main(argv: list[str]) -> int:
    """Print the terms; returns 0, or 1 where a file that tells them is missing or damaged."""
    parser = argparse.ArgumentParser(
        prog="run_pipeline.py licenses", description="Under which terms everything stands.", allow_abbrev=False
    )
    parser.add_argument("--run", type=Path, help="results of one run, such as outputs/walk: what that run used")
    arguments = parser.parse_args(argv)
    try:
        lines = list(everything() if arguments.run is None else used_by(arguments.run))
    except KinetraceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    tell("\n".join(lines))
    return 0


def everything() -> Iterator[str]:
    """Lines about the code, its packages, weights and their training data, and bodies.

    Raises:
        KinetraceError: a register is missing or damaged.
    """
    packages = [terms_of_package(name) for name in read_pins()]
    yield from _section("Code", own_code())
    yield from _section("Weights, with the data that they were made from; free_body.npz is the body", weights())
    yield from _section("Clips in samples/", [Terms("walk, squat, turn", OWN, CLIPS)])
    yield from _section("Packages of requirements.txt", packages)
    yield "Non-commercial"
    for terms in packages:
        if terms.name.startswith(SMPLX):
            yield f"  {terms.name}: {_SMPLX_USE};\n    `licenses --run FOLDER` says whether a run did"
        elif NON_COMMERCIAL in terms.licence.lower():
            yield f"  {terms.name}"
    yield "  SMPL, SMPL-H and SMPL-X files, which are not part of this: terms of their makers, mostly non-commercial"


def used_by(folder: Path) -> Iterator[str]:
    """Lines about what one run used, as its run.json names it.

    Raises:
        KinetraceError: there is no run.json, or it is damaged.
    """
    run = _read_run(folder)
    register = registered()
    try:
        source = _terms_of_input(run["input"])
        packages = [terms_of_package(name, ran=ran) for name, ran in run["versions"].items() if name != "python"]
        files = [_terms_of_file(row, register) for row in run["weights"]]
        body = None if run["body"] is None else _terms_of_file(run["body"], register)
        code = own_code(run["kinetrace"])
        is_users = run["body"] is not None and _is_users_body(run, register)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder / RUN} does not tell what the run used", "run the pipeline again") from error
    yield from _section("Input", [source])
    yield from _section("Code", code)
    yield from _section("Weights that were read, with the data that they were made from", files)
    yield from _section("Body", [body] if body else [Terms("none", "none", "nobody was posed")])
    yield from _section("Packages whose version can change a result", packages)
    yield "Non-commercial"
    yield f"  {_smplx_in(body if is_users else None)}"


def own_code(version: str = "") -> list[Terms]:
    """The project, and what it hands on inside its pages."""
    three = "report.html holds parts of three.js"
    return [
        Terms(f"kinetrace {version}".strip(), OWN, "LICENSE in this folder"),
        Terms("three.js", "MIT", f"https://threejs.org, in {PAGE}", three),
    ]


def weights() -> list[Terms]:
    """Every registered file."""
    return [Terms(name, entry.licence, entry.source) for name, entry in registered().items()]


def terms_of_package(name: str, ran: str | None = None) -> Terms:
    """What an installed package's metadata say; its own licence file where they say nothing.

    Args:
        name: as pip knows it.
        ran: the version that a run had, where that is asked for.
    """
    try:
        package = distribution(name)
    except PackageNotFoundError:
        return Terms(f"{name} {ran or ''}".strip(), "unknown", "not installed here")
    other = "" if ran in (None, package.version) else f"told of {package.version}, which is installed now"
    note = "; ".join(filter(None, (CARRIED.get(name, ""), other)))
    return Terms(f"{name} {ran or package.version}", _licence(package), _home(package), note)


def _is_users_body(run: dict[str, Any], register: dict[str, Weights]) -> bool:
    """Whether the body is none of this project: by its bytes, or, for an earlier version of them, by the settings."""
    asked = {run["config"][stage]["body"] for stage in ("solve", "retarget")}
    return asked != {"free"} and run["body"]["sha256"] not in {entry.sha256 for entry in register.values()}


def _smplx_in(body: Terms | None) -> str:
    """Whether a run imported it, by the user's own body, if it had one."""
    if body is None:
        return f"nothing: {SMPLX} was not imported; it is {_SMPLX_USE}"
    words = "read its terms and those of the body's makers before the results are used commercially"
    return f"{SMPLX} was imported, for the body {body.name}: {words}"


def _terms_of_input(row: dict[str, Any]) -> Terms:
    """Of the file that a run read: by its bytes, since anyone may call a video walk.mp4."""
    sample = SAMPLES / Path(row["name"]).name
    if sample.is_file() and file_sha256(sample) == row["sha256"]:
        return Terms(row["name"], OWN, CLIPS)
    return Terms(row["name"], "its owner's", "your own file; nothing is known here of its rights")


def _terms_of_file(row: dict[str, str], register: dict[str, Weights]) -> Terms:
    """Of a file of weights that a run read; the register speaks only of the same bytes."""
    entry = register.get(row["name"])
    if entry is None:
        return Terms(row["name"], row["licence"], "your own file")
    if entry.sha256 != row["sha256"]:
        return Terms(row["name"], row["licence"], "another version of it", f"sha256 {row['sha256']}")
    return Terms(row["name"], entry.licence, entry.source)


def _licence(package: Distribution) -> str:
    """The expression, else short words, else the classifier, else the heading of the licence file."""
    words = [text for text in _told(package, "License") if text != "UNKNOWN" and len(text) <= _SHORT_LETTERS]
    kinds = [kind for kind in _told(package, "Classifier") if kind.startswith("License ::")]
    known = [*_told(package, "License-Expression"), *words, *(kind.rpartition(" :: ")[2] for kind in kinds)]
    return next(iter([*known, *_headings(package)]), "unknown: see the package's home")


def _headings(package: Distribution) -> Iterator[str]:
    """First lines of licence files that are more than the word itself."""
    for file in package.files or []:
        if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")) and ".dist-info" in str(file):
            lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
            yield from [line for line in lines if "license" in line.lower() and " " in line][:1]


def _home(package: Distribution) -> str:
    pairs = (entry.partition(", ") for entry in _told(package, "Project-URL"))
    homes = {label.lower(): address for label, _, address in pairs}
    named = [homes[label] for label in _HOMES if label in homes]
    return next(iter([*_told(package, "Home-page"), *named]), "its page on pypi.org")


def _told(package: Distribution, field: str) -> list[str]:
    """Every value of one field of the metadata."""
    return [str(value) for value in package.metadata.get_all(field) or []]


def _section(title: str, rows: list[Terms]) -> Iterator[str]:
    yield title
    for terms in rows:
        yield f"  {terms.name}: {terms.licence}"
        for words in filter(None, (terms.origin, terms.note)):
            yield textwrap.fill(words, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
    yield ""


def _read_run(folder: Path) -> dict[str, Any]:
    path = folder / RUN
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{folder} holds no {RUN}", "name a folder such as outputs/<clip>") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error})", "run the pipeline again: it writes it anew") from None
