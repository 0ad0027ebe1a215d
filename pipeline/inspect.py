"""What a run left, stage by stage: sizes, ranges, masks, stamps, seconds; and one sheet of drawings for each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from models.errors import ConfigError, InputError
from models.npz import read_npz
from pipeline import artefacts
from pipeline.atomic import replacing, write
from pipeline.manifest import MANIFEST
from stages.contracts import Clip
from stages.sheets import CONTRACTS, Backdrop, draw_sheet

SHEETS: Final = "inspect"
RECORDING: Final = "run.rrd"
RERUN: Final = "rerun-sdk==0.41.0"
_KEY_LETTERS: Final = 12
_TEXT_LETTERS: Final = 60


@dataclass(frozen=True)
class Artefact:
    """One stage's result on disk.

    Attributes:
        step: the stage's name, after the person's folder if there is one.
        content: the contract.
        stamp: what the artefact was made from.
        seconds: how long that took; None where run.json does not say.
    """

    step: str
    stage: str
    path: Path
    content: Any
    stamp: dict[str, Any]
    seconds: float | None


def inspect(folder: Path, *, rerun: bool = False) -> None:
    """Print what lies in the folder of a run and draw every stage's sheet into inspect/ there.

    Args:
        rerun: write a recording for the Rerun viewer as well.

    Raises:
        InputError: this is no folder of a run, or a file in it is damaged.
        ConfigError: the recording needs a package that is not installed.
        OutputError: the folder cannot be written.
    """
    found = list(read_artefacts(folder))
    if not found:
        raise InputError(f"{folder} holds no results of a run", "name a folder such as outputs/<clip>")
    backdrop = backdrop_of(folder, found)
    for artefact in found:
        sheet = folder / SHEETS / f"{artefact.step.replace('/', '_')}.png"
        write(sheet, draw_sheet(artefact.stage, artefact.content, backdrop))
        print("\n".join([*describe(artefact), f"  -> {sheet}"]))
    if rerun:
        path = folder / SHEETS / RECORDING
        _record(path, found, backdrop)
        print(f"\nrecording\n  -> {path}")


def read_artefacts(folder: Path) -> Iterator[Artefact]:
    """Every stage's result in the folder of a run, in the order of the stages, people last."""
    seconds = _seconds(folder / MANIFEST)
    for place in [folder, *sorted(folder.glob("camera_*")), *sorted(folder.glob("person_*"))]:
        for stage, kind in CONTRACTS.items():
            path, stamp = place / f"{stage}.npz", place / f"{stage}.json"
            if path.exists() and stamp.exists():
                step = path.relative_to(folder).with_suffix("").as_posix()
                took_s = seconds.get(f"{place.name}/{stage}")
                yield Artefact(step, stage, path, _decoded(path, kind), _stamp(stamp), took_s)


def backdrop_of(folder: Path, found: list[Artefact]) -> Backdrop | None:
    """The clip's pictures, where the run came so far that it has a film of them."""
    clips = [artefact.content for artefact in found if isinstance(artefact.content, Clip)]
    film = folder / "preview.mp4"
    return Backdrop(clips[0], film) if clips and film.exists() else None


def describe(artefact: Artefact) -> list[str]:
    """One line for the artefact and one for each of its fields."""
    seconds = "? s" if artefact.seconds is None else f"{artefact.seconds:.2f} s"
    kib = artefact.path.stat().st_size / 1024
    stamp = f"version {artefact.stamp['version']}, stamp {artefact.stamp['key'][:_KEY_LETTERS]}"
    lines = [f"\n{artefact.step}  {seconds}, {kib:.0f} KiB, {stamp}"]
    fields = read_npz(artefact.path, most_bytes=artefact.path.stat().st_size)
    return lines + [f"  {name:26s}{_summary(values)}" for name, values in fields.items()]


def _record(path: Path, found: list[Artefact], backdrop: Backdrop | None) -> None:
    try:
        from stages.sheets.recording import write_recording  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "a recording needs the package rerun-sdk, which is not installed", f"pip install {RERUN}"
        ) from error
    with replacing(path) as temporary:
        write_recording(temporary, {artefact.step: artefact.content for artefact in found}, backdrop)


def _summary(values: np.ndarray) -> str:
    is_text = values.dtype.kind == "U"
    shape = f"{'text' if is_text else values.dtype.name:9s}{'x'.join(map(str, values.shape)) or 'one':14s}"
    if is_text or values.ndim == 0:
        return f"{shape}{' '.join(str(values.tolist()).split())[:_TEXT_LETTERS]}"
    if values.dtype == np.bool_:
        return f"{shape}{values.mean():.1%} true"
    finite = values[np.isfinite(values)]
    span = f"{finite.min():.6g} .. {finite.max():.6g}" if finite.size else "nothing finite"
    missing = 1 - finite.size / max(values.size, 1)
    return f"{shape}{span}" + (f", {missing:.1%} NaN" if missing else "")


def _decoded(path: Path, kind: Any) -> Any:
    try:
        return artefacts.decode(path.read_bytes(), kind)
    except artefacts.DamagedArtefactError as error:
        raise InputError(f"{path} is damaged ({error})", "run the pipeline again: it makes the file anew") from error


def _stamp(path: Path) -> dict[str, Any]:
    try:
        stamp = json.loads(path.read_text())
        return {"version": stamp["version"], "key": str(stamp["key"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged", "run the pipeline again: it makes the file anew") from error


def _seconds(manifest: Path) -> dict[str, float]:
    try:
        return {row["step"]: row["seconds"] for row in json.loads(manifest.read_text())["stages"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
