"""Files from strangers are opened in a process that is bounded; what it leaves is taken, and nothing else."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import pytest
from numba.core import caching

from models.errors import ConfigError, InputError, OutputError, ResourceError
from pipeline import confined, sandbox, sandboxed
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

ATTEMPTS = """
import ctypes, json, os, socket, subprocess, sys, threading
from pathlib import Path
from pipeline.confined import bound_files, deny_calls
own, other, program, *loaders = map(Path, sys.argv[1:])
held = [bound_files([own, own / "gone", Path(os.devnull)], [program, *loaders]), deny_calls()]
libc = ctypes.CDLL(None, use_errno=True)

def outcome(attempt):
    try:
        return str(attempt())
    except OSError as error:
        return error.strerror

def all_attempts():
    return [
        outcome(lambda: (own / "new.txt").write_text("x")),
        outcome(lambda: (own / "old.txt").write_text("x")),
        outcome(lambda: (own / "old.txt").rename(own / "old.txt")),
        outcome(lambda: Path(os.devnull).write_text("x")),
        outcome(lambda: subprocess.run([program, "-version"], stdout=subprocess.DEVNULL).returncode),
        outcome(lambda: (other / "mine.txt").read_text()),
        outcome(lambda: (other / "mine.txt").write_text("x")),
        outcome(lambda: (other / "new.txt").write_text("x")),
        outcome(lambda: (other / "mine.txt").unlink()),
        outcome(lambda: os.truncate(other / "mine.txt", 0)),
        outcome(lambda: (other / "folder").mkdir()),
        outcome(lambda: (own / "new.txt").rename(other / "new.txt")),
        outcome(lambda: os.symlink(other, other / "link")),
        outcome(lambda: (own / "link" / "mine.txt").write_text("x")),
        outcome(lambda: subprocess.run([sys.executable, "-c", ""])),
        outcome(lambda: socket.socket(socket.AF_UNIX)),
        outcome(lambda: socket.socket(socket.AF_INET)),
        [libc.ptrace(0, 0, 0, 0), ctypes.get_errno()],
        [libc.unshare(0x10000000), ctypes.get_errno()],
    ]

found = [all_attempts()]
thread = threading.Thread(target=lambda: found.append(all_attempts()))
thread.start()
thread.join()
print(json.dumps([held, *found]))
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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux confines a program that asks for it")
def test_a_confined_process_writes_its_own_files_and_reaches_nobody_where_the_system_lets_it(tmp_path):
    own, other = tmp_path / "own", tmp_path / "other"
    for folder, name in ((own, "old.txt"), (other, "mine.txt")):
        folder.mkdir()
        (folder / name).write_text("kept")
    (own / "link").symlink_to(other)
    script = [sys.executable, "-c", ATTEMPTS, str(own), str(other), imageio_ffmpeg.get_ffmpeg_exe(), *sandboxed.LOADERS]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=True)
    (files_are_bound, calls_are_denied), *attempts = json.loads(done.stdout)
    for found in attempts:
        allowed, writes, sockets, calls = found[:6], found[6:15], found[15:17], found[17:]
        assert allowed == ["1", "1", str(own / "old.txt"), "1", "0", "kept"]
        assert not files_are_bound or set(writes) <= {"Permission denied", "Invalid cross-device link"}
        assert not calls_are_denied or sockets == ["Operation not permitted"] * 2
        assert not calls_are_denied or calls == [[-1, errno.EPERM]] * 2
    if files_are_bound:
        assert sorted(path.name for path in other.iterdir()) == ["mine.txt"]
        assert (other / "mine.txt").read_text() == "kept"


def test_a_system_that_cannot_confine_says_so(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    assert not confined.deny_calls()
    assert not confined.bound_files([], [])


def test_compiled_loops_are_copied_where_numba_looks_for_them(tmp_path):
    compiled = {path.parent.parent for path in ROOT.glob("models/**/__pycache__/*.nbi")}
    folder = Path(sandbox._copied_loops(tmp_path))
    for source in compiled:
        named = caching.UserProvidedCacheLocator.get_suitable_cache_subpath(str(source / "any.py"))
        assert list((folder / named).glob("*.nbi"))


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
