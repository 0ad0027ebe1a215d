"""run.json: what a run read, with which settings and versions, what it wrote and how long it took."""

import dataclasses
import json
from pathlib import Path
from typing import Any, Final

from pipeline.atomic import write
from pipeline.config import PipelineConfig
from pipeline.facts import KINETRACE_VERSION, body_of, source_of, versions, warnings_of, weights_of
from pipeline.stamp import as_json
from pipeline.store import StepRecord
from pipeline.task import PersonResult, Task

MANIFEST: Final = "run.json"


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
        "input": source_of(task.source),
        "beside": [source_of(path) for path in (*task.beside, *filter(None, [task.calibration]))],
        "config": as_json(config),
        "versions": versions(records),
        "weights": weights_of(records),
        "body": body_of(records),
        "stages": [
            {
                "step": record.step,
                "seconds": before.get(record.step) if record.seconds is None else round(record.seconds, 3),
                "reused": record.seconds is None,
            }
            for record in records
        ],
        "people": [dataclasses.asdict(person) for person in people],
        "warnings": warnings_of(records),
        "files": sorted(file.relative_to(folder).as_posix() for record in records for file in record.files),
    }
    write(path, json.dumps(content, indent=2).encode())


def _seconds_before(path: Path) -> dict[str, Any]:
    try:
        return {row["step"]: row["seconds"] for row in json.loads(path.read_text())["stages"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
