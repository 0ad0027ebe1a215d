"""Lets the disk run full at every file of a run and goes on with a little more each time; a command for the superuser.

    python -m tests.fuzz.disk_full

The disk is a small file system in memory, mounted on a temporary folder, that grows by the file that did not fit. The
end is an error where a run does not refuse with exit code 1 and one sentence, loses a result that was done, or where
the last one's files differ from those of an undisturbed run.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.kill import COMMAND, TIMEOUT_S, differences, results_of

STEP_BYTES = 48 << 10
MOST_RUNS = 80


def main() -> None:
    """Fill, refuse, grow, go on, compare."""
    with tempfile.TemporaryDirectory() as folder:
        disk, undisturbed = Path(folder) / "disk", Path(folder) / "undisturbed"
        disk.mkdir()
        _run(undisturbed)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", str(disk)], check=True)
        try:
            fine = _grow_until_done(disk) and not _told_difference(undisturbed, disk)
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    sys.exit(not fine)


def _grow_until_done(disk: Path) -> bool:
    size, done = 4 << 10, set[str]()
    for _ in range(MOST_RUNS):
        subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)
        result = _run(disk)
        said = [line for line in result.stderr.splitlines() if "error:" in line]
        print(f"{size >> 10} KiB: exit {result.returncode} {' '.join(said).replace(str(disk), '')}", flush=True)
        stamps = {path.name for path in disk.rglob("*.json")}
        if result.returncode == 0:
            return True
        if result.returncode != 1 or len(said) != 1 or "Traceback" in result.stderr or not stamps >= done:
            print(f"FAILED: {result.stderr}, lost {done - stamps}")
            return False
        done, size = stamps, size + max(STEP_BYTES, size // 8)
    return False


def _told_difference(undisturbed: Path, disk: Path) -> bool:
    problems = differences(results_of(undisturbed), results_of(disk))
    print(f"differing: {problems or 'nothing'}")
    return bool(problems)


def _run(outputs: Path) -> "subprocess.CompletedProcess[str]":
    command = [*COMMAND, "--outputs", str(outputs)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)


if __name__ == "__main__":
    main()
