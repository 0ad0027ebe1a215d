"""Starts other programs on files of ours and brings back where they put the joints; skips where one is missing."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
CHROMIUM_ARGUMENTS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox"]
PAGE = (
    '<!doctype html><script type="importmap">{"imports": {"three": "/node_modules/three/build/three.module.js",'
    '"three/": "/node_modules/three/"}}</script><script type="module" src="/play.mjs"></script>'
)
"""Three.js comes from its npm package as it is; nothing is bundled."""


@dataclass(frozen=True)
class Played:
    """What a program made of a file.

    Attributes:
        joints_m: places (frames, names, 3), in the file's axes, metres.
        warnings: what it had to say.
    """

    joints_m: np.ndarray
    warnings: list[str]


class Browser:
    """A page in which three.js plays files."""

    def __init__(self, page: Any) -> None:
        self._page = page

    def play(self, path: Path, names: Sequence[str], picture: Path | None = None) -> Played:
        """Where the named joints are in every frame; the picture shows one frame in the middle."""
        kind = path.suffix.removeprefix(".")
        task = {
            "base64": base64.b64encode(path.read_bytes()).decode(),
            "kind": kind,
            "names": list(names),
            "shownFrame": None if picture is None else 50,
        }
        found = self._page.evaluate("task => window.play(task)", task)
        if picture is not None:
            self._page.screenshot(path=str(picture), clip={"x": 0, "y": 0, "width": 640, "height": 640})
        return Played(np.array(found["placed"]) * (0.01 if kind == "bvh" else 1.0), found["warnings"])


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser that asks nothing of the network."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed")
    if not (MODULES / "three").exists():
        pytest.skip("three.js is not installed: npm ci in tests/players")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page()
        page.route("**/*", _serve)
        page.goto("http://players.test/")
        page.wait_for_function("window.play !== undefined")
        yield Browser(page)
        browser.close()


def _serve(route: Any) -> None:
    """Files of this folder; whatever else is asked for is refused."""
    name = route.request.url.removeprefix("http://players.test/")
    if name == "":
        route.fulfill(body=PAGE, content_type="text/html")
    elif name == "play.mjs" or name.startswith("node_modules/"):
        route.fulfill(path=str(HERE / name), content_type="text/javascript")
    else:
        route.abort()


def blender(rate_hz: int, files: Mapping[Path, Path | None], out: Path) -> dict[str, np.ndarray]:
    """Places (frames, 3) of every bone by file/bone, Y up, metres; files with pictures to draw."""
    program = os.environ.get("KINETRACE_BPY_PYTHON") or str(HERE.parents[1] / ".venv-bpy" / "bin" / "python")
    if not Path(program).exists():
        pytest.skip("Blender is not installed: tests/envs/bpy.txt in .venv-bpy, or KINETRACE_BPY_PYTHON")
    names = [str(path) if picture is None else f"{path}:{picture}" for path, picture in files.items()]
    command = [program, str(HERE / "blender_play.py"), str(rate_hz), str(out), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(out, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def khronos_verdict(path: Path) -> dict[str, Any]:
    """Counts of errors, warnings, infos and hints of Khronos' validator, and its messages."""
    node = shutil.which("node")
    if node is None or not (MODULES / "gltf-validator").exists():
        pytest.skip("gltf-validator is not installed: Node, and npm ci in tests/players")
    done = subprocess.run(
        [node, "validate.mjs", str(path.resolve())], cwd=HERE, capture_output=True, text=True, check=True, timeout=120
    )
    return json.loads(done.stdout)
