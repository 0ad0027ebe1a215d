"""Time and memory have ends, and signals are obeyed; each is told in a sentence."""

import contextlib
import errno
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from models.errors import ConfigError, ResourceError
from pipeline import film, limits, stop
from pipeline.limits import Limits, bounded

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples" / "walk.mp4"


def test_a_clip_that_takes_too_long_is_ended():
    began_s = time.monotonic()
    with (
        pytest.raises(ResourceError, match=r"walk\.mp4 takes longer than 0\.005 minutes.*--limit-minutes"),
        bounded(Limits(minutes=0.3 / 60), "walk.mp4"),
    ):
        time.sleep(20)
    assert time.monotonic() - began_s < 5


def test_a_clip_that_takes_too_much_memory_is_ended():
    with (
        pytest.raises(ResourceError, match=r"walk\.mp4 takes more than 0\.001 GiB.*--limit-memory-gb"),
        bounded(Limits(memory_gib=0.001), "walk.mp4"),
    ):
        time.sleep(20)


def test_a_clip_within_its_limits_is_left_alone_and_so_is_the_next():
    with bounded(Limits(minutes=0.2 / 60, memory_gib=1000), "a.mp4"):
        pass
    with bounded(Limits(), "b.mp4"):
        time.sleep(0.4)
    assert signal.getsignal(signal.SIGALRM) == signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL


@pytest.mark.parametrize("error", [
    MemoryError(),
    RuntimeError("[enforce fail at alloc_cpu.cpp:119] DefaultCPUAllocator: can't allocate memory: you tried to ..."),
    RuntimeError("std::bad_alloc"),
    RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
])  # fmt: skip
def test_whatever_runs_out_of_memory_says_so(error):
    with (
        pytest.raises(ResourceError, match=r"memory of this machine does not suffice for a\.mp4\. Close other"),
        bounded(Limits(), "a.mp4"),
    ):
        raise error


def test_other_errors_stay_what_they_are():
    with pytest.raises(ZeroDivisionError), bounded(Limits(), "a.mp4"):
        raise ZeroDivisionError


@pytest.mark.parametrize("wrong", [{"minutes": 0}, {"memory_gib": -1}, {"minutes": float("nan")}])
def test_limits_that_no_clip_could_keep_are_refused(wrong):
    with pytest.raises(ConfigError, match="--limit-"):
        Limits(**wrong)


def test_a_clip_whose_end_was_swallowed_is_ended_once_more(monkeypatch):
    monkeypatch.setattr(limits, "AGAIN_S", 0.1)
    with pytest.raises(ResourceError, match="takes longer"), bounded(Limits(minutes=0.1 / 60), "walk.mp4"):
        with contextlib.suppress(ResourceError):
            time.sleep(20)
        time.sleep(20)


def test_an_end_that_became_another_error_is_told_as_what_it_was():
    with pytest.raises(ResourceError, match="takes longer"), bounded(Limits(minutes=0.1 / 60), "walk.mp4"):
        try:
            time.sleep(20)
        finally:
            raise AttributeError


def test_a_film_in_another_thread_ends_with_the_run(tmp_path):
    def pictures():
        for number in range(1000):
            if number == 3:
                stop.end_clip()
            assert number < 10
            yield np.zeros((24, 16), np.uint8)

    try:
        with pytest.raises(stop.Halted):
            film.encode(pictures(), 30, tmp_path / "a.mp4")
    finally:
        stop.begin_clip()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_run_that_is_told_to_end_does_so_with_a_line_and_the_next_goes_on(tmp_path, number, code):
    command = [sys.executable, str(ROOT / "run_pipeline.py"), str(SAMPLE), "--outputs", str(tmp_path)]
    command += ["--until", "detect"]
    # A shell's background jobs are born deaf to Ctrl-C, and so would this one's children be.
    heed = partial(signal.signal, number, signal.SIG_DFL)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed)  # noqa: PLW1509
    deadline_s = time.monotonic() + 60
    while not (tmp_path / "walk" / "ingest.json").exists() and time.monotonic() < deadline_s:
        time.sleep(0.002)
    process.send_signal(number)
    _, words = process.communicate(timeout=60)
    assert process.returncode == code, words
    assert words.splitlines()[-1].startswith("stopped; run it again") and "Traceback" not in words
    assert {path.name for path in tmp_path.rglob("*")} == {"walk", "ingest.npz", "ingest.json"}
