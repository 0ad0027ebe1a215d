"""Lets a process that is bounded and has no network do all that opens a stranger's file; results are read back.

The other process (pipeline/sandboxed.py) leaves what it makes in the store. Here nothing is decoded: a result that is
not there, or not the one that was stamped, is an error and is not made anew.
"""

import dataclasses
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import imageio_ffmpeg

from models import errors
from models.errors import InputError, KinetraceError, ResourceError
from pipeline import stop
from pipeline.config import PipelineConfig
from pipeline.limits import Limits
from pipeline.stamp import as_json
from pipeline.store import Store
from pipeline.task import Task

ROOT: Final = Path(__file__).parent.parent
LOOPS: Final = "NUMBA_CACHE_DIR"
MINUTES: Final = 60.0
MEMORY_GIB: Final = 16.0
"""What a sandbox may take where no limit is given."""


def done_inside(task: Task, config: PipelineConfig, store: Store, limits: Limits) -> Store:
    """The store, in which another process has done the task; nothing more may be made in it.

    Raises:
        KinetraceError: what the other process refused.
        ResourceError: it came to its limits.
        InputError: it crashed.
    """
    job = {
        "task": as_json(task),
        "config": as_json(config),
        "folder": str(store.folder),
        "overwrite": store.overwrite,
        "encoder": imageio_ffmpeg.get_ffmpeg_exe(),
        "minutes": limits.minutes or MINUTES,
        "memory_gib": limits.memory_gib or MEMORY_GIB,
    }
    command = [sys.executable, "-P", "-m", "pipeline.sandboxed"]
    store.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as private:
        job["private"] = private
        where = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": private, LOOPS: _copied_loops(Path(private))}
        process = subprocess.Popen(command, env=where, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with stop.cleaning(process.kill):
            try:
                words, _ = process.communicate(json.dumps(job).encode())
            finally:
                process.kill()
                process.wait()
    seconds = _answer(task, words, process.returncode, limits)
    return dataclasses.replace(store, made_ahead=seconds, only_ready=True)


def _copied_loops(private: Path) -> str:
    """A folder with copies of what numba compiled, for the originals may not be written there.

    It is laid out as numba does (0.68, get_suitable_cache_subpath); what it does not find it compiles again.
    """
    folder = private / "loops"
    for kept in {path.parent for path in ROOT.glob("[a-z]*/**/__pycache__/*.nbi")}:
        source = kept.parent
        named = f"{source.name}_{hashlib.sha1(str(source).encode(), usedforsecurity=False).hexdigest()}"
        (folder / named).mkdir(parents=True, exist_ok=True)
        for path in kept.glob("*.nb[ic]"):
            shutil.copy2(path, folder / named)
    return str(folder)


def _answer(task: Task, words: bytes, code: int, limits: Limits) -> dict[str, float]:
    try:
        answer: Any = json.loads(words)
    except ValueError:
        raise _crash(task, code, limits) from None
    if "error" in answer:
        kind: Any = getattr(errors, str(answer["error"]), KinetraceError)
        raise kind(str(answer["problem"]), str(answer["remedy"]))
    return {str(step): float(took_s) for step, took_s in answer["seconds"].items()}


def _crash(task: Task, code: int, limits: Limits) -> KinetraceError:
    if code == -signal.SIGXCPU:
        problem = f"{task.source.name} takes more than {limits.minutes or MINUTES:g} minutes of a processor"
        return ResourceError(problem, "raise --limit-minutes, or choose a part with --time-range FROM TO")
    how = f"signal {-code}" if code < 0 else f"code {code}"
    problem = f"the sandbox for {task.source.name} ended with {how} instead of a result"
    return InputError(
        problem, "do not trust the file; convert it to H.264 and try the copy, or raise --limit-memory-gb"
    )
