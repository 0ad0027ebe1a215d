"""Whether OpenSim makes the same of our files: python -m benchmark.biomech_files --outputs DIR [--outputs DIR ...].

For every person in the given folders of results: both of OpenSim's readers count the rows; its model opens, and its
joint centres are held against our forward kinematics and against the joints of motion.npz; its own inverse kinematics
and ScaleTool run from the setups that lie beside, in a copy of the folder.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import chdir, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import opensim
import tyro
from jaxtyping import Float

from models.osim.aliases import canonical
from models.osim.forward import carry_markers, place_bodies
from models.osim.full_body_markers import JOINT_MARKERS
from models.osim.model import Model
from models.osim.mot import load_mot, poses_of
from models.osim.reader import load_model
from models.skeletons import SMPL_INDEX


@dataclass(frozen=True)
class Arguments:
    """Let OpenSim read, pose, solve and scale what the pipeline wrote."""

    outputs: Annotated[tuple[Path, ...], tyro.conf.UseAppendAction]
    """A folder of results, or one above it; may be given several times."""
    frames: int = 40
    """OpenSim solves the first so many of each person: it takes a third of a second for one."""
    json: Path | None = None
    """Where to write the figures."""


@dataclass(frozen=True)
class Row:
    """One person.

    Attributes:
        solved_frames: of them, by OpenSim's inverse kinematics.
        rows_whole: both readers load every row of both files.
        warnings: of opening the model, building its system, and both tools; none is the aim.
        forward_m: greatest distance between OpenSim's body origins and ours.
        joint_mean_mm, joint_p95_mm: distance of the model's joint centres from those of motion.npz.
        angle_mean_deg, angle_worst_deg: difference of OpenSim's inverse kinematics from our .mot; mean over all angles
            and frames, and the worst coordinate's mean.
        rescaled_mm: greatest distance between a body of the model that the ScaleTool makes and of ours, default pose.
    """

    name: str
    frames: int
    solved_frames: int
    rows_whole: bool
    warnings: list[str]
    forward_m: float
    joint_mean_mm: float
    joint_p95_mm: float
    angle_mean_deg: float
    angle_worst_deg: float
    worst_coordinate: str
    rescaled_mm: float


def main(arguments: Arguments) -> None:
    """Print and write a row for each person."""
    models = sorted({path for folder in arguments.outputs for path in folder.rglob("*_scaled.osim")})
    rows: list[Row] = []
    for path in models:
        rows.append(check(path.parent, path.name.removesuffix("_scaled.osim"), arguments.frames))
        print(*(f"{key} {_short(value)}" for key, value in asdict(rows[-1]).items()), sep="  ", flush=True)
    if arguments.json:
        content = {"people": [asdict(row) for row in rows], "opensim": opensim.GetVersion()}
        arguments.json.write_text(json.dumps(content, indent=1) + "\n")


def check(folder: Path, stem: str, solved_frames: int) -> Row:
    """All that is measured of one person; OpenSim's inverse kinematics on the first frames."""
    model, table = load_model(folder / f"{stem}_scaled.osim"), load_mot(folder / f"{stem}.mot")
    poses = poses_of(model, table)
    away_mm = _joint_distances_mm(folder, stem, model, poses)
    with tempfile.TemporaryDirectory() as copy, _heard(Path(copy) / "log.txt") as log:
        work = Path(copy) / "files"
        shutil.copytree(folder, work, ignore=shutil.ignore_patterns("*.npz", "*.glb", "*.mp4"))
        with chdir(work):
            whole = rows_loaded(work, stem) == {len(poses)}
            opened = opensim.Model(f"{stem}_scaled.osim")
            forward_m = float(np.abs(_their_origins(opened, poses) - place_bodies(model, poses).origin_m[:, 1:]).max())
            last_s = table.timestamps_s[:solved_frames][-1]
            tool = opensim.InverseKinematicsTool(f"{stem}_ik_setup.xml")
            tool.setEndTime(float(last_s) + 1e-6)
            tool.run()
            opensim.ScaleTool(f"{stem}_scale_setup.xml").run()
        theirs = poses_of(model, load_mot(work / f"{stem}_opensim.mot"))
        warnings = [line for line in log() if "[cout]" not in line and ("[warning]" in line or "[error]" in line)]
        rescaled = _default_distance_mm(model, load_model(work / f"{stem}_rescaled.osim"))
    angles = [k for k, coordinate in enumerate(model.coordinates) if coordinate.motion == "rotational"]
    off = (canonical(model, theirs) - canonical(model, poses[: len(theirs)]))[:, angles]
    mean_deg = np.degrees(np.abs((off + np.pi) % (2 * np.pi) - np.pi)).mean(axis=0)
    return Row(
        name=stem,
        frames=len(poses),
        solved_frames=len(theirs),
        rows_whole=whole,
        warnings=warnings,
        forward_m=forward_m,
        joint_mean_mm=float(away_mm.mean()),
        joint_p95_mm=float(np.percentile(away_mm, 95)),
        angle_mean_deg=float(mean_deg.mean()),
        angle_worst_deg=float(mean_deg.max()),
        worst_coordinate=model.coordinates[angles[int(mean_deg.argmax())]].name,
        rescaled_mm=rescaled,
    )


def rows_loaded(folder: Path, stem: str) -> set[int]:
    """How many rows each of OpenSim's readers finds in the motion and the marker file."""
    motion, markers = str(folder / f"{stem}.mot"), str(folder / f"{stem}.trc")
    return {
        opensim.Storage(motion).getSize(),
        opensim.TimeSeriesTable(motion).getNumRows(),
        opensim.MarkerData(markers).getNumFrames(),
        opensim.TimeSeriesTableVec3(markers).getNumRows(),
    }


def _joint_distances_mm(
    folder: Path, stem: str, model: Model, poses: Float[np.ndarray, "frames coordinates"]
) -> Float[np.ndarray, "frames joints"]:
    """How far the model carries its markers of joint centres from the joints of motion.npz."""
    turn = np.array(json.loads((folder / f"{stem}_biomech.json").read_text())["ground_from_world"])
    with np.load(folder / "motion.npz") as motion:
        joints_m = motion["joints_m"] @ turn.T
    centres = tuple(marker for marker in model.markers if marker.name in JOINT_MARKERS)
    ours = carry_markers(model, place_bodies(model, poses), centres)
    wanted = joints_m[:, [SMPL_INDEX[JOINT_MARKERS[marker.name]] for marker in centres]]
    return 1000 * np.linalg.norm(ours - wanted, axis=2)


def _their_origins(
    model: opensim.Model, poses: Float[np.ndarray, "frames coordinates"]
) -> Float[np.ndarray, "frames bodies 3"]:
    state, places = model.initSystem(), np.zeros((len(poses), model.getNumBodies(), 3))
    coordinates, bodies = model.getCoordinateSet(), model.getBodySet()
    for pose, place in zip(poses, places, strict=True):
        for k, value in enumerate(pose):
            coordinates.get(k).setLocked(state, False)
            coordinates.get(k).setValue(state, float(value), False)
        model.realizePosition(state)
        for b in range(bodies.getSize()):
            position = bodies.get(b).getPositionInGround(state)
            place[b] = [position.get(i) for i in range(3)]
    return places


def _default_distance_mm(first: Model, second: Model) -> float:
    places = [place_bodies(model, first.default_pose).origin_m for model in (first, second)]
    return float(1000 * np.linalg.norm(places[0] - places[1], axis=1).max())


@contextmanager
def _heard(file: Path) -> Generator[Callable[[], list[str]]]:
    """Keep OpenSim quiet and hear what it warns of; the lines so far, on request."""
    opensim.Logger.removeFileSink()
    opensim.Logger.setLevelString("warn")
    opensim.Logger.addFileSink(str(file))
    sys.stdout.flush()
    kept = [os.dup(stream) for stream in (1, 2)]
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    try:
        yield lambda: file.read_text().splitlines() if file.exists() else []
    finally:
        for stream, old in zip((1, 2), kept, strict=True):
            os.dup2(old, stream)
            os.close(old)
        os.close(nothing)
        opensim.Logger.removeFileSink()


def _short(value: object) -> object:
    return f"{value:.4g}" if isinstance(value, float) else value


if __name__ == "__main__":
    main(tyro.cli(Arguments))
