"""The process behind pipeline/sandbox.py: one job on standard input, what became of it on standard output.

Bounded by the system are address space, time of processors, open files and dumps; the network is taken away where the
system lets a program do that (Linux, with user namespaces). What the user may read and write, it may.
"""

import ctypes
import json
import logging
import os
import resource
import sys
from pathlib import Path
from typing import Any, Final

MOST_FILES: Final = 512
NEW_USER: Final = 0x10000000
NEW_NETWORK: Final = 0x40000000
"""Flags of unshare(2)."""

log = logging.getLogger("pipeline.sandboxed")


def main() -> None:
    """Read the job, give up what it needs not, do it, tell."""
    job: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    answers = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no answer
    has_network = not _leave_network()  # while there is one thread
    _bound(job["minutes"], job["memory_gib"])
    from pipeline import console  # noqa: PLC0415 - threads begin with it, and memory is bounded before

    console.start()
    if has_network:
        log.warning("this system does not let the sandbox give up the network")
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
