"""How true a video's motion is: python -m benchmark.video --case DIR, against a multi-view reference or known truth."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from jaxtyping import Float

from benchmark.metrics import Points, score
from pipeline import console
from pipeline.batch import run_all
from pipeline.config import load_preset
from pipeline.names import stem_of
from pipeline.task import Task, Until


@dataclass(frozen=True)
class Arguments:
    """Score the largest person of each video of a case."""

    case: Path
    """Folder with <name>_<camera>.mp4 and <name>_reference.npz, or <name>.mp4 and <name>_truth.npz, or both."""
    outputs: Path
    """Where the pipeline's results are kept."""
    preset: str = "default"
    """Settings of the pipeline."""
    json: Path | None = None
    """Where to write the figures."""


@dataclass(frozen=True)
class Reference:
    """Where the landmarks were, in the axes of the camera that filmed the video."""

    video: Path
    landmarks_m: Points
    times_s: Float[np.ndarray, " frames"]
    rate_hz: float
    camera_matrix: Float[np.ndarray, "3 3"]


def main(arguments: Arguments) -> None:
    """Run the pipeline on every video and print one row for each method."""
    console.start()
    tables = {reference.video.stem: _rows(reference, arguments) for reference in references(arguments.case)}
    methods = next(iter(tables.values())).keys()
    tables["mean"] = {method: _mean([table[method] for table in tables.values()]) for method in methods}
    for name, table in tables.items():
        _show(name, table)
    if arguments.json:
        arguments.json.write_text(json.dumps(tables, indent=2))


def references(case: Path) -> list[Reference]:
    """The videos of a case and what is known of them."""
    found: list[Reference] = []
    for path in sorted(case.glob("*_reference.npz")):
        with np.load(path) as content:
            columns = (content["camera_names"].tolist(), content["camera_from_world"], content["camera_matrix"])
            cameras = zip(*columns, strict=True)
            points_m, rate_hz = content["landmarks_world_m"], float(content["fps"])
        stem = path.name.removesuffix("_reference.npz")
        found += [
            _seen_by(case / f"{stem}_{name}.mp4", (view, matrix), points_m, rate_hz) for name, view, matrix in cameras
        ]
    for path in sorted(case.glob("*_truth.npz")):
        with np.load(path) as content:
            camera_from_world = np.linalg.inv(content["world_from_camera"])
            video = case / f"{path.name.removesuffix('_truth.npz')}.mp4"
            camera = camera_from_world, content["camera_matrix"]
            found.append(_seen_by(video, camera, content["landmarks_m"], float(content["mocap_framerate"])))
    return found


def _seen_by(
    video: Path,
    camera: tuple[Float[np.ndarray, "4 4"], Float[np.ndarray, "3 3"]],
    landmarks_world_m: Points,
    rate_hz: float,
) -> Reference:
    camera_from_world, camera_matrix = camera
    landmarks_m = landmarks_world_m @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    return Reference(video, landmarks_m, np.arange(len(landmarks_m)) / rate_hz, rate_hz, camera_matrix)


def _rows(reference: Reference, arguments: Arguments) -> dict[str, dict[str, float]]:
    task = Task(reference.video, stem_of(reference.video), "largest", "cpu", Until.EXPORT)
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
        "detector, untouched": _rootless(score(resampled(rough_m, rough_times_s, reference.times_s), truth_m, rate_hz)),
        "frozen mean pose of the reference": _rootless(score(frozen_m, truth_m, rate_hz)),
    }


def _rootless(row: dict[str, float]) -> dict[str, float]:
    """Without the figures of the root, which this method does not place."""
    return {key: value for key, value in row.items() if not key.startswith("root")}


def resampled(points_m: Points, times_s: Float[np.ndarray, " old"], at_s: Float[np.ndarray, " new"]) -> Points:
    """Points at other times, linearly between neighbours; held beyond the ends."""
    columns = [np.interp(at_s, times_s, column) for column in points_m.reshape(len(points_m), -1).T]
    return np.stack(columns, axis=1).reshape(-1, *points_m.shape[1:])


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def _show(name: str, table: dict[str, dict[str, float]]) -> None:
    keys = list(next(iter(table.values())))
    print(f"\n{name}\n{'':36s}" + " ".join(f"{key:>17s}" for key in keys))
    for method, row in table.items():
        print(f"{method:36s}" + " ".join(f"{row[key]:17.3f}" if key in row else " " * 17 for key in keys))


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
