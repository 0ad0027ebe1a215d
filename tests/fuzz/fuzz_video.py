"""Breaks good videos in seeded ways, reads what is left and compares with the ffmpeg program; a command, not a test.

    python -m tests.fuzz.fuzz_video [--count 2000] [--seed 0] [--keep FOLDER]

Each video is read in another process, so that a crash, a hang (30 s) and a need for memory (4 GiB) are seen and
counted. The end is an error where any of these happened, where anything but a plain refusal came out, or where a file
was left behind.
"""

import argparse
import logging
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from tests.fuzz.broken_video import Recovered, broken, recover, times_by_ffmpeg, write_good

LIMIT_S = 30
LIMIT_BYTES = 4 << 30


def main() -> None:
    """Break, read, compare, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="copy videos there that failed or of which ffmpeg recovers more")
    chosen = parser.parse_args()
    counts = Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        started_s = time.perf_counter()
        for video in _broken_videos(Path(folder), chosen.seed, chosen.count):
            verdict = _judge(video, counts)
            if verdict:
                print(f"{video.name}: {verdict}", flush=True)
                if chosen.keep:
                    chosen.keep.mkdir(parents=True, exist_ok=True)
                    (chosen.keep / video.name).write_bytes(video.read_bytes())
            video.unlink()
            if left := list(video.parent.iterdir()):
                counts["FAILED"] += 1
                print(f"{video.name}: left {left} behind")
        counts["seconds"] = round(time.perf_counter() - started_s)
    print("\n".join(f"{name}: {count}" for name, count in sorted(counts.items())))
    sys.exit(bool(counts["FAILED"]))


def _broken_videos(folder: Path, seed: int, count: int) -> Iterator[Path]:
    good = write_good(folder)
    tried = folder / "broken"
    tried.mkdir()
    for number in range(seed, seed + count):
        chance = random.Random(number)
        name, content = chance.choice(sorted(good.items()))
        video = tried / f"{number} {name}"
        video.write_bytes(broken(content, chance))
        yield video


def _judge(video: Path, counts: Counter[str]) -> str:
    """Count what became of a video and say it in words if it is worth a look."""
    result = _in_another_process(video)
    if isinstance(result, str):
        counts["FAILED"] += 1
        return f"FAILED, {result}"
    times = times_by_ffmpeg(video)
    theirs = len(times)
    counts["refused" if result.refusal else "read"] += 1
    counts["frames recovered"] += result.frames
    counts["frames ffmpeg recovers"] += theirs
    counts["frames ffmpeg shows at the time of another"] += theirs - len(set(times))
    if result.frames < theirs:
        counts["videos of which ffmpeg recovers more"] += 1
        counts["frames only ffmpeg recovers"] += theirs - result.frames
        return f"{result.frames} of {theirs} frames, {result.damaged_packets} damaged packets {result.refusal}"
    if result.frames > theirs:
        counts["videos of which ffmpeg recovers less"] += 1
    return ""


_pool: list[ProcessPoolExecutor] = []


def _in_another_process(video: Path) -> Recovered | str:
    if not _pool:
        _pool.append(ProcessPoolExecutor(1, initializer=_limit))
    try:
        return _pool[0].submit(recover, video).result(LIMIT_S)
    except TimeoutError:
        for process in (_pool[0]._processes or {}).values():
            process.kill()
        _pool.clear()
        return f"no answer within {LIMIT_S} s"
    except BrokenProcessPool:
        _pool.clear()
        return "the process died"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return repr(error)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    logging.disable(logging.WARNING)


if __name__ == "__main__":
    main()
