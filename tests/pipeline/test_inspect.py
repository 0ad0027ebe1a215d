"""What a run left, listed and drawn."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from models.errors import ConfigError, InputError
from pipeline import artefacts, film
from pipeline.inspect import backdrop_of, describe, inspect, read_artefacts
from stages.contracts import Clip, Detections, JointTrack, Person, Quality
from stages.sheets import CONTRACTS, Backdrop
from stages.sheets.figures import pictures
from tests.stages.toy_motion import make_motion, random_rotations

FRAMES = 8
ROOT = Path(__file__).parents[2]


def clip() -> Clip:
    return Clip(64, 48, np.arange(FRAMES) / 25, float("nan"), 1)


def points(axes: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(1, 40, (FRAMES, 33, axes))


def grey_420(luma: int) -> np.ndarray:
    picture = np.full((24 * 3 // 2, 32), 128, np.uint8)
    picture[:24] = luma
    return picture


def results() -> dict[str, Any]:
    frames, ones = np.arange(FRAMES), np.ones((FRAMES, 33))
    seen = np.ones(FRAMES, bool)
    region, times_s = np.ones((FRAMES, 4)), frames / 25
    person = Person(0, times_s, seen, region, points(2), points(3), ones, ones)
    landmarks_m = points(3)
    landmarks_m[3] = np.nan
    lost = seen & (frames != 3)
    track = JointTrack(25, times_s, lost, landmarks_m, points(2), ones, ~lost, np.eye(4), np.eye(3))
    motion = make_motion(random_rotations(FRAMES))
    return {
        "ingest": clip(),
        "detect": Detections(
            FRAMES, frames, frames * 0, region, points(2), points(3), ones, ones, seen * 1.0, region, frames * 0
        ),
        "track": (person,),
        "camera_1/track": (person,),
        "together": (track, track),
        "motions": (motion,),
        "person_0/lift": track,
        "person_0/denoise": motion,
        "person_0/report": Quality(1.0, 0.0, 0.9, 0.0, 3.0, 0.01),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run = tmp_path / "clip"
    for step, content in results().items():
        path = run / f"{step}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artefacts.encode(content))
        path.with_suffix(".json").write_text(json.dumps({"version": 7, "key": "0123456789abcdef"}))
    rows = [{"step": "clip/detect", "seconds": 2.5}, {"step": "person_0/lift", "seconds": 0.25}]
    (run / "run.json").write_text(json.dumps({"stages": rows}))
    film.encode((grey_420(50 * k + 30) for k in range(FRAMES // 2)), 12.5, run / "preview.mp4")
    return run


def test_every_artefact_is_listed_with_ranges_masks_stamp_and_seconds(folder: Path) -> None:
    told = {artefact.step: "\n".join(describe(artefact)) for artefact in read_artefacts(folder)}
    assert set(told) == set(results())
    assert "2.50 s" in told["detect"] and "version 7, stamp 0123456789ab" in told["detect"]
    assert "0.25 s" in told["person_0/lift"] and "? s" in told["track"]
    assert "87.5% true" in told["person_0/lift"]
    assert "12.5% NaN" in told["person_0/lift"]
    assert "0 .. 0.28" in told["ingest"]


def test_every_artefact_gets_a_sheet_that_is_a_picture(folder: Path) -> None:
    inspect(folder)
    sheets = {path.stem: cv2.imread(str(path)) for path in (folder / "inspect").glob("*.png")}
    assert set(sheets) == {step.replace("/", "_") for step in results()}
    assert all(sheet is not None and sheet.std() > 5 for sheet in sheets.values())


def test_the_same_results_give_the_same_sheets(folder: Path) -> None:
    inspect(folder)
    first = {path.name: path.read_bytes() for path in (folder / "inspect").iterdir()}
    inspect(folder)
    assert {path.name: path.read_bytes() for path in (folder / "inspect").iterdir()} == first


def test_pictures_behind_frames_are_those_of_the_film(folder: Path) -> None:
    found = list(read_artefacts(folder))
    backdrop = backdrop_of(folder, found)
    assert isinstance(backdrop, Backdrop)
    brightness = [picture.mean() for picture in pictures(backdrop, [0, 2, 3, 7])]
    assert np.all(np.diff(brightness)[[0, 2]] > 10)
    assert brightness[1] == brightness[2]


def test_every_contract_that_a_stage_keeps_has_a_sheet() -> None:
    kept = {path.stem for path in (ROOT / "stages").glob("*.py")} | {
        p.parent.name for p in ROOT.glob("stages/*/__init__.py")
    }
    assert kept - set(CONTRACTS) == {
        "__init__",
        "contracts",
        "dynamic_range",
        "frames",
        "progress",
        "thinning",
        "export",
        "given",
        "page",
        "pictures",
        "sheets",
    }


def test_a_folder_without_results_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no results"):
        inspect(tmp_path)


def test_a_damaged_artefact_is_told(folder: Path) -> None:
    (folder / "track.npz").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"track\.npz is damaged"):
        inspect(folder)


def test_a_damaged_stamp_is_told(folder: Path) -> None:
    (folder / "track.json").write_text("{")
    with pytest.raises(InputError, match=r"track\.json is damaged"):
        inspect(folder)


def test_a_recording_holds_film_points_bodies_and_curves(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("rerun", reason="rerun-sdk is not installed")
    code = f"from pathlib import Path; from pipeline.inspect import inspect; inspect(Path({str(folder)!r}), rerun=True)"
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={"HOME": str(home)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = [path for path in home.rglob("*") if "rerun" in path.parts]
    assert told == [], "the library keeps what it would tell about its use"
    entities = entities_of(folder / "inspect" / "run.rrd")
    assert {"/picture", "/picture/person_0", "/world/person_0/joints", "/world/person_0/bones"} <= entities
    assert "/curves/person_0/left_knee" in entities


def entities_of(recording: Path) -> set[str]:
    program = Path(sys.executable).with_name("rerun")
    printed = subprocess.run([program, "rrd", "print", "-v", recording], capture_output=True, text=True, check=True)
    return {word.strip(",'\"") for word in printed.stdout.split() if word.startswith("/")}


def test_a_recording_without_the_package_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    monkeypatch.delitem(sys.modules, "stages.sheets.recording", raising=False)
    with pytest.raises(ConfigError, match="rerun-sdk"):
        inspect(folder, rerun=True)
