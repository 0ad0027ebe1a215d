"""What was made once is not made again: reuse or run, write, time, remember."""

import contextlib
import dataclasses
import json
import logging
import shutil
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import get_ident
from typing import Any, Concatenate, ParamSpec, TypeVar, get_type_hints

import numpy as np

from models.errors import InputError, OutputError
from pipeline import artefacts, film
from pipeline.atomic import plain_name, replacing, told, write
from pipeline.stamp import Stamp, stage_of, stamp_of
from stages.contracts import Exports

log = logging.getLogger(__name__)

Config = TypeVar("Config")
Inputs = ParamSpec("Inputs")
Result = TypeVar("Result")


@dataclass(frozen=True)
class StepRecord:
    """What happened to one step of a run.

    Attributes:
        seconds: None where the result lay ready.
        reads: digests of the files of weights that the stage opened.
    """

    step: str
    seconds: float | None
    warnings: list[str]
    files: list[Path]
    reads: dict[str, str]


@dataclass(frozen=True)
class Films:
    """What films are called, how each is encoded (see pipeline.film), and their common rate in pictures a second."""

    styles: tuple[tuple[str, film.Style], ...]
    rate_hz: float


@dataclass(frozen=True)
class Store:
    """A folder of results, each beside the stamp that says what it was made from.

    A step runs only when its stamp differs from the one on disk, or when a file is not the one that was stamped.

    Attributes:
        folder: where results lie; made when needed.
        overwrite: run every step, whatever lies there.
        records: one entry for each step, in order; shared with the stores that `inside` gives.
        made_ahead: seconds of the steps that another process did for this run, however old they look.
        only_ready: refuse to run a step.
    """

    folder: Path
    overwrite: bool = False
    records: list[StepRecord] = field(default_factory=list[StepRecord])
    made_ahead: Mapping[str, float] = field(default_factory=dict[str, float])
    only_ready: bool = False

    def inside(self, name: str) -> "Store":
        """A store for a folder within this one that keeps the same records."""
        return dataclasses.replace(self, folder=self.folder / plain_name(name))

    def aside(self) -> "Store":
        """A store for the same folder with records of its own, for a thread beside this one."""
        return dataclasses.replace(self, records=[])

    def holds(self, run: Callable[..., object]) -> bool:
        """Whether a result of this stage lies here, of whatever input, that may be used again."""
        return not self.overwrite and (self.folder / f"{stage_of(run)}.json").exists()

    def step(
        self,
        run: Callable[Concatenate[Config, Inputs], Result],
        config: Config,
        *inputs: Inputs.args,
        **how: Inputs.kwargs,
    ) -> Result:
        """Run a stage, or read what it made before from the same inputs.

        Args:
            run: the stage's function; its module's name names the artefact.
            config: what to compute; part of the stamp.
            inputs: contracts, paths or plain values; their content is part of the stamp.
            how: keywords that say how to compute, not what; no part of the stamp.

        Raises:
            OutputError: the folder cannot be written.
        """
        stamp = stamp_of(run, config, inputs)
        path = self.folder / f"{stamp.stage}.npz"
        kept = self._kept(stamp)
        if kept is not None:
            with contextlib.suppress(artefacts.DamagedArtefactError):
                result = artefacts.decode(path.read_bytes(), get_type_hints(run)["return"])
                self._reused(stamp, kept)
                return result
        self._require_leave(stamp)
        with _timed() as (seconds, warnings):
            result = run(config, *inputs, **how)
            write(path, artefacts.encode(result))
        self._made(stamp, seconds(), warnings, [path])
        return result

    def files(
        self,
        run: Callable[Concatenate[Config, Inputs], Exports],
        config: Config,
        *inputs: Inputs.args,
        **how: Inputs.kwargs,
    ) -> None:
        """Write the files that an exporter encodes, unless they lie there unchanged."""
        stamp = stamp_of(run, config, inputs)
        kept = self._kept(stamp)
        if kept is not None:
            return self._reused(stamp, kept)
        self._require_leave(stamp)
        with _timed() as (seconds, warnings):
            exports = run(config, *inputs, **how)
            paths = [self.folder / plain_name(name) for name in exports.files]
            for path, content in zip(paths, exports.files.values(), strict=True):
                write(path, content)
        return self._made(stamp, seconds(), warnings, paths)

    def file(self, name: str, run: Callable[..., None], config: Any, *inputs: Path | tuple[Path, ...]) -> Path:
        """The file that `run(config, *inputs, to=path)` writes, unless it lies there unchanged.

        Raises:
            OutputError: it cannot be written.
        """
        stamp, path = stamp_of(run, config, inputs), self.folder / plain_name(name)
        kept = self._kept(stamp)
        if kept is not None:
            self._reused(stamp, kept)
            return path
        self._require_leave(stamp)
        with _timed() as (seconds, warnings):
            with replacing(path) as temporary, told(path):
                run(config, *inputs, to=temporary)
            self._made(stamp, seconds(), warnings, [path])
        return path

    def films(
        self,
        films: Films,
        draw: Callable[Concatenate[Config, Inputs], Iterable[Sequence[np.ndarray]]],
        config: Config,
        *inputs: Inputs.args,
        **how: Inputs.kwargs,
    ) -> None:
        """Encode what `draw` yields, one picture for each film at a time, unless the films lie there unchanged."""
        stamp = stamp_of(draw, config, (*inputs, films))
        kept = self._kept(stamp)
        if kept is not None:
            return self._reused(stamp, kept)
        self._require_leave(stamp)
        styles = {self.folder / f"{plain_name(name)}.mp4": style for name, style in films.styles}
        with _timed() as (seconds, warnings), contextlib.ExitStack() as stack:
            temporary = {stack.enter_context(replacing(path)): style for path, style in styles.items()}
            film.encode_together(draw(config, *inputs, **how), films.rate_hz, temporary)
        return self._made(stamp, seconds(), warnings, list(styles))

    def drop_people_from(self, count: int) -> None:
        """Remove the folders of people whom an earlier run counted and this one does not.

        Raises:
            OutputError: a folder cannot be removed.
        """
        for folder in self.folder.glob("person_*"):
            number = folder.name.removeprefix("person_")
            if number.isdecimal() and int(number) >= count and not folder.is_symlink():
                with told(folder):
                    shutil.rmtree(folder)

    def _require_leave(self, stamp: Stamp) -> None:
        if self.only_ready:
            problem = f"the result of {self._name(stamp)} is not the one that the sandbox left"
            raise OutputError(problem, "let nothing else write there, and run it again")

    def _kept(self, stamp: Stamp) -> dict[str, Any] | None:
        """The stamp on disk, if it equals this one and the files that it names are unchanged."""
        if self.overwrite and self._name(stamp) not in self.made_ahead:
            return None
        try:
            kept = json.loads((self.folder / f"{stamp.stage}.json").read_text())
            whole = all(
                artefacts.digest(self.folder / plain_name(name)) == sum_ for name, sum_ in kept["files"].items()
            )
        except (OSError, InputError, OutputError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return kept if whole and kept["key"] == stamp.key else None

    def _reused(self, stamp: Stamp, kept: dict[str, Any]) -> None:
        paths = [self.folder / name for name in kept["files"]]
        step = self._name(stamp)
        self._remember(StepRecord(step, self.made_ahead.get(step), kept["warnings"], paths, stamp.reads))

    def _made(self, stamp: Stamp, seconds: float, warnings: list[str], paths: list[Path]) -> None:
        files = {path.name: artefacts.digest(path) for path in paths}
        content = {**dataclasses.asdict(stamp), "files": files, "warnings": warnings}
        write(self.folder / f"{stamp.stage}.json", json.dumps(content, indent=1).encode())
        self._remember(StepRecord(self._name(stamp), seconds, warnings, paths, stamp.reads))

    def _remember(self, record: StepRecord) -> None:
        log.info("%-20s %s", record.step, "unchanged" if record.seconds is None else f"{record.seconds:.1f} s")
        self.records.append(record)

    def _name(self, stamp: Stamp) -> str:
        return f"{self.folder.name}/{stamp.stage}"


class _Warnings(logging.Handler):
    """Hears what is logged in its own thread: the step in another one has other ears."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []
        self.thread = get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.messages.append(record.getMessage())


@contextlib.contextmanager
def _timed() -> Generator[tuple[Callable[[], float], list[str]]]:
    """Give a clock that starts now and the list that fills with this step's warnings."""
    heard = _Warnings()
    logging.getLogger().addHandler(heard)
    began = time.perf_counter()
    try:
        yield lambda: time.perf_counter() - began, heard.messages
    finally:
        logging.getLogger().removeHandler(heard)
