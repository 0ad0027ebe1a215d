"""A second process that looks at the first video while this one imports what solving needs.

Importing torch, scipy and numba takes as long as the detector needs for a second of video, and a thread that imports
holds up every other one. The other process leaves what it makes in the store, where this one finds it ready.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent


def may_look(argv: Sequence[str]) -> bool:
    """Whether a command line may name a video, judged by its looks: a guess that costs nothing but time."""
    first = argv[0] if argv else ""
    return first not in {"inspect", "pack"} and not any(
        word.partition("=")[0] in {"-h", "--help", "--sandbox", "--from"} or word.endswith((".bvh", ".trc"))
        for word in argv
    )


@dataclass(frozen=True)
class Ahead:
    """The other process (pipeline/look_ahead.py), which waits for one video to look at and ends with this one.

    Nothing depends on it: what it could not make is made, or refused, by whoever asks the store next.
    """

    process: "subprocess.Popen[bytes]"

    @classmethod
    def start(cls) -> "Ahead":
        """Let it import what looking needs."""
        command = [sys.executable, "-m", "pipeline.look_ahead"]
        return cls(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE))

    def begin(self, video: Path, folder: Path, config: Any, *, overwrite: bool) -> None:
        """Let it run the stages before track, with the pipeline's config as JSON."""
        job = {"video": str(video.absolute()), "folder": str(folder.absolute()), "config": config}
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({**job, "overwrite": overwrite}).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it was killed

    def seconds(self) -> dict[str, float]:
        """Wait until it is done, and tell how long each step took that it did: none, if it was killed."""
        assert self.process.stdout is not None
        words = self.process.stdout.readline()
        self.process.wait()
        return json.loads(words) if words else {}
