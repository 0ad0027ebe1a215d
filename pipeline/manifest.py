"""run.json: what a run read, with which settings and versions, what it wrote and how long it took."""

import dataclasses
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from models.weights import registered
from pipeline import artefacts
from pipeline.atomic import write
from pipeline.config import PipelineConfig
from pipeline.stamp import as_json
from pipeline.store import StepRecord
from pipeline.video_to_motion import PersonResult, Task

MANIFEST: Final = "run.json"
KINETRACE_VERSION: Final = "0.1.0"
PACKAGES: Final = ("ai-edge-litert", "av", "mediapipe", "numpy", "opencv-contrib-python", "roma", "scipy", "torch")
"""Packages whose version can change a result."""


def write_manifest(
    folder: Path, task: Task, config: PipelineConfig, records: list[StepRecord], people: list[PersonResult]
) -> None:
    """Write run.json into the folder of a finished run.

    `seconds` of a step that was reused are those of the run that made it.

    Raises:
        OutputError: the folder cannot be written.
    """
    path = folder / MANIFEST
    before = _seconds_before(path)
    content = {
        "kinetrace": KINETRACE_VERSION,
        "input": {"name": task.video.name, "sha256": artefacts.digest(task.video), "bytes": task.video.stat().st_size},
        "config": as_json(config),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "weights": _weights(records),
        "stages": [
            {
                "step": record.step,
                "seconds": before.get(record.step) if record.seconds is None else round(record.seconds, 3),
                "reused": record.seconds is None,
            }
            for record in records
        ],
        "people": [dataclasses.asdict(person) for person in people],
        "warnings": [warning for record in records for warning in record.warnings],
        "files": sorted(str(file.relative_to(folder)) for record in records for file in record.files),
    }
    write(path, json.dumps(content, indent=2).encode())


def _seconds_before(path: Path) -> dict[str, Any]:
    try:
        return {row["step"]: row["seconds"] for row in json.loads(path.read_text())["stages"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _weights(records: list[StepRecord]) -> list[dict[str, str]]:
    """Every file of weights that a step read, with its licence as far as it is registered."""
    register = registered()
    read = {name: sha256 for record in records for name, sha256 in record.reads.items()}
    unknown = "not registered: a file of the user's own"
    return [
        {"name": name, "sha256": sha256, "licence": register[name].licence if name in register else unknown}
        for name, sha256 in sorted(read.items())
    ]
