"""Messages become lines, progress one bar."""

import io
import logging
import sys

import pytest

from pipeline import console
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
