"""The process behind pipeline/ahead.py: one job on standard input, the seconds of its steps on standard output."""

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from threading import Thread
from typing import Any

from models.errors import KinetraceError
from pipeline import console
from pipeline.config import checked
from pipeline.store import Store
from pipeline.video_to_motion import look
from stages.detect import blazepose


def main() -> None:
    """Wait for the job, leave its artefacts in the store; do nothing when the asking process ends without one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the asking process answers to the keyboard
    blazepose.load()  # before there is anything to look at: cutting the network down takes a while, once
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return
    Thread(target=_end_with_asker, daemon=True).start()
    job: dict[str, Any] = json.loads(line)
    console.start(steps=False)
    store = Store(Path(job["folder"]), job["overwrite"])
    # What is refused here is refused again, and told, by the process that asked.
    with contextlib.suppress(KinetraceError):
        look(Path(job["video"]), checked(job["config"]), store)
    seconds = {record.step: record.seconds for record in store.records if record.seconds is not None}
    print(json.dumps(seconds), flush=True)
    os._exit(0)


def _end_with_asker() -> None:
    while os.read(0, 1):  # past Python's buffer, which an orderly end would wait for
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
