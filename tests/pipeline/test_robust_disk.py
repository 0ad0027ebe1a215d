"""A disk that is full, or forbidden, at any file of a run: one sentence, nothing lost, and the next run goes on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import OutputError
from pipeline.store import Store
from tests.fuzz.kill import ROOT, differences, kill_and_go_on, results_of

FILES = (
    "ingest.npz", "ingest.json", "detect.npz", "track.npz", "lift.npz", "solve.npz", "denoise.npz", "denoise.json",
    "report.npz", "turn_p0.glb overlay.mp4", "export.json overlay.mp4", "biomech.npz overlay.mp4",
    "turn_p0.mot overlay.mp4", "overlay.mp4", "overlay.json", "report.html", "page.json", "run.json", "index.html",
)  # fmt: skip
"""At least one of every stage, in the order of writing; films are drawn beside the rest, so they fail with it."""
PROGRAM = """
import contextlib, errno, io, json, os, sys
from pathlib import Path
import run_pipeline
from pipeline import film

outputs, number, names = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
(outputs / "full.mp4").symlink_to("/dev/full")
write_bytes, begin = Path.write_bytes, film._Film.begin
full = ""

def refuse_bytes(self, content):
    if self.name.replace(".part", "").lstrip(".") in full.split():
        write_bytes(self, content[: len(content) // 2])
        raise OSError(number, os.strerror(number))
    return write_bytes(self, content)

def refuse_film(picture, rate_hz, path, style):
    to_full_disk = path.name.replace(".part", "").lstrip(".") in full.split()
    return begin(picture, rate_hz, outputs / "full.mp4" if to_full_disk else path, style)

Path.write_bytes, film._Film.begin = refuse_bytes, staticmethod(refuse_film)
for full in [*names, ""]:
    told = io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
        code = run_pipeline.main(["samples/turn.mp4", "--max-frames", "12", "--outputs", str(outputs)])
    half = [path.name for path in outputs.rglob("*") if ".part" in path.name or path.name.endswith(".lock")]
    print(json.dumps([full, code, told.getvalue(), half, len(list(outputs.rglob("*.json")))]), flush=True)
"""


@pytest.fixture(scope="module")
def undisturbed(sample_results: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Made after other runs: the first one after an installation compiles, and differs in the sixteenth digit."""
    outputs = tmp_path_factory.mktemp("undisturbed")
    command = [sys.executable, "run_pipeline.py", "samples/turn.mp4", "--max-frames", "12", "--outputs", str(outputs)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return results_of(outputs)


def test_a_disk_that_is_full_at_any_file_is_told_and_the_next_run_goes_on(undisturbed, tmp_path):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), "28", *FILES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert [name for name, *_ in runs] == [*FILES, ""], done.stderr
    whole = 0
    for name, code, words, half, count in runs:
        errors = [line for line in words.splitlines() if line.startswith("error: ")]
        assert (code, len(errors), half) == (1 if name else 0, 1 if name else 0, []), words
        assert "Traceback" not in words and count >= whole
        assert not name or (
            any(file in errors[0] for file in name.split()) and "Free some space and run it again" in errors[0]
        ), words
        whole = count
    (tmp_path / "full.mp4").unlink()
    assert differences(undisturbed, results_of(tmp_path)) == []


def test_runs_killed_at_random_moments_are_finished_with_equal_bytes():
    """The long run is `python -m tests.fuzz.kill`."""
    assert [problems for *_, problems in kill_and_go_on(4, seed=1)] == [[]] * 4


def test_a_folder_of_an_earlier_person_that_may_not_be_removed_is_told(tmp_path, monkeypatch):
    (tmp_path / "person_3").mkdir()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "rmdir", refuse)
    with pytest.raises(OutputError, match=r"person_3 \(Permission denied\)\. Choose a writable folder"):
        Store(tmp_path).drop_people_from(1)
