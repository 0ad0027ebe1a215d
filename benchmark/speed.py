"""How fast the whole pipeline is: python -m benchmark.speed --videos FILE ..., beside bare loops of MediaPipe.

Every method is a process of its own, so that imports count; methods take turns, so that a slow minute hits all.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import ffmpeg
import imageio_ffmpeg
import tyro

ROOT: Final = Path(__file__).parent.parent


@dataclass(frozen=True)
class Arguments:
    """Time whole runs of Kinetrace and of MediaPipe's pose graph over the same videos."""

    videos: tuple[Path, ...]
    """Videos to time, each as it is."""
    repeat_to_s: float | None = None
    """Time also a repetition of the first video that lasts this long, without MediaPipe Tasks."""
    runs: int = 3
    """Runs of each method; the median counts."""
    json: Path | None = None
    """Where to write the figures."""


@dataclass(frozen=True)
class Measured:
    """One process: wall seconds, processor seconds and peak memory, those of its children included."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def main(arguments: Arguments) -> None:
    """Print one row for each method and video."""
    table: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        videos: dict[Path, Sequence[str]] = dict.fromkeys(
            arguments.videos, ("mediapipe graph", "mediapipe tasks", "kinetrace")
        )
        if arguments.repeat_to_s:
            long = repeated(arguments.videos[0], arguments.repeat_to_s, Path(folder))
            videos[long] = ("mediapipe graph", "kinetrace")
        for video, methods in videos.items():
            rows = _time_video(video, methods, arguments.runs, Path(folder))
            table += rows
            for row in rows:
                print(*(f"{key} {value}" for key, value in row.items()), sep="  ", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(table, indent=2))


def repeated(video: Path, seconds: float, folder: Path) -> Path:
    """The video over and over, without encoding anew."""
    path = folder / f"{video.stem}_{seconds:.0f}s{video.suffix}"
    source = ffmpeg.input(str(video), stream_loop=-1, t=seconds)
    source.output(str(path), c="copy", an=None).run(cmd=imageio_ffmpeg.get_ffmpeg_exe(), quiet=True)
    return path


def _time_video(video: Path, methods: Sequence[str], runs: int, folder: Path) -> list[dict[str, object]]:
    loop = [sys.executable, "-m", "benchmark.mediapipe_loop", str(video)]
    own = [sys.executable, "run_pipeline.py", str(video), "--outputs", str(folder / "outputs"), "--overwrite"]
    commands = {"mediapipe graph": loop, "mediapipe tasks": [*loop, "--tasks"], "kinetrace": own}
    measured: dict[str, list[Measured]] = {name: [] for name in methods}
    for _ in range(runs):
        for name in methods:
            measured[name].append(run_measured(commands[name]))
    frames = _count(video)
    reference_s = statistics.median(m.wall_s for m in measured["mediapipe graph"])
    return [
        {
            "video": video.name,
            "frames": frames,
            "method": name,
            "wall_s": round(wall_s := statistics.median(m.wall_s for m in found), 2),
            "frames_per_s": round(frames / wall_s, 1),
            "ratio_to_graph": round(wall_s / reference_s, 3),
            "cpu_s": round(statistics.median(m.cpu_s for m in found), 2),
            "peak_mib": round(max(m.peak_mib for m in found)),
        }
        for name, found in measured.items()
    ]


def run_measured(command: list[str]) -> Measured:
    """Run a command from the project's root.

    Raises:
        RuntimeError: it failed; with its last words.
    """
    began = os.times().elapsed
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=words)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        words.seek(0)
        if process.returncode:
            raise RuntimeError(f"{command} failed: {words.read().decode()[-500:]}")
    return Measured(os.times().elapsed - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _count(video: Path) -> int:
    with av.open(video) as container:
        return sum(1 for _ in container.decode(video=0))


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
