"""Which faults a .mot or .trc file has that OpenSim's readers pass over, and whether it fits a model."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from models.errors import InputError
from models.osim.model import Model
from models.osim.mot import Table, poses_of, read_mot
from models.osim.trc import KEYS, Trial, read_trc

BOM: Final = "\ufeff"
FARTHEST_M: Final = 50.0
"""Markers farther from the origin than this are more likely in another unit."""
RATE_SLACK: Final = 0.01
"""Share by which the stated rate may differ from that of the times."""
RANGE_SLACK: Final = 1e-5
"""How far past its range, in radians or metres, a value may lie and count as inside: files round."""
FEW_RAD: Final = 4 * np.pi
MANY_COLUMNS: Final = 10


@dataclass(frozen=True)
class Finding:
    """Something wrong; a fault misleads or stops OpenSim, a doubt is only unlikely.

    Attributes:
        problem: one sentence that names the place and the value.
        remedy: what would help; starts with a verb.
    """

    problem: str
    remedy: str
    is_fault: bool = True


def mot_findings(content: str, model: Model | None = None) -> list[Finding]:
    """What is wrong with a motion file, and whether it fits a model."""
    try:
        table = read_mot(content)
    except InputError as error:
        return [Finding(error.problem, error.remedy)]
    lines = content.splitlines()
    end = next(k for k, line in enumerate(lines) if line.strip().lower() == "endheader")
    keys = [line.partition("=")[0].strip().lower() for line in lines[:end]]
    found = _text_findings(content, lines[end + 1 :])
    for key in ("version", "nRows", "nColumns"):
        if key.lower() not in keys:
            found.append(Finding(f"the header lacks {key}", f"write {key}= before endheader"))
    if not len(table.timestamps_s):
        found.append(Finding("there are no rows", "hand in a whole file"))
        return found
    return found + _angle_findings(table) + ([] if model is None else _fit_motion(model, table))


def trc_findings(content: str, model: Model | None = None) -> list[Finding]:
    """What is wrong with a marker file, and whether it fits a model."""
    try:
        trial = read_trc(content)
    except InputError as error:
        return [Finding(error.problem, error.remedy)]
    lines = content.splitlines()
    found = _text_findings(content, lines[3:])
    kind, keys = lines[0].split("\t"), lines[1].strip("\t").split("\t")
    if kind[1:3] != ["4", "(X/Y/Z)"] or len(kind) < 4:
        remedy = "write PathFileType, 4, (X/Y/Z) and the file's name, tabs between"
        found.append(Finding(f"line 1 is {lines[0][:40]!r}", remedy, is_fault=False))
    if tuple(keys) != KEYS or len(lines[2].strip("\t").split("\t")) != len(KEYS):
        found.append(
            Finding("line 2: the eight settings are not all there", f"write {', '.join(KEYS)} and their values")
        )
    if not len(trial.timestamps_s):
        return [*found, Finding("there are no frames", "hand in a whole file")]
    return (
        found + _rate_findings(trial) + _marker_findings(trial) + ([] if model is None else _fit_markers(model, trial))
    )


def _fit_motion(model: Model, table: Table) -> list[Finding]:
    """Whether every column is a coordinate of the model and stays in its range."""
    strange = [label for label in table.labels if label not in model.coordinate_index]
    if strange:
        return [Finding(f"model {model.name!r} has no coordinate {strange[0]!r}", "write this model's coordinates")]
    found: list[Finding] = []
    for pose, coordinate in zip(poses_of(model, table).T, model.coordinates, strict=True):
        beyond = max(float(coordinate.lower - pose.min()), float(pose.max() - coordinate.upper))
        if coordinate.clamped and beyond > RANGE_SLACK:
            problem = f"{coordinate.name} leaves its range by {beyond:.3g}"
            found.append(Finding(problem, "keep clamped coordinates inside, or widen the model's range"))
    return found


def _fit_markers(model: Model, trial: Trial) -> list[Finding]:
    """Whether markers of the trial are on the model."""
    known = {marker.name for marker in model.markers}
    strange = [name for name in trial.names if name not in known]
    if len(strange) == len(trial.names):
        return [Finding(f"none of the markers is on model {model.name!r}", f"use names such as {sorted(known)[:5]}")]
    if strange:
        problem = f"the model has no markers {', '.join(strange)}"
        return [Finding(problem, "rename them as the model's, or leave them: they count for nothing", is_fault=False)]
    return []


def _text_findings(content: str, rows: list[str]) -> list[Finding]:
    found: list[Finding] = []
    if content.startswith(BOM):
        found.append(Finding("line 1 starts with a byte order mark", "save it as UTF-8 without one"))
    if any(" " in row.strip() and "\t" not in row for row in rows):
        found.append(Finding("spaces stand between the columns", "write tabs: one of OpenSim's readers knows no other"))
    filled = [k for k, row in enumerate(rows) if row.strip()]
    first = next((k for k in filled if rows[k].split()[0].replace(".", "").isdigit()), len(rows))
    if any(not row.strip() for row in rows[first : filled[-1] if filled else 0]):
        found.append(Finding("a blank line stands between the rows", "remove it: one reader ends there"))
    return found


def _angle_findings(table: Table) -> list[Finding]:
    largest = float(np.abs(table.values).max(initial=0.0))
    if not table.degrees and largest > FEW_RAD:
        problem = f"inDegrees=no, and a value is {largest:.0f}: these look like degrees"
        return [Finding(problem, "write inDegrees=yes", is_fault=False)]
    if table.degrees and largest <= np.pi and len(table.labels) >= MANY_COLUMNS:
        problem = f"inDegrees=yes, and no value is above {largest:.2f}: these look like radians"
        return [Finding(problem, "write inDegrees=no", is_fault=False)]
    return []


def _rate_findings(trial: Trial) -> list[Finding]:
    steps_s = np.diff(trial.timestamps_s)
    if not len(steps_s):
        return []
    ordinary = steps_s < 1.5 * np.median(steps_s)
    rate = 1 / float(steps_s[ordinary].mean())
    if abs(rate / trial.rate_hz - 1) > RATE_SLACK:
        problem = f"line 3: DataRate is {trial.rate_hz:g}, the times say {rate:g}"
        return [Finding(problem, "write the rate of the times")]
    if float(steps_s.max()) > 1.5 / trial.rate_hz:
        at = int(steps_s.argmax())
        problem = f"no frames between {trial.timestamps_s[at]:g} s and {trial.timestamps_s[at + 1]:g} s"
        return [Finding(problem, "write frames of NaN: OpenSim counts on a constant rate", is_fault=False)]
    return []


def _marker_findings(trial: Trial) -> list[Finding]:
    seen = np.asarray(np.isfinite(trial.markers_m).all(axis=2))
    found: list[Finding] = []
    for name, column in zip(trial.names, seen.T, strict=True):
        if not column.any():
            found.append(Finding(f"marker {name!r} is never seen", "leave it out", is_fault=False))
    farthest = float(np.abs(trial.markers_m[seen]).max(initial=0.0))
    if farthest > FARTHEST_M:
        problem = f"a marker lies {farthest:.0f} m away: the unit is likely another one"
        found.append(Finding(problem, "write Units m, cm or mm", is_fault=False))
    return found
