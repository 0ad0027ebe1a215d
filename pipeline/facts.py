"""What a run read, and with which versions and weights: for run.json and for the page."""

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from models.weights import registered
from pipeline import artefacts
from pipeline.names import printable
from pipeline.store import StepRecord, Store
from pipeline.task import Task
from stages.page import Facts

KINETRACE_VERSION: Final = "0.1.0"
POSING: Final = frozenset({"solve", "retarget", "points", "motions", "refined"})
"""Stages that pose a body, and open its file."""
PACKAGES: Final = ("ai-edge-litert", "av", "mediapipe", "numpy", "opencv-contrib-python", "roma", "scipy", "torch")
"""Packages whose version can change a result."""
EXTRA: Final = {".onnx": ("onnxruntime", "rtmlib")}
"""Those that count only where a file of this kind was read."""


def source_of(path: Path) -> dict[str, Any]:
    """Name, content and size of a file that was read."""
    return {"name": printable(path.name), "sha256": artefacts.digest(path), "bytes": path.stat().st_size}


def versions(records: Sequence[StepRecord]) -> dict[str, str]:
    """Of Python and of the packages that can change a result of these steps."""
    kinds = {Path(name).suffix for record in records for name in record.reads}
    extra = [name for kind, names in EXTRA.items() if kind in kinds for name in names]
    return {"python": platform.python_version()} | {name: version(name) for name in (*PACKAGES, *extra)}


def weights_of(records: Sequence[StepRecord]) -> list[dict[str, str]]:
    """Every file of weights that a step read, with its licence as far as it is registered."""
    read = {name: sha256 for record in records for name, sha256 in record.reads.items()}
    licences = {entry.sha256: entry.licence for entry in registered().values()}
    unknown = "not registered: the user's own file, under the terms of its makers"
    return [
        {"name": name, "sha256": sha256, "licence": licences.get(sha256, unknown)}
        for name, sha256 in sorted(read.items())
    ]


def body_of(records: Sequence[StepRecord]) -> dict[str, str] | None:
    """Name, digest and licence of the body that poses and betas belong to; None where nobody was posed."""
    posing = [record for record in records if record.step.rpartition("/")[2] in POSING]
    return next(iter(weights_of(posing)), None)


def warnings_of(records: Sequence[StepRecord]) -> list[str]:
    """What the steps of a run complained of."""
    return [printable(warning) for record in records for warning in record.warnings]


def facts_of(task: Task, store: Store) -> Facts:
    """What the page says in words of the steps done so far; no seconds, which would make it anew in every run."""
    files = sorted(file for record in store.records for file in record.files)
    return Facts(
        title=task.stem,
        source=tuple((name, str(value)) for name, value in source_of(task.source).items()),
        versions=(("kinetrace", KINETRACE_VERSION), *versions(store.records).items()),
        weights=tuple((row["name"], row["licence"], row["sha256"]) for row in weights_of(store.records)),
        warnings=tuple(warnings_of(store.records)),
        files=tuple((file.relative_to(store.folder).as_posix(), file.stat().st_size) for file in files),
    )
