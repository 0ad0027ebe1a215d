"""The process behind pipeline/sandbox.py: one job on standard input, what became of it on standard output.

Bounded by the system are address space, time of processors, open files and dumps; where the system lets a program do
that (Linux), there is no network, only files of this job can be written, of programs only the encoder is run, and calls
that a reader of videos has no use for are refused (pipeline/confined.py). What the user may read, it may.
"""

import ctypes
import json
import logging
import os
import resource
import sys
from pathlib import Path
from typing import Any, Final

from pipeline.confined import bound_files, deny_calls

MOST_FILES: Final = 512
NEW_USER: Final = 0x10000000
NEW_NETWORK: Final = 0x40000000
"""Flags of unshare(2)."""
LOADERS: Final = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")
"""They start the encoder; and through them other programs can be started, under the same rules as this process."""

log = logging.getLogger("pipeline.sandboxed")


def main() -> None:
    """Read the job, give up what it needs not, do it, tell."""
    job: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    answers = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no answer
    kept = [what for what, is_gone in _give_up(job).items() if not is_gone]  # while there is one thread
    _bound(job["minutes"], job["memory_gib"])
    from pipeline import console  # noqa: PLC0415 - threads begin with it, and memory is bounded before

    console.start()
    if kept:
        log.warning("this system does not let the sandbox give up %s", ", ".join(kept))
    os.write(answers, json.dumps(_do(job)).encode())
    os._exit(0)


def _do(job: dict[str, Any]) -> dict[str, Any]:
    from models.errors import KinetraceError  # noqa: PLC0415
    from pipeline import batch  # noqa: PLC0415
    from pipeline.config import checked  # noqa: PLC0415
    from pipeline.limits import Limits, bounded  # noqa: PLC0415
    from pipeline.store import Store  # noqa: PLC0415
    from pipeline.task import Task, Until  # noqa: PLC0415

    told = job["task"]
    paths = {name: Path(told[name]) if told[name] else None for name in ("osim", "ik_setup", "calibration")}
    paths |= {"beside": tuple(Path(path) for path in told["beside"])}
    task = Task(**told | paths | {"source": Path(told["source"]), "until": Until(told["until"])})
    store = Store(Path(job["folder"]), job["overwrite"])
    try:
        with bounded(Limits(), task.source.name):
            batch.do(task, checked(job["config"]), store, None)
    except KinetraceError as error:
        return {"error": type(error).__name__, "problem": error.problem, "remedy": error.remedy}
    return {"seconds": {record.step: record.seconds for record in store.records if record.seconds is not None}}


def _give_up(job: dict[str, Any]) -> dict[str, bool]:
    """What was to be given up, and whether it is."""
    writable = [Path(job["folder"]), Path(job["private"]), Path(os.devnull)]
    programs = [Path(job["encoder"]).resolve(), *(Path(name) for name in LOADERS)]
    # The network first: leaving it is one of the calls that are refused then.
    return {
        "the network": _leave_network(),
        "writing other files": bound_files(writable, programs),
        "calls that it has no use for": deny_calls(),
    }


def _bound(minutes: float, memory_gib: float) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, round(memory_gib * (1 << 30))),
        (resource.RLIMIT_CPU, max(1, round(minutes * 60))),
        (resource.RLIMIT_NOFILE, MOST_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, least))


def _leave_network() -> bool:
    """Whether it is gone."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return any(libc.unshare(flags) == 0 for flags in (NEW_NETWORK, NEW_USER | NEW_NETWORK))


if __name__ == "__main__":
    main()
