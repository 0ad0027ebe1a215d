"""Files from strangers are opened in a process that is bounded; what it leaves is taken, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import ConfigError, InputError, OutputError, ResourceError
from pipeline import sandbox, sandboxed
from pipeline.config import PipelineConfig
from pipeline.limits import Limits
from pipeline.store import Store
from pipeline.task import Task, Until
from tests import videos
from tests.pipeline import toy_stage as toy

ROOT = Path(__file__).parents[2]
BOUNDS = """
import json, os, resource, socket
from pipeline.sandboxed import _bound, _leave_network
gone = _leave_network()
_bound(2, 3)
names = [name for _, name in socket.if_nameindex()]
kinds = (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)
print(json.dumps([gone, names, *(resource.getrlimit(kind) for kind in kinds)]))
"""


def task_of(path: Path) -> Task:
    return Task(path, "a", "all", "cpu", Until.INGEST)


def test_a_video_is_measured_inside_and_its_result_read_outside(tmp_path):
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(4))
    store = sandbox.done_inside(task_of(video), PipelineConfig(), Store(tmp_path / "out"), Limits(sandbox=True))
    assert store.only_ready and set(store.made_ahead) == {"out/ingest"}
    assert {path.name for path in store.folder.iterdir()} == {"ingest.npz", "ingest.json"}


def test_what_is_refused_inside_is_refused_outside(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(InputError, match=r"a\.mp4 is not a video\. Choose"):
        sandbox.done_inside(
            task_of(tmp_path / "a.mp4"), PipelineConfig(), Store(tmp_path / "out"), Limits(sandbox=True)
        )


@pytest.mark.parametrize(
    ("words", "code", "kind", "problem"),
    [
        (b"", -11, InputError, "ended with signal 11 instead of a result. Do not trust the file"),
        (b"{half", 0, InputError, "ended with code 0"),
        (b"", -24, ResourceError, "more than 60 minutes of a processor. Raise --limit-minutes"),
        (json.dumps({"error": "ConfigError", "problem": "a", "remedy": "b"}).encode(), 0, ConfigError, "a. B."),
    ],
)
def test_a_crash_or_a_limit_is_told(words, code, kind, problem):
    with pytest.raises(kind) as caught:
        sandbox._answer(task_of(Path("a.mp4")), words, code, Limits(sandbox=True))
    assert problem in str(caught.value)


def test_the_process_is_bounded_and_sees_no_network_where_the_system_lets_it():
    done = subprocess.run([sys.executable, "-c", BOUNDS], cwd=ROOT, capture_output=True, text=True, check=True)
    network_is_gone, names, memory, time_s, dump = json.loads(done.stdout)
    assert (memory, time_s, dump) == ([3 << 30] * 2, [120] * 2, [0, 0])
    assert not network_is_gone or set(names) <= {"lo"}
    assert sandboxed.MOST_FILES < 1024


def test_outside_nothing_is_made(tmp_path):
    (tmp_path / "video.bin").write_bytes(b"four")
    store = Store(tmp_path / "out", only_ready=True)
    with pytest.raises(OutputError, match="is not the one that the sandbox left"):
        store.step(toy.run, toy.Config(), tmp_path / "video.bin")
    Store(tmp_path / "out").step(toy.run, toy.Config(), tmp_path / "video.bin")
    store.step(toy.run, toy.Config(), tmp_path / "video.bin")
    (tmp_path / "out" / "toy_stage.npz").write_bytes(b"changed")
    with pytest.raises(OutputError, match="is not the one that the sandbox left"):
        store.step(toy.run, toy.Config(), tmp_path / "video.bin")
