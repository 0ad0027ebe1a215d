"""Two runs never write into one folder, and a run that died holds nobody up."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.errors import OutputError
from pipeline.lock import held

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from pipeline.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outputs" / "walk"


@pytest.fixture
def holder(folder: Path):
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_run_in_the_folder_is_told_who_holds_it(folder, holder):
    with (
        pytest.raises(OutputError, match=rf"another run \(process {holder.pid} on .+\) is writing to .+walk"),
        held(folder),
    ):
        pass


def test_the_lock_of_a_process_that_was_killed_is_taken_over(folder, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (folder.parent / ".walk.lock").exists()
    with held(folder):
        assert f"process {os.getpid()} " in (folder.parent / ".walk.lock").read_text()


def test_other_folders_beside_it_are_free(folder, holder):
    with held(folder.with_name("squat")):
        pass


def test_who_waits_is_let_in_when_the_other_one_ends(folder, holder):
    began_s = time.monotonic()
    holder.send_signal(signal.SIGTERM)
    with held(folder, wait_s=20):
        assert time.monotonic() - began_s < 10


def test_nothing_is_left_of_a_lock(folder):
    with held(folder):
        pass
    assert not folder.parent.exists()


def test_what_a_killed_run_was_writing_is_removed_and_nothing_else(folder):
    person = folder / "person_0"
    person.mkdir(parents=True)
    for path in (folder / ".overlay.part.mp4", person / ".lift.part.npz", folder / ".mine", folder / "a.part.mp4"):
        path.write_bytes(b"half")
    with held(folder):
        assert {path.name for path in folder.rglob("*")} == {"person_0", ".mine", "a.part.mp4"}


def test_a_place_where_no_lock_can_be_written_is_told(tmp_path):
    (tmp_path / "taken").write_bytes(b"a file")
    with pytest.raises(OutputError, match="--outputs"), held(tmp_path / "taken" / "walk"):
        pass
