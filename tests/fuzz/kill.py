"""Kills runs at random moments and compares what the next run leaves with an undisturbed one; a command, not a test.

    python -m tests.fuzz.kill [--moments 50] [--seed 0]

Moments are spread evenly over the time that an undisturbed run takes, its imports included. Every run is the program
as users start it, in a folder of its own. The end is an error where one byte differs (seconds aside).
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, str(ROOT / "run_pipeline.py"), str(ROOT / "samples" / "turn.mp4"), "--max-frames", "12")
TIMEOUT_S = 300


def main() -> None:
    """Kill, go on, compare, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    started_s, differing, done = time.perf_counter(), 0, 0
    for moment_s, left, problems in kill_and_go_on(chosen.moments, chosen.seed):
        done += 1
        differing += bool(problems)
        print(f"{done}: killed after {moment_s:.2f} s, {left} files there; {problems or 'equal'}", flush=True)
    print(f"{done} kills, {differing} differing, {time.perf_counter() - started_s:.0f} s")
    sys.exit(bool(differing))


def kill_and_go_on(moments: int, seed: int) -> Iterator[tuple[float, int, list[str]]]:
    """Yield when a run was killed, how many files it left, and in what the finished run differs: in nothing."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = Path(folder) / "undisturbed"
        _finish(undisturbed)  # once more below: the first run compiles
        took_s = _finish(Path(folder) / "timed")
        expected = results_of(undisturbed)
        for number in range(moments):
            outputs = Path(folder) / str(number)
            while True:
                moment_s = chance.uniform(0.05, 1) * took_s
                if _is_killed(outputs, moment_s):
                    break
            left = sum(path.is_file() for path in outputs.rglob("*"))
            _finish(outputs)
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


def _finish(outputs: Path) -> float:
    began_s = time.perf_counter()
    done = subprocess.run(
        [*COMMAND, "--outputs", str(outputs)], capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )
    if done.returncode:
        raise AssertionError(f"the run after a kill failed: {done.stderr}")
    return time.perf_counter() - began_s


def _is_killed(outputs: Path, moment_s: float) -> bool:
    """Whether the run was still going on at that moment; if not, it was in vain, and the folder is emptied."""
    process = subprocess.Popen(
        [*COMMAND, "--outputs", str(outputs)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(moment_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    for path in sorted(outputs.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    return False


if __name__ == "__main__":
    main()
