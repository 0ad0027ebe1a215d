"""The terms that are told are those that packages, registers and runs hold."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models.weights import file_sha256, registered
from pipeline import licenses
from pipeline.doctor.installed import read_pins

ROOT = Path(__file__).parents[2]
BODY = "free_body.npz"


def manifest(**changed: Any) -> dict[str, Any]:
    """What run.json tells of a run on a user's own video."""
    body = {"name": BODY, "sha256": registered()[BODY].sha256, "licence": registered()[BODY].licence}
    return {
        "kinetrace": "0.1.0",
        "input": {"name": "mine.mp4", "sha256": "0" * 64, "bytes": 1},
        "versions": {"python": "3.11.7", "numpy": "0.0.1"},
        "config": {"solve": {"body": "free"}, "retarget": {"body": "free"}},
        "weights": [body],
        "body": body,
    } | changed


def asked_for(body: str) -> dict[str, Any]:
    return {"solve": {"body": body}, "retarget": {"body": "free"}}


def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: dict[str, Any]) -> str:
    (tmp_path / "run.json").write_text(json.dumps(content))
    assert licenses.main(["--run", str(tmp_path)]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_code_packages_weights_and_bodies_all_have_terms(capsys: pytest.CaptureFixture[str]) -> None:
    assert licenses.main([]) == 0
    text = capsys.readouterr().out
    for name in [*read_pins(), *registered(), "kinetrace", "three.js"]:
        assert f"\n  {name}" in text, name
    assert "unknown" not in text
    assert "mocap.cs.cmu.edu" in text and "Anny" in text


def test_smplx_alone_is_non_commercial_by_the_packages_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    packages = [licenses.terms_of_package(name) for name in read_pins()]
    strict = [terms.name.split()[0] for terms in packages if "non-commercial" in terms.licence.lower()]
    assert strict == ["smplx"]
    licenses.main([])
    assert "smplx" in capsys.readouterr().out.rpartition("Non-commercial")[2]


def test_the_license_file_is_what_is_told_of_the_code() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert licenses.own_code()[0].licence == "Apache-2.0"
    assert "The MIT License" in (ROOT / licenses.PAGE).read_text(encoding="utf-8")


def test_ffmpeg_says_itself_what_is_told_of_it() -> None:
    import imageio_ffmpeg  # noqa: PLC0415

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-L"]
    words = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "GNU General Public License" in words and "version 3" in words
    assert "GPL-3.0-or-later" in licenses.CARRIED["imageio-ffmpeg"]


def test_a_run_on_the_free_body_did_not_import_smplx(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(tmp_path, capsys, manifest())
    assert "smplx was not imported" in text
    assert "mine.mp4: its owner's" in text
    assert "CC0-1.0" in text and "Anny" in text
    assert "numpy 0.0.1" in text and "which is installed now" in text


def test_a_run_on_a_licensed_body_did_import_smplx(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = {"name": "SMPL_MALE.npz", "sha256": "1" * 64, "licence": "the makers' own"}
    text = told(tmp_path, capsys, manifest(body=body, weights=[body], config=asked_for("/mine/SMPL_MALE.npz")))
    assert "smplx was imported, for the body SMPL_MALE.npz" in text
    assert "SMPL_MALE.npz: the makers' own" in text


def test_a_licensed_body_under_the_name_of_the_free_one_is_no_free_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"name": BODY, "sha256": "1" * 64, "licence": "the makers' own"}
    text = told(tmp_path, capsys, manifest(body=body, config=asked_for(f"/mine/{BODY}")))
    assert f"smplx was imported, for the body {BODY}" in text


def test_an_earlier_version_of_the_free_body_is_still_free(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = {"name": BODY, "sha256": "1" * 64, "licence": "CC0-1.0"}
    assert "smplx was not imported" in told(tmp_path, capsys, manifest(body=body))


def test_weights_of_other_bytes_are_not_given_the_origin_of_these(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"name": BODY, "sha256": "2" * 64, "licence": "CC0-1.0"}
    text = told(tmp_path, capsys, manifest(weights=[row], body=None))
    assert "another version of it" in text and "Anny" not in text
    assert "nobody was posed" in text and "smplx was not imported" in text


def test_a_sample_is_known_by_its_bytes_not_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    walk = {"name": "walk.mp4", "sha256": file_sha256(licenses.SAMPLES / "walk.mp4")}
    assert "walk.mp4: Apache-2.0" in told(tmp_path, capsys, manifest(input=walk))
    assert "walk.mp4: its owner's" in told(tmp_path, capsys, manifest(input=walk | {"sha256": "0"}))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"input": 3}', "\x00"])
def test_a_damaged_run_is_told_in_words(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.json").write_text(content)
    assert licenses.main(["--run", str(tmp_path)]) == 1
    assert "un the pipeline again" in capsys.readouterr().err


def test_a_folder_of_no_run_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert licenses.main(["--run", str(tmp_path)]) == 1
    assert "holds no run.json" in capsys.readouterr().err


def test_a_real_run_tells_all_that_is_asked(sample_results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert licenses.main(["--run", str(sample_results / "walk")]) == 0
    text = capsys.readouterr().out
    assert "smplx was not imported" in text and "walk.mp4: Apache-2.0" in text


def test_the_command_needs_no_package() -> None:
    command = [sys.executable, "-S", "run_pipeline.py", "licenses"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "not installed here" in done.stdout and "smplx" in done.stdout
