"""Messages become lines, progress one bar."""

import io
import logging
import sys
from pathlib import Path

import pytest

from models.errors import InputError
from pipeline import console
from pipeline.batch import Outcome
from pipeline.task import Task, Until
from stages.progress import counted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def start_on(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    monkeypatch.setattr(sys, "stderr", screen)
    console.start()
    return screen


@pytest.fixture(autouse=True)
def quiet_again(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    for name in ("pipeline", "stages", "models"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.NOTSET)


def test_progress_is_one_bar_that_goes_when_done(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = start_on(Terminal(), monkeypatch)
    assert list(counted(iter("abc"), 3, "detect")) == list("abc")
    shown = terminal.getvalue()
    assert shown.count("0/3") == 1 and "detect" in shown
    assert shown.rsplit("\r", 1)[-1].strip() == ""


def test_no_bar_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    log = start_on(io.StringIO(), monkeypatch)
    assert list(counted(iter("abc"), 3, "detect")) == list("abc")
    assert log.getvalue() == ""


def test_a_warning_says_that_it_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = start_on(Terminal(), monkeypatch)
    logging.getLogger("stages.lift").warning("it is dark")
    logging.getLogger("stages.lift").info("all is well")
    assert terminal.getvalue().splitlines() == ["warning: it is dark", "all is well"]


def test_an_error_names_the_file_it_is_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = Task(Path("a/walk.mp4"), "walk", "all", "cpu", Until.PAGE)
    for problem in ("there is no person 7", "a/walk.mp4 is empty"):
        console.show_table([Outcome(task, tmp_path, [], [], InputError(problem, "choose another"))])
    assert capsys.readouterr().err.splitlines() == [
        "error: walk.mp4: there is no person 7. Choose another.",
        "error: a/walk.mp4 is empty. Choose another.",
    ]
