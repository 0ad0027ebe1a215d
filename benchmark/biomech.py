"""Our inverse kinematics beside OpenSim's own: python -m benchmark.biomech --case DIR [--case DIR ...] --json FILE.

A case is a folder with model.osim and markers.trc, and, if at hand, ik_setup.xml (weights and time range; else all
markers with weight 1 and all frames) and opensim46_acc1e-9_ik.mot (a converged answer; else OpenSim runs here at
accuracy 1e-9 on the first 100 frames). Angles are compared canonically; coordinates that nothing determines are left
out and listed. Times are processor time on one thread after loading, of both programs in one run: on a busy machine
trust the ratios, not the milliseconds.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import opensim
import tyro
from jaxtyping import Float
from matplotlib.figure import Figure

from models.osim import ik
from models.osim.aliases import canonical
from models.osim.model import Model
from models.osim.mot import load_mot, poses_of
from models.osim.reader import load_model
from models.osim.tasks import Tasks, even_tasks, load_setup
from models.osim.trc import Trial, load_trc

CONVERGED: Final = 1e-9
DEFAULT: Final = 1e-5
"""OpenSim's accuracy unless told otherwise; it is not converged."""
REFERENCE_FRAMES: Final = 100
RUNS: Final = 7


@dataclass(frozen=True)
class Arguments:
    """Compare poses, cost and speed with the installed OpenSim."""

    case: Annotated[tuple[Path, ...], tyro.conf.UseAppendAction]
    """A folder with a trial; may be given several times."""
    json: Path | None = None
    """Where to write the figures."""
    plots: Path | None = None
    """Folder for one picture of every coordinate beside the reference for each case; `plots` beside the JSON file, if
    nothing else is said."""


@dataclass(frozen=True, eq=False)
class Case:
    """A trial, what to follow in it, and the file of its converged answer, if there is one."""

    name: str
    model_file: Path
    markers_file: Path
    model: Model
    trial: Trial
    tasks: Tasks
    answer: Path | None


@dataclass(frozen=True)
class Row:
    """One case. Times are milliseconds a frame; RMSE over the frames of the converged answer.

    Attributes:
        undetermined: coordinates that no followed marker and no task shows; not compared.
        cost_ratio_max: our cost over that of the converged answer, on the worst frame.
        opensim_no_couplers_ms: without muscles and couplers.
    """

    name: str
    frames: int
    compared_frames: int
    rmse_mean_deg: float
    rmse_worst_deg: float
    worst_coordinate: str
    translation_mm: float
    cost_ratio_max: float
    opensim_ms: float
    opensim_no_couplers_ms: float
    ours_ms: float
    speedup: float
    speedup_no_couplers: float
    undetermined: list[str] = field(default_factory=list[str])


def main(arguments: Arguments) -> None:
    """Print and write a row for each case."""
    rows: list[Row] = []
    plots = arguments.plots or (arguments.json.parent / "plots" if arguments.json else None)
    for folder in arguments.case:
        case = load_case(folder)
        row, ours, theirs = compare(case)
        rows.append(row)
        print(*(f"{key} {_short(value)}" for key, value in asdict(row).items()), sep="  ", flush=True)
        if plots:
            plots.mkdir(parents=True, exist_ok=True)
            plot(case.model, ours, theirs).savefig(plots / f"{case.name}.png", dpi=70)
    starts = {
        "cold_start_s": first_solve_s(arguments.case[0], cold=True),
        "warm_start_s": first_solve_s(arguments.case[0]),
    }
    print(*(f"{key} {value:.2f}" for key, value in starts.items()), sep="  ")
    if arguments.json:
        table = {"cases": [asdict(row) for row in rows], **starts, "opensim": opensim.GetVersion()}
        arguments.json.write_text(json.dumps(table, indent=1) + "\n")


def load_case(folder: Path) -> Case:
    """Read a case folder."""
    model_file, markers_file, setup_file = (folder / name for name in ("model.osim", "markers.trc", "ik_setup.xml"))
    model, trial, tasks = load_model(model_file), load_trc(markers_file), None
    if setup_file.exists():
        setup = load_setup(setup_file, model)
        tasks = setup.tasks
        trial = trial if setup.time_range_s is None else trial.between(*setup.time_range_s)
    answer = folder / "opensim46_acc1e-9_ik.mot"
    followed = tasks or even_tasks(model)
    return Case(folder.name, model_file, markers_file, model, trial, followed, answer if answer.exists() else None)


def compare(case: Case) -> tuple[Row, Float[np.ndarray, "frames coordinates"], Float[np.ndarray, "frames coordinates"]]:
    """The row of a case, our poses and the converged ones, on the frames of the latter."""
    model, trial = case.model, case.trial
    times = [_timed(case) for _ in range(RUNS)]
    solution, ours_ms = times[-1][0], statistics.median(spent for _, spent in times)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "ik.mot"
        full = run_opensim(case, DEFAULT, len(trial.timestamps_s), out)
        bare = run_opensim(case, DEFAULT, len(trial.timestamps_s), out, bare=True)
        if case.answer is None:
            run_opensim(case, CONVERGED, REFERENCE_FRAMES, out)
        table = load_mot(case.answer or out)
    frames = np.searchsorted(trial.timestamps_s, table.timestamps_s - 1e-4)
    theirs = poses_of(model, table)
    whole = np.tile(model.default_pose, (len(trial.timestamps_s), 1))
    whole[frames] = theirs
    problem = ik.pose_problem(model, trial, case.tasks)
    ratio = ik.cost_of(problem, solution.poses)[frames] / ik.cost_of(problem, whole)[frames]
    ours, theirs = solution.poses[frames], canonical(model, theirs)
    shown = _determined(problem)
    shifts = np.array([coordinate.motion == "translational" for coordinate in model.coordinates])
    off = np.sqrt(np.mean(np.where(shifts, ours - theirs, np.degrees(_around(ours - theirs))) ** 2, axis=0))
    turning = [k for k in shown if not shifts[k]]
    worst = max(turning, key=lambda k: off[k])
    row = Row(
        name=case.name,
        frames=len(trial.timestamps_s),
        compared_frames=len(frames),
        rmse_mean_deg=float(off[turning].mean()),
        rmse_worst_deg=float(off[worst]),
        worst_coordinate=model.coordinates[worst].name,
        translation_mm=float(1000 * max((off[k] for k in shown if shifts[k]), default=0.0)),
        cost_ratio_max=float(ratio.max()),
        opensim_ms=full,
        opensim_no_couplers_ms=bare,
        ours_ms=ours_ms,
        speedup=full / ours_ms,
        speedup_no_couplers=bare / ours_ms,
        undetermined=[c.name for k, c in enumerate(model.coordinates) if k not in shown],
    )
    return row, ours, theirs


def run_opensim(case: Case, accuracy: float, frames: int, out: Path, *, bare: bool = False) -> float:
    """Let OpenSim solve the first frames; milliseconds a frame, loading not counted.

    Args:
        case: the trial.
        accuracy: of its solver.
        frames: how many.
        out: the motion file that it writes.
        bare: without muscles and other forces, and without couplers.
    """
    times = case.trial.timestamps_s[:frames]
    with quiet():
        model = opensim.Model(str(case.model_file))
        if bare:
            model.updForceSet().clearAndDestroy()
            model.updConstraintSet().clearAndDestroy()
        model.initSystem()
        tool = opensim.InverseKinematicsTool()
        tool.setModel(model)
        tool.set_IKTaskSet(_task_set(case.tasks, case.model))
        tool.setMarkerDataFileName(str(case.markers_file.resolve()))
        tool.setStartTime(float(times[0]))
        tool.setEndTime(float(times[-1]))
        tool.set_accuracy(accuracy)
        tool.set_report_errors(False)
        tool.setResultsDir(str(out.parent))
        tool.setOutputMotionFileName(str(out))
        start = time.process_time()
        tool.run()
        return 1000 * (time.process_time() - start) / len(times)


def first_solve_s(folder: Path, *, cold: bool = False) -> float:
    """Processor seconds of the first solve in a new process; cold: with nothing compiled before."""
    code = (
        "import sys, time, pathlib; from benchmark.biomech import load_case; from models.osim import ik;"
        "c = load_case(pathlib.Path(sys.argv[1])); t = time.process_time();"
        "ik.solve(c.model, c.trial, c.tasks); print(time.process_time() - t)"
    )
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache} if cold else dict(os.environ)
        command = [sys.executable, "-c", code, str(folder.resolve())]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def plot(
    model: Model, ours: Float[np.ndarray, "frames coordinates"], theirs: Float[np.ndarray, "frames coordinates"]
) -> Figure:
    """Every coordinate beside the reference."""
    columns = 6
    rows = -(-len(model.coordinates) // columns)
    figure = Figure((3 * columns, 2 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for k, coordinate in enumerate(model.coordinates):
        scale = 180 / np.pi if coordinate.motion == "rotational" else 1.0
        axes[k].plot(scale * theirs[:, k], color="tab:orange", linewidth=3, label="OpenSim, converged")
        axes[k].plot(scale * ours[:, k], color="black", linewidth=1, label="ours")
        axes[k].set_title(coordinate.name, fontsize=8)
    for unused in axes[len(model.coordinates) :]:
        unused.set_axis_off()
    axes[0].legend(fontsize=6)
    return figure


def _determined(problem: ik.Problem) -> list[int]:
    """Coordinates that a followed marker or a task shows, and those coupled to one."""
    index = problem.model.coordinate_index
    shown = set(problem.case.chain.column_coordinate.tolist())
    for coupler in problem.model.couplers:
        if index[coupler.independent] in shown:
            shown.add(index[coupler.dependent])
    return sorted(shown)


def _timed(case: Case) -> tuple[ik.Solution, float]:
    start = time.process_time()
    solution = ik.solve(case.model, case.trial, case.tasks)
    return solution, 1000 * (time.process_time() - start) / len(case.trial.timestamps_s)


def _task_set(tasks: Tasks, model: Model) -> opensim.IKTaskSet:
    wanted = opensim.IKTaskSet()
    known = {marker.name for marker in model.markers}
    for name, weight in tasks.marker_weight.items():
        if name in known:
            task = opensim.IKMarkerTask()
            task.setName(name)
            task.setWeight(weight)
            wanted.cloneAndAppend(task)
    for name, one in tasks.coordinate.items():
        task = opensim.IKCoordinateTask()
        task.setName(name)
        task.setWeight(one.weight)
        task.setValueType(opensim.IKCoordinateTask.ManualValue)
        task.setValue(model.coordinates[model.coordinate_index[name]].default if one.value is None else one.value)
        wanted.cloneAndAppend(task)
    return wanted


def _around(angle_rad: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch"]:
    return np.asarray((angle_rad + np.pi) % (2 * np.pi) - np.pi)


def _short(value: object) -> object:
    return f"{value:.5g}" if isinstance(value, float) else value


@contextmanager
def quiet() -> Generator[None]:
    """OpenSim prints from C++ past every setting."""
    opensim.Logger.setLevelString("off")
    opensim.Logger.removeFileSink()
    sys.stdout.flush()
    kept = os.dup(1)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)


if __name__ == "__main__":
    main(tyro.cli(Arguments))
