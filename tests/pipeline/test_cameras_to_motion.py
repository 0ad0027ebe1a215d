"""Two films of one scene become one motion: nearer to the truth than either, in one folder, and again for nothing."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import run_pipeline
from models.bodies import load_body
from pipeline.batch import run_all
from pipeline.config import load_preset
from pipeline.task import Task, Until
from training.body_motion import read_motion
from training.render_views import Ring, film_ring

SAMPLES = Path(__file__).parents[2] / "samples"
FRAMES = slice(40, 64)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene")
    motion = read_motion(SAMPLES / "walk_truth.npz", load_body("free"))
    cut = replace(motion, parent_from_joint=motion.parent_from_joint[FRAMES], trans_m=motion.trans_m[FRAMES])
    film_ring(cut, Ring(headings_deg=(60.0, 130.0), width_px=480, height_px=480, seed=5), folder, "walk")
    return folder


@pytest.fixture(scope="module")
def task(scene):
    first, second = sorted(scene.glob("*.mp4"))
    return Task(first, "both", "all", "cpu", Until.EXPORT, beside=(second,), calibration=scene / "calibration.toml")


@pytest.fixture(scope="module")
def outcome(scene, task):
    (outcome,) = run_all([task], load_preset("default"), scene / "out")
    assert outcome.error is None
    return outcome


def test_a_walker_is_where_the_calibration_has_him(scene, outcome):
    with np.load(scene / "truth.npz") as truth, np.load(outcome.folder / "person_0" / "motion.npz") as motion:
        rows = np.round(motion["timestamps_s"] * float(truth["rate_hz"])).astype(int)
        away_m = np.linalg.norm(motion["landmarks_m"] - truth["landmarks_m"][rows], axis=-1)[:, 11:]
    assert len(rows) > 20
    assert away_m.mean() < 0.07


def test_the_folder_tells_of_all_cameras(outcome):
    run = json.loads((outcome.folder / "run.json").read_text())
    check = json.loads((outcome.folder / "calibration_check.json").read_text())
    assert [row["name"] for row in run["beside"]] == ["walk_cam2.mp4", "calibration.toml"]
    assert [row["name"] for row in check["cameras"]] == ["cam1", "cam2"]
    assert check["people"] == len(run["people"]) == 1
    assert not run["warnings"]


def test_a_second_run_has_nothing_to_do(scene, task, outcome):
    (again,) = run_all([task], load_preset("default"), scene / "out")
    assert again.error is None
    assert all(record.seconds is None for record in again.records)


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["a.mp4", "--cameras", "c.toml"], "two or more cameras"),
        (["a.mp4", "b.mp4", "--cameras", "c.toml", "--person", "largest"], "Leave --person out"),
    ],
)
def test_what_makes_no_sense_with_several_cameras_is_refused(tmp_path, capsys, flags, word):
    assert run_pipeline.main([*flags, "--outputs", str(tmp_path)]) == 1
    assert word in capsys.readouterr().err


def test_a_missing_calibration_is_refused(tmp_path, task):
    (outcome,) = run_all([replace(task, calibration=tmp_path / "none.toml")], load_preset("default"), tmp_path)
    assert "none.toml" in str(outcome.error)
