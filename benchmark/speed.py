"""How fast the whole pipeline is: python -m benchmark.speed --videos FILE ..., beside bare loops of MediaPipe.

Every method is a process of its own, so that imports count; methods take turns, so that a slow minute hits all.
"""

import contextlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
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
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=words)
        peak_bytes = _peak_memory(process)
        wall_s = time.perf_counter() - began
        words.seek(0)
        if process.returncode:
            raise RuntimeError(f"{command} failed: {words.read().decode()[-500:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(wall_s, cpu_s, peak_bytes / 2**20)


def _peak_memory(process: "subprocess.Popen[bytes]") -> int:
    """Wait for a process to end; the most memory that it and its descendants held at a time, what they share once."""
    peak_bytes = 0
    while process.poll() is None:
        peak_bytes = max(peak_bytes, sum(map(_memory, _family(process.pid))))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    return peak_bytes


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(member for child in children for member in _family(int(child)))]


def _memory(pid: int) -> int:
    """Proportional set size; 0 for a process that has ended."""
    try:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(row.split()[1]) * 1024 for row in rows if row.startswith("Pss:")), 0)


def _count(video: Path) -> int:
    with av.open(video) as container:
        return sum(1 for _ in container.decode(video=0))


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
