"""How true a video's motion is: python -m benchmark.video --case DIR, against a multi-view reference."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from jaxtyping import Float

from benchmark.metrics import Points, score
from pipeline import console
from pipeline.batch import run_all, stem_of
from pipeline.config import load_preset
from pipeline.video_to_motion import Task, Until


@dataclass(frozen=True)
class Arguments:
    """Score the largest person of each camera of a case."""

    case: Path
    """Folder with <name>_<camera>.mp4 and <name>_reference.npz."""
    outputs: Path
    """Where the pipeline's results are kept."""
    preset: str = "default"
    """Settings of the pipeline."""
    json: Path | None = None
    """Where to write the figures."""


@dataclass(frozen=True)
class Reference:
    """Landmarks triangulated from several cameras, in the axes of one of them."""

    landmarks_m: Points
    times_s: Float[np.ndarray, " frames"]
    rate_hz: float


def main(arguments: Arguments) -> None:
    """Run the pipeline on every camera that has a reference and print one row for each method."""
    console.start()
    tables: dict[str, dict[str, dict[str, float]]] = {}
    for reference in sorted(arguments.case.glob("*_reference.npz")):
        with np.load(reference) as stored:
            content = {key: stored[key] for key in stored.files}
        for camera in content["camera_names"].tolist():
            video = arguments.case / f"{reference.name.removesuffix('_reference.npz')}_{camera}.mp4"
            tables[video.stem] = _rows(video, _seen_by(content, camera), arguments)
    methods = next(iter(tables.values())).keys()
    tables["mean"] = {method: _mean([table[method] for table in tables.values()]) for method in methods}
    for name, table in tables.items():
        _show(name, table)
    if arguments.json:
        arguments.json.write_text(json.dumps(tables, indent=2))


def _rows(video: Path, reference: Reference, arguments: Arguments) -> dict[str, dict[str, float]]:
    task = Task(video, stem_of(video), "largest", "cpu", Until.EXPORT)
    (outcome,) = run_all([task], load_preset(arguments.preset), arguments.outputs, overwrite=False)
    if outcome.error:
        raise outcome.error
    (motion_file,) = outcome.folder.glob("person_*/motion.npz")
    person = int(motion_file.parent.name.removeprefix("person_"))
    with np.load(motion_file) as motion:
        camera_from_world = np.linalg.inv(motion["world_from_camera"])
        found_m = motion["landmarks_m"] @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
        times_s = motion["timestamps_s"]
    with np.load(outcome.folder / "track.npz") as track:
        seen = track[f"{person}/observed"]
        rough_m, rough_times_s = track[f"{person}/rough_m"][seen], track[f"{person}/timestamps_s"][seen]
    truth_m, rate_hz = reference.landmarks_m, reference.rate_hz
    frozen_m = np.broadcast_to((truth_m - truth_m[:, 23:25].mean(1, keepdims=True)).mean(0), truth_m.shape)
    covered = (reference.times_s >= times_s[0] - 0.5 / rate_hz) & (reference.times_s <= times_s[-1] + 0.5 / rate_hz)
    return {
        "kinetrace": score(resampled(found_m, times_s, reference.times_s), truth_m, rate_hz)
        | {"covered": float(covered.mean())},
        "detector, untouched": score(resampled(rough_m, rough_times_s, reference.times_s), truth_m, rate_hz),
        "frozen mean pose of the reference": score(frozen_m, truth_m, rate_hz),
    }


def resampled(points_m: Points, times_s: Float[np.ndarray, " old"], at_s: Float[np.ndarray, " new"]) -> Points:
    """Points at other times, linearly between neighbours; held beyond the ends."""
    columns = [np.interp(at_s, times_s, column) for column in points_m.reshape(len(points_m), -1).T]
    return np.stack(columns, axis=1).reshape(-1, *points_m.shape[1:])


def _seen_by(content: dict[str, Any], camera: str) -> Reference:
    camera_from_world = content["camera_from_world"][content["camera_names"].tolist().index(camera)]
    landmarks_m = content["landmarks_world_m"] @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    rate_hz = float(content["fps"])
    return Reference(landmarks_m, np.arange(len(landmarks_m)) / rate_hz, rate_hz)


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def _show(name: str, table: dict[str, dict[str, float]]) -> None:
    keys = list(next(iter(table.values())))
    print(f"\n{name}\n{'':36s}" + " ".join(f"{key:>17s}" for key in keys))
    for method, row in table.items():
        print(f"{method:36s}" + " ".join(f"{row[key]:17.3f}" if key in row else " " * 17 for key in keys))


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
