"""A headless Chromium, and pages in it that must neither complain nor ask for anything."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stages.page import Facts, Film, PagePerson
from tests.stages.page import clips
from tests.stages.page.clips import FACTS

CHROMIUM = shutil.which("chromium")
SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox"]
PATIENCE_S = 60
LAPTOP = {"width": 1366, "height": 768}


@dataclass
class Opened:
    """A page in the browser; what it asked for and what it complained about."""

    tab: Any
    requests: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])

    def do(self, script: str, *arguments: Any) -> Any:
        return self.tab.evaluate(script, *arguments)

    def wait(self, condition: str) -> None:
        """Until the condition holds; the page's policy forbids playwright's own way, which evaluates text."""
        until = time.monotonic() + PATIENCE_S
        while not self.do(condition):
            assert time.monotonic() < until, f"still not {condition}"
            self.tab.wait_for_timeout(20)

    def picture_of(self, selector: str) -> np.ndarray:
        """What the screen shows there, BGR."""
        return cv2.imdecode(np.frombuffer(self.tab.locator(selector).screenshot(), np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[[list[str]], Any]]:
    """Start a browser with the given flags; all are closed at the end."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync.sync_playwright() as playwright:
        browsers: list[Any] = []

        def launch_(flags: list[str]) -> Any:
            browsers.append(playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=flags))
            return browsers[-1]

        yield launch_
        for browser in browsers:
            browser.close()


@pytest.fixture(scope="session")
def chromium(launch: Callable[[list[str]], Any]) -> Any:
    return launch(SOFTWARE_GL)


Open = Callable[..., Opened]


@pytest.fixture
def open_file(chromium: Any) -> Iterator[Open]:
    """Open a file; close what was opened when the test ends, and fail it if a page complained."""
    opened: list[Opened] = []

    def open_(path: Path, viewport: dict[str, int] = LAPTOP, scheme: str = "light") -> Opened:
        context = chromium.new_context(viewport=viewport, color_scheme=scheme)
        context.set_default_timeout(90_000)
        found = Opened(context.new_page())
        found.tab.on("request", lambda request: found.requests.append(request.url))
        found.tab.on("console", lambda message: found.complaints.append(f"{message.type}: {message.text}"))
        found.tab.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.tab.goto(path.as_uri())
        opened.append(found)
        return found

    yield open_
    for found in opened:
        found.tab.context.close()


@pytest.fixture
def open_report(tmp_path: Path, open_file: Open) -> Callable[..., Opened]:
    """Make a report in a folder of its own, open it and wait until it is ready."""

    def open_(film: Film | None, *people: PagePerson, facts: Facts = FACTS, **how: Any) -> Opened:
        folder = tmp_path if film is None else film.path.parent
        content = clips.report(film, *people, max_embedded_s=how.pop("max_embedded_s", 60.0), facts=facts)
        (folder / "report.html").write_bytes(content)
        found = open_file(folder / "report.html", **how)
        found.do("kinetrace.ready")
        return found

    return open_
