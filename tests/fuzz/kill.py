"""Kills runs at random moments and compares what the next run leaves with an undisturbed one; a command, not a test.

    python -m tests.fuzz.kill [--moments 50] [--seed 0] [--forked] [--jobs 2]

Moments are spread evenly over the time that an undisturbed run takes. Every run is the program as users start it, in a
folder of its own; forked ones share one import and so do without the process that looks ahead, at a third of the cost.
Jobs share the moments and run side by side. The end is an error where one byte differs (seconds aside) or a job breaks
off.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, str(ROOT / "run_pipeline.py"), str(ROOT / "samples" / "turn.mp4"), "--max-frames", "12")
TIMEOUT_S = 300
Start = Callable[[Path], int]
"""Begins a run whose results go to a folder, and gives its process."""


def main() -> None:
    """Kill, go on, compare, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--forked", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    started_s = time.perf_counter()
    if chosen.forked:
        _import_all()
    jobs = {os.fork() or _job(number, chosen): number for number in range(chosen.jobs)}
    failed = [number for process, number in jobs.items() if os.waitpid(process, 0)[1]]
    print(f"{chosen.moments} kills, {time.perf_counter() - started_s:.0f} s, jobs that failed: {failed or 'none'}")
    sys.exit(bool(failed))


def _job(number: int, chosen: argparse.Namespace) -> int:
    """Kill and go on at this job's share of the moments; it ends the process."""
    differing = True
    try:
        share = len(range(number, chosen.moments, chosen.jobs))
        results = kill_and_go_on(share, chosen.seed * chosen.jobs + number, forked=chosen.forked)
        found = list[bool]()
        for moment_s, left, problems in results:
            found.append(bool(problems))
            told = f"job {number}, {len(found)} of {share}: killed after {moment_s:.2f} s, {left} files there"
            print(f"{told}; {problems or 'equal'}", flush=True)
        differing = any(found) or len(found) != share
    finally:
        if error := sys.exception():
            traceback.print_exception(error)
        os._exit(differing)


def kill_and_go_on(moments: int, seed: int, *, forked: bool = False) -> Iterator[tuple[float, int, list[str]]]:
    """Yield when a run was killed, how many files it left, and in what the finished run differs: in nothing."""
    chance, start = random.Random(seed), _fork if forked else _start
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = Path(folder) / "undisturbed"
        # The first run after an installation compiles; what it counts then differs in the sixteenth digit.
        _finish(start, Path(folder) / "first")
        took_s = _finish(start, undisturbed)
        expected = results_of(undisturbed)
        for number in range(moments):
            moment_s, tries = chance.uniform(0.05, 1) * took_s, 0
            while not _is_killed(start, outputs := Path(folder) / f"{number}_{tries}", moment_s):
                moment_s, tries = chance.uniform(0.05, 1) * took_s, tries + 1
            left = sum(path.is_file() for path in outputs.rglob("*"))
            _finish(start, outputs)
            yield moment_s, left, differences(expected, results_of(outputs))


def results_of(folder: Path) -> dict[str, bytes]:
    """Every file by its name; run.json without seconds and without what says whether a step was reused."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for name in [name for name in found if name.endswith("run.json")]:
        manifest = json.loads(found[name])
        for row in manifest["stages"]:
            del row["seconds"], row["reused"]
        found[name] = json.dumps(manifest).encode()
    return found


def differences(expected: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    """Names of files that are missing, too many or of other bytes."""
    return sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))


def _finish(start: Start, outputs: Path) -> float:
    began_s = time.perf_counter()
    process = start(outputs)
    code = _wait(process, TIMEOUT_S)
    if code is None:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    if code != 0:
        raise AssertionError(f"a run that nobody killed ended with {code} (None: not within {TIMEOUT_S} s)")
    return time.perf_counter() - began_s


def _is_killed(start: Start, outputs: Path, moment_s: float) -> bool:
    """Whether the run was still going on at that moment."""
    process = start(outputs)
    if _wait(process, moment_s) is not None:
        return False
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return True


def _wait(process: int, at_most_s: float) -> int | None:
    until_s = time.perf_counter() + at_most_s
    while time.perf_counter() < until_s:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    return None


def _start(outputs: Path) -> int:
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    return os.posix_spawn(sys.executable, [*COMMAND, "--outputs", str(outputs)], os.environ, file_actions=silent)


def _import_all() -> ModuleType:
    for name in import_module("pipeline.video_to_motion").LATER:
        import_module(name)
    return import_module("run_pipeline")


def _fork(outputs: Path) -> int:
    run_pipeline = _import_all()
    process = os.fork()
    if not process:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.dup2(2, 1)
        os._exit(run_pipeline.main([*COMMAND[2:], "--outputs", str(outputs)]))
    return process


if __name__ == "__main__":
    main()
