"""Whether Python and the packages are those of requirements.txt, and pictures can be worked on without a display."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from models.errors import ConfigError
from pipeline.doctor.findings import Finding, problem, well

OLDEST: Final = (3, 11)
TOO_NEW: Final = (3, 13)
REQUIREMENTS: Final = Path(__file__).parents[2] / "requirements.txt"
REINSTALL: Final = "run `pip install --force-reinstall -r requirements.txt`"
OPENCV: Final = "opencv-contrib-python"
RIVALS: Final = ("opencv-python", "opencv-python-headless", "opencv-contrib-python-headless")
"""Packages that write into the same folder as OPENCV; whichever is installed or removed last breaks the other."""


def python(running: tuple[int, int, int] = sys.version_info[:3]) -> Finding:
    """Whether this Python is one that the pins exist for."""
    name = ".".join(map(str, running))
    if OLDEST <= running[:2] < TOO_NEW:
        return well("python", f"{name}, {sys.executable}")
    return problem("python", f"this is Python {name}", "install Python 3.11 or 3.12 (docs/python.md)")


def read_pins(requirements: Path = REQUIREMENTS) -> dict[str, str]:
    """The version that every package must have, by its name.

    Raises:
        ConfigError: the file is missing.
    """
    try:
        lines = requirements.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ConfigError(f"{requirements} is missing", "restore it from git") from None
    pairs = (line.partition("==") for line in lines if not line.startswith("#"))
    return {name.strip(): pin.strip() for name, equals, pin in pairs if equals}


def packages(requirements: Path = REQUIREMENTS) -> Iterator[Finding]:
    """One finding for each package that is missing or of another version; one for all where none is."""
    pins = read_pins(requirements)
    faults = [fault for name, pin in pins.items() for fault in _faults_of(name, pin)]
    faults += [_rivalry(name, pins) for name in RIVALS if _installed(name)]
    yield from faults or [well("packages", f"{len(pins)}, each of the version that {requirements.name} pins")]


def display() -> Iterator[Finding]:
    """Nothing is shown in a window, but OpenCV's wheel needs the libraries of one on some machines."""
    try:
        cv2 = import_module("cv2")
    except ImportError as error:
        remedy = "run `apt-get install libgl1 libglib2.0-0`" if ".so" in str(error) else REINSTALL
        yield problem("display", f"OpenCV cannot be imported ({error})", remedy)
        return
    here = f"there is {os.environ['DISPLAY']}" if os.environ.get("DISPLAY") else "there is none"
    yield well("display", f"not needed ({here}); OpenCV {cv2.__version__} works without")


def reinstall(name: str) -> str:
    """The command that installs one package anew, in the version that is pinned."""
    return f"run `pip install --force-reinstall --no-deps {name}=={read_pins()[name]}`"


def _faults_of(name: str, pin: str) -> Iterator[Finding]:
    here = _installed(name)
    if here is None:
        yield problem("packages", f"{name} is not installed", f"run `pip install {name}=={pin}`")
    # What follows a plus sign says how it was built, such as torch's +cpu.
    elif here.partition("+")[0] != pin:
        remedy = f"run `pip install {name}=={pin}`"
        yield problem("packages", f"{name} is {here}, but {REQUIREMENTS.name} pins {pin}", remedy)


def _rivalry(name: str, pins: dict[str, str]) -> Finding:
    again = f"run `pip uninstall -y {name} && pip install --force-reinstall --no-deps {OPENCV}=={pins.get(OPENCV, '')}`"
    return problem("packages", f"{name} lies over {OPENCV}, both are the package cv2", again)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
