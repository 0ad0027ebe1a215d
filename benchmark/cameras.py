"""How true several cameras together are: python -m benchmark.cameras --case DIR --outputs DIR

A case is <name>_<camera>.mp4 with <name>_reference.npz, which holds landmarks and calibration, or what
training.render_views wrote. Beside the figures of all cameras stand those of each alone, of a frozen pose, and what the
check of the calibration says when the pictures of one camera are moved by twenty pixels.
"""

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import tyro
from jaxtyping import Float

from benchmark.metrics import Points, score
from benchmark.video import resampled
from models.cameras import CalibratedCamera, in_order, read_calibration
from models.cameras.agreement import whole_shift_px
from pipeline import artefacts, console
from pipeline.batch import run_all
from pipeline.config import load_preset
from pipeline.names import stem_of
from pipeline.task import Task, Until
from stages.contracts import Clip, Person
from stages.lift.match import match_people
from stages.lift.views import MISS, SHIFT

SPOILED_PX: Final = ((0.0, 20.0), (0.0, -20.0), (20.0, 0.0), (-20.0, 0.0), (14.0, 14.0), (14.0, -14.0))


@dataclass(frozen=True)
class Arguments:
    """Score the one person of a case."""

    case: Path
    """Folder of the videos."""
    outputs: Path
    """Where the pipeline's results are kept."""
    preset: str = "default"
    """Settings of the pipeline."""
    json: Path | None = None
    """Where to write the figures."""


@dataclass(frozen=True)
class Case:
    """Videos of one scene, their calibration, and where the landmarks were in its world."""

    videos: tuple[Path, ...]
    calibration: Path
    landmarks_m: Points
    rate_hz: float

    def seen_by(self, camera: CalibratedCamera) -> Points:
        """The truth in a camera's axes."""
        return self.landmarks_m @ camera.camera_from_world[:3, :3].T + camera.camera_from_world[:3, 3]


def main(arguments: Arguments) -> None:
    """Run all cameras together, each alone, and the check of a spoiled calibration."""
    console.start()
    arguments.outputs.mkdir(parents=True, exist_ok=True)
    case = _read(arguments.case, arguments.outputs)
    together = Task(
        case.videos[0], "together", "all", "cpu", Until.EXPORT, beside=case.videos[1:], calibration=case.calibration
    )
    alone = [Task(video, stem_of(video), "largest", "cpu", Until.EXPORT) for video in case.videos]
    config = load_preset(arguments.preset)
    folders = list[Path]()
    for outcome in run_all([together, *alone], config, arguments.outputs):
        if outcome.error:
            raise outcome.error
        folders.append(outcome.folder)
    clips = [artefacts.decode((folder / "ingest.npz").read_bytes(), Clip) for folder in folders[1:]]
    sizes_px = [(clip.width_px, clip.height_px) for clip in clips]
    cameras = in_order(read_calibration(case.calibration), [video.stem for video in case.videos], sizes_px)
    table = {"all cameras": _score(folders[0], case, cameras[0])}
    for folder, camera in zip(folders[1:], cameras, strict=True):
        table[f"{camera.name} alone"] = _score(folder, case, camera)
    truth_m = case.seen_by(cameras[0])
    frozen_m = np.broadcast_to((truth_m - truth_m[:, 23:25].mean(1, keepdims=True)).mean(0), truth_m.shape)
    table["frozen mean pose of the truth"] = score(frozen_m, truth_m, case.rate_hz)
    checks = _checks(folders[1:], cameras)
    _show(table, checks)
    if arguments.json:
        arguments.json.write_text(json.dumps({"accuracy": table, "check": checks}, indent=2))


def _read(folder: Path, outputs: Path) -> Case:
    if (folder / "calibration.toml").exists():
        with np.load(folder / "truth.npz", allow_pickle=False) as truth:
            landmarks_m, rate_hz = truth["landmarks_m"], float(truth["rate_hz"])
        return Case(tuple(sorted(folder.glob("*.mp4"))), folder / "calibration.toml", landmarks_m, rate_hz)
    (path,) = folder.glob("*_reference.npz")
    stem = path.name.removesuffix("_reference.npz")
    with np.load(path, allow_pickle=False) as reference:
        names = reference["camera_names"].tolist()
        calibration = outputs / "calibration.toml"
        calibration.write_text("\n".join(_table(reference, number) for number in range(len(names))))
        landmarks_m, rate_hz = reference["landmarks_world_m"], float(reference["fps"])
    return Case(tuple(folder / f"{stem}_{name}.mp4" for name in names), calibration, landmarks_m, rate_hz)


def _table(reference: Any, number: int) -> str:
    """One camera of the reference in Pose2Sim's layout."""
    pose = reference["camera_from_world"][number]
    rows = {
        "name": f"'{reference['camera_names'][number]}'",
        "size": reference["size_px"][number].astype(float).tolist(),
        "matrix": reference["camera_matrix"][number].tolist(),
        "distortions": reference["distortion"][number].tolist(),
        "rotation": pose[:3, :3].tolist(),
        "translation": pose[:3, 3].tolist(),
    }
    return f"[camera_{number}]\n" + "".join(f"{key} = {value}\n" for key, value in rows.items())


def _score(folder: Path, case: Case, camera: CalibratedCamera) -> dict[str, float]:
    files = sorted(folder.glob("person_*/motion.npz"), key=lambda path: path.stat().st_size)
    with np.load(files[-1], allow_pickle=False) as motion:
        camera_from_world = np.linalg.inv(motion["world_from_camera"])
        found_m = motion["landmarks_m"] @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
        times_s: Float[np.ndarray, " frames"] = motion["timestamps_s"]
    truth_m = case.seen_by(camera)
    at_s = np.arange(len(truth_m)) / case.rate_hz
    return score(resampled(found_m, times_s, at_s), truth_m, case.rate_hz)


def _checks(folders: list[Path], cameras: tuple[CalibratedCamera, ...]) -> list[dict[str, Any]]:
    """What the check says of the calibration as it is, and of one whose last camera's pictures are moved."""
    people = [artefacts.decode((folder / "track.npz").read_bytes(), tuple[Person, ...]) for folder in folders]
    rows = list[dict[str, Any]]()
    for shift_px in ((0.0, 0.0), *SPOILED_PX):
        matrix = cameras[-1].camera_matrix.copy()
        matrix[:2, 2] += shift_px
        found = match_people(2.0, (*cameras[:-1], replace(cameras[-1], camera_matrix=matrix)), people)
        size_px, whole_px = float(found.person_size_px.mean()), whole_shift_px(found.shifted_px)
        missed_px = float(found.missed_px.max())
        doubted = whole_px > SHIFT * size_px or not missed_px <= MISS * size_px
        rows.append({"moved_px": shift_px, "missed_px": missed_px, "shift_px": whole_px, "doubted": doubted})
    return rows


def _show(table: dict[str, dict[str, float]], checks: list[dict[str, Any]]) -> None:
    keys = list(table["all cameras"])
    print(f"{'':32s}" + " ".join(f"{key:>17s}" for key in keys))
    for name, row in table.items():
        print(f"{name:32s}" + " ".join(f"{row[key]:17.3f}" for key in keys))
    for row in checks:
        print(f"pictures of the last camera moved by {row['moved_px']} px: {row}")


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    main(tyro.cli(Arguments, description=__doc__))
