"""run.json: what a run read, with which settings and versions, what it wrote and how long it took."""

import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pipeline import artefacts
from pipeline.atomic import write
from pipeline.config import PipelineConfig
from pipeline.stamp import as_json
from pipeline.store import Store

KINETRACE_VERSION: Final = "0.1.0"
PACKAGES: Final = ("numpy", "scipy", "torch", "mediapipe", "ai-edge-litert", "opencv-contrib-python", "av")
"""Packages whose version can change a result."""


@dataclass(frozen=True)
class Run:
    """One finished run over one clip."""

    video: Path
    config: PipelineConfig
    store: Store


def write_manifest(run: Run, people: list[dict[str, Any]]) -> None:
    """Write run.json into the run's folder.

    Args:
        people: what is known of each person: number, time range and quality numbers.
    """
    write(run.store.folder / "run.json", json.dumps(_content(run, people), indent=2).encode())


def _content(run: Run, people: list[dict[str, Any]]) -> dict[str, Any]:
    records = run.store.records
    return {
        "kinetrace": KINETRACE_VERSION,
        "input": {"name": run.video.name, "sha256": artefacts.digest(run.video), "bytes": run.video.stat().st_size},
        "config": as_json(run.config),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "weights": _weights(run.config),
        "stages": [{"step": record.step, "seconds": record.seconds} for record in records],
        "people": people,
        "warnings": [warning for record in records for warning in record.warnings],
        "files": sorted(str(path.relative_to(run.store.folder)) for record in records for path in record.files),
    }
