"""What other programs found goes through the pipeline by --from, and what is wrong with it is said in a sentence."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import run_pipeline
from tests.stages.given.case import FRAMES, truth, write_joints


def _write_motion(path: Path) -> None:
    poses = Rotation.from_matrix(truth().local.reshape(-1, 3, 3)).as_rotvec().reshape(FRAMES, 72)
    np.savez(path, poses=poses, trans=truth().trans_m, betas=np.ones(10), mocap_framerate=30.0, up_axis="y")


def _run(*words: object) -> int:
    return run_pipeline.main([str(word) for word in words])


def test_a_motion_becomes_files_and_run_json_tells_its_source(tmp_path: Path) -> None:
    _write_motion(tmp_path / "dance.npz")
    how = ("--outputs", tmp_path / "out", "--until", "export")
    assert _run("--from", "amass", tmp_path / "dance.npz", *how) == 0
    person = tmp_path / "out" / "dance" / "person_0"
    assert {path.suffix for path in person.iterdir()} >= {".bvh", ".glb", ".npz", ".trc", ".c3d", ".csv"}
    told = json.loads((tmp_path / "out" / "dance" / "run.json").read_text())
    assert told["given"]["format"] == "amass" and told["input"]["name"] == "dance.npz"
    assert told["body"]["name"] == "free_body.npz" and len(told["people"]) == 1
    found = np.load(person / "motion.npz")
    turns = Rotation.from_rotvec(found["poses"].reshape(-1, 3)).as_matrix().reshape(FRAMES, 24, 3, 3)
    np.testing.assert_allclose(turns, truth().local, atol=1e-6)


def test_joints_become_a_motion_and_what_was_done_is_not_done_again(tmp_path: Path) -> None:
    write_joints(tmp_path / "joints.npz", "smpl24")
    how = ("--up", "y", "--outputs", tmp_path / "out", "--until", "export")
    assert _run("--from", "npz", tmp_path / "joints.npz", *how) == 0
    assert _run("--from=npz", tmp_path / "joints.npz", *how) == 0
    told = json.loads((tmp_path / "out" / "joints" / "run.json").read_text())
    assert all(stage["reused"] for stage in told["stages"])
    assert {stage["step"] for stage in told["stages"]} >= {"joints/points", "person_0/denoise", "person_0/export"}


def test_keypoints_refine_a_motion_and_a_report_is_written(tmp_path: Path) -> None:
    _write_motion(tmp_path / "dance.npz")
    write_joints(tmp_path / "joints.npz", "smpl24", noise_m=0.01)
    how = ("--keypoints", tmp_path / "joints.npz", "--up", "y", "--outputs", tmp_path / "out", "--until", "export")
    assert _run("--from", "amass", tmp_path / "dance.npz", *how) == 0
    report = json.loads((tmp_path / "out" / "dance" / "person_0" / "changes.json").read_text())
    assert report["frames"] == FRAMES
    assert json.loads((tmp_path / "out" / "dance" / "run.json").read_text())["given"]["keypoints"] == "joints.npz"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "openpose", "."), "--video"),
        (("--from", "npz", "nothing.npz"), "nothing.npz"),
        (("--from", "wham", "nothing.pkl", "--rate", "30"), "nothing.pkl"),
        (("--from", "npz", "joints.npz", "--keypoints", "joints.npz"), "no motion"),
        (("--from", "npz", "joints.npz", "--unit", "mm"), "m tall"),
        (("--from", "npz", "joints.npz", "--up", "y", "--person", "3"), "person '3'"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_joints(tmp_path / "joints.npz", "smpl24")
    assert _run(*words, "--outputs", tmp_path / "out", "--until", "export") == 1
    assert said in capsys.readouterr().err
