"""Inverse kinematics: against the truth, a slow twin, finite differences and OpenSim."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import opensim
import pytest
from scipy.optimize import least_squares

from models.errors import InputError
from models.osim import chain_kernels, ik
from models.osim.aliases import canonical
from models.osim.forward import obey_couplers, place_bodies, place_markers
from models.osim.model import Model
from models.osim.mot import load_mot, poses_of
from models.osim.reader import read_model
from models.osim.tasks import CoordinateTask, Tasks, even_tasks
from models.osim.trc import Trial, write_trc
from tests.models.osim import documents as made
from tests.models.osim import oracle, puppets
from tests.models.osim.documents import Link

SLANTED = "<LinearFunction><coefficients>0.4 0.45</coefficients></LinearFunction>"
COUPLED = made.coupler("b2_0", "b5_0", SLANTED) + made.coupler("b3_1", "b2_0", made.SPLINE)
MODELS = {"free": "", "coupled": COUPLED}


def residuals(model: Model, trial: Trial, tasks: Tasks, frame: int, pose: np.ndarray) -> np.ndarray:
    """The cost of `models.osim.tasks` as a sum of squares, from plain forward kinematics."""
    pose = obey_couplers(model, pose)
    offset = place_markers(model, pose, model.markers) - trial.markers_m[frame]
    weight = np.array([tasks.marker_weight.get(name, 0.0) for name in trial.names]) * ~np.isnan(offset[:, 0])
    parts = [(np.sqrt(weight / weight.sum())[:, None] * np.nan_to_num(offset)).ravel()]
    for name, task in tasks.coordinate.items():
        k = model.coordinate_index[name]
        wanted = model.coordinates[k].default if task.value is None else task.value
        parts.append(np.sqrt([task.weight]) * (pose[k] - wanted))
    return np.concatenate(parts)


def slow_twin(model: Model, trial: Trial, tasks: Tasks, frame: int, start: np.ndarray) -> np.ndarray:
    """One frame by scipy's trust region over finite differences."""
    dependent = {coupler.dependent for coupler in model.couplers}
    free = [k for k, c in enumerate(model.coordinates) if not c.locked and c.name not in dependent]
    clamped = [model.coordinates[k] for k in free]
    lower = [c.lower if c.clamped else -np.inf for c in clamped]
    upper = [c.upper if c.clamped else np.inf for c in clamped]

    def errors(values: np.ndarray) -> np.ndarray:
        pose = start.copy()
        pose[free] = values
        return residuals(model, trial, tasks, frame, pose)

    inside = np.clip(start[free], np.array(lower) + 1e-6, np.array(upper) - 1e-6)
    found = least_squares(errors, inside, "2-point", (lower, upper), ftol=1e-13, xtol=1e-9, gtol=1e-11)
    pose = start.copy()
    pose[free] = found.x
    return obey_couplers(model, pose)


@pytest.mark.parametrize("constraints", MODELS.values(), ids=MODELS.keys())
def test_a_motion_comes_back_from_its_markers(constraints: str) -> None:
    model = puppets.puppet(constraints)
    truth = puppets.motion(model, 60, 1)
    solution = ik.solve(model, puppets.film(model, truth), puppets.weights(model))
    assert np.abs(solution.poses - canonical(model, truth)).max() < 3e-5
    assert solution.cost.max() < 1e-12 and solution.observed.all()


@pytest.mark.parametrize("constraints", MODELS.values(), ids=MODELS.keys())
def test_the_slow_twin_finds_the_same_poses_at_the_same_cost(constraints: str) -> None:
    model = puppets.puppet(constraints)
    trial = puppets.film(model, 1.25 * puppets.motion(model, 3, 2), 0.01)
    trial.markers_m[1, 3] = trial.markers_m[1, 8:10] = np.nan
    tasks = replace(
        puppets.weights(model), coordinate={"b5_1": CoordinateTask(0.02, 0.3), "b1_0": CoordinateTask(0.01)}
    )
    solution = ik.solve(model, trial, tasks)
    at_bound = np.zeros(len(solution.poses), bool)
    for frame, pose in enumerate(solution.poses):
        twin = slow_twin(model, trial, tasks, frame, pose)
        cost = (residuals(model, trial, tasks, frame, twin) ** 2).sum()
        assert solution.cost[frame] == pytest.approx(cost, rel=1e-5)
        assert np.abs(pose - twin).max() < 2e-3
        knee = model.coordinate_index["b1_1"]
        at_bound[frame] = min(abs(pose[knee] + 1.2), abs(pose[knee] - 1.3)) < 1e-9
    assert at_bound.any()


@pytest.mark.parametrize("constraints", MODELS.values(), ids=MODELS.keys())
def test_slope_and_curvature_are_limits_of_differences(constraints: str) -> None:
    model = puppets.puppet(constraints)
    truth, step = puppets.motion(model, 3, 3), 1e-6
    tasks = replace(puppets.weights(model), coordinate={"b2_0": CoordinateTask(0.1, 0.3)})
    noisy = ik.pose_problem(model, puppets.film(model, truth, 0.1), tasks)
    exact = ik.pose_problem(model, puppets.film(model, truth), puppets.weights(model))
    _, slope, _ = chain_kernels.assess(noisy.case, truth)
    _, _, curvature = chain_kernels.assess(exact.case, truth)
    for v, coordinate in enumerate(noisy.case.chain.variable_coordinate):
        change = step * np.eye(len(model.coordinates))[coordinate]
        costs = [ik.cost_of(noisy, truth + sign * change) for sign in (1, -1)]
        assert np.allclose((costs[0] - costs[1]) / (2 * step), slope[:, v], atol=1e-7)
        slopes = [chain_kernels.assess(exact.case, truth + sign * change)[1] for sign in (1, -1)]
        assert np.allclose((slopes[0] - slopes[1]) / (2 * step), curvature[:, :, v], atol=1e-6)


MIXED = (made.LINEAR, made.SPLINE, made.CONSTANT, made.POLYNOMIAL, made.BROKEN_LINE, made.MULTIPLIED)
WINDING = made.version_4([Link("CustomJoint", MIXED), Link("CustomJoint", MIXED, reverse=True), Link("WeldJoint")])


@pytest.mark.parametrize("content", [puppets.content(COUPLED), WINDING], ids=["coupled", "backward"])
def test_the_compiled_cost_is_that_of_plain_forward_kinematics(content: str) -> None:
    model, tasks = read_model(content), Tasks({"m30": 2.0, "m51": 0.5, "tip": 1.0})
    poses = puppets.motion(model, 4, 4)
    trial = puppets.film(model, poses[::-1])
    cost = ik.cost_of(ik.pose_problem(model, trial, tasks), poses)
    plain = [(residuals(model, trial, tasks, t, pose) ** 2).sum() for t, pose in enumerate(poses)]
    assert np.allclose(cost, plain, rtol=1e-12)


@pytest.mark.parametrize("constraints", MODELS.values(), ids=MODELS.keys())
def test_opensim_finds_the_same_poses(constraints: str, tmp_path: Path) -> None:
    model = puppets.puppet(constraints)
    trial = puppets.film(model, 1.1 * puppets.motion(model, 20, 5), 0.01)
    trial.markers_m[3, 4:6] = np.nan
    tasks = replace(puppets.weights(model), coordinate={"b5_1": CoordinateTask(0.02, 0.3)})
    theirs = opensim_poses(model, trial, tasks, puppets.content(constraints), tmp_path)
    ours = ik.solve(model, trial, tasks)
    problem = ik.pose_problem(model, trial, tasks)
    ratio = ours.cost / ik.cost_of(problem, theirs)
    assert (ratio < 1 + 1e-6).all()
    converged = ratio > 1 - 1e-6  # elsewhere OpenSim stopped above the minimum, or in another one
    assert converged.sum() >= 8
    assert np.abs(ours.poses - canonical(model, theirs))[converged].max() < 1e-3


def opensim_poses(model: Model, trial: Trial, tasks: Tasks, content: str, folder: Path) -> np.ndarray:
    (folder / "markers.trc").write_text(write_trc(trial, "markers.trc"))
    wanted = opensim.IKTaskSet()
    for name, weight in tasks.marker_weight.items():
        task = opensim.IKMarkerTask()
        task.setName(name)
        task.setWeight(weight)
        wanted.cloneAndAppend(task)
    for name, one in tasks.coordinate.items():
        task = opensim.IKCoordinateTask()
        task.setName(name)
        task.setWeight(one.weight)
        task.setValueType(opensim.IKCoordinateTask.ManualValue)
        task.setValue(one.value)
        wanted.cloneAndAppend(task)
    tool, theirs = opensim.InverseKinematicsTool(), oracle.open_model(content, folder)
    theirs.initSystem()
    tool.setModel(theirs)
    tool.set_IKTaskSet(wanted)
    tool.setMarkerDataFileName(str(folder / "markers.trc"))
    tool.setStartTime(float(trial.timestamps_s[0]))
    tool.setEndTime(float(trial.timestamps_s[-1]))
    tool.set_accuracy(1e-9)
    tool.set_report_errors(False)
    tool.setResultsDir(str(folder))
    tool.setOutputMotionFileName(str(folder / "theirs.mot"))
    tool.run()
    return poses_of(model, load_mot(folder / "theirs.mot"))


def test_only_clamped_coordinates_are_bounded() -> None:
    far = {"range": "-0.2 0.2"}
    links = [Link("PinJoint", settings={**far, "clamped": "true"}), Link("PinJoint", settings=far)]
    markers = "".join(made.marker(f"m{k}{i}", f"b{k}", spot) for k in range(2) for i, spot in enumerate(puppets.SPOTS))
    model = read_model(made.version_4(links, markers=markers))
    trial = puppets.film(model, np.full((3, 2), 0.5))
    poses = ik.solve(model, trial, even_tasks(model)).poses
    assert np.array_equal(poses[:, 0], [0.2] * 3)
    assert (poses[:, 1] > 0.3).all()


def test_a_driver_keeps_what_it_drives_in_range() -> None:
    steep = "<LinearFunction><coefficients>-2 0.45</coefficients></LinearFunction>"
    model = puppets.puppet(made.coupler("b2_0", "b5_0", steep))
    truth = puppets.motion(puppets.puppet(), 8, 12)
    knee = ik.solve(model, puppets.film(model, truth), even_tasks(model)).poses[:, model.coordinate_index["b2_0"]]
    assert knee.min() > -0.1 - 1e-12 and knee.max() < 1.0 + 1e-12
    assert np.isclose(knee, 1.0).any() or np.isclose(knee, -0.1).any()


def test_what_no_marker_shows_keeps_its_default() -> None:
    model = puppets.puppet()
    trial = puppets.film(model, puppets.motion(model, 5, 6))
    followed = Tasks({name: 1.0 for name in trial.names if name[1] in "01"})
    poses = ik.solve(model, trial, followed).poses
    shown = [model.coordinate_index[c.name] for c in model.coordinates if c.name[1] in "01"]
    assert np.array_equal(np.delete(poses, shown, 1), np.tile(np.delete(model.default_pose, shown), (5, 1)))


def test_a_locked_coordinate_stays() -> None:
    content = puppets.content().replace('<Coordinate name="b2_0">', '<Coordinate name="b2_0"><locked>true</locked>')
    model = read_model(content)
    poses = ik.solve(model, puppets.film(model, puppets.motion(model, 5, 7)), even_tasks(model)).poses
    assert np.array_equal(poses[:, model.coordinate_index["b2_0"]], np.zeros(5))


def test_frames_without_markers_hold_the_pose_beside_them() -> None:
    model = puppets.puppet()
    trial = puppets.film(model, puppets.motion(model, 30, 8))
    trial.markers_m[:3] = trial.markers_m[20:23] = np.nan
    solution = ik.solve(model, trial, even_tasks(model))
    assert np.array_equal(np.flatnonzero(~solution.observed), [0, 1, 2, 20, 21, 22])
    assert np.allclose(solution.poses[:3], solution.poses[3], atol=1e-12)
    assert np.allclose(solution.poses[20:23], solution.poses[19], atol=1e-12)


def test_whole_turns_of_the_root_run_on() -> None:
    model = puppets.puppet()
    truth = puppets.motion(model, 200, 9)
    truth[:, 1:3] = 0
    truth[:, 0] = np.linspace(0, 4 * np.pi, 200)
    poses = ik.solve(model, puppets.film(model, truth, 0.001), puppets.weights(model)).poses
    assert np.abs(poses[:, 0] - truth[:, 0]).max() < 0.05


def test_canonical_angles_place_the_same_bodies_and_forget_which_alias_came_in() -> None:
    model = puppets.puppet()
    poses = puppets.motion(model, 40, 10)
    other = poses.copy()
    other[10:30, 0] += np.pi
    other[10:30, 1] = np.pi - other[10:30, 1]
    other[10:30, 2] -= np.pi
    named = canonical(model, other)
    assert np.allclose(named, canonical(model, poses), atol=1e-12)
    assert np.allclose(canonical(model, named), named, atol=1e-12)
    assert np.allclose(place_bodies(model, named).ground_from_body, place_bodies(model, other).ground_from_body)


def test_nothing_in_common_is_said() -> None:
    model = puppets.puppet()
    trial = puppets.film(model, puppets.motion(model, 2, 11))
    with pytest.raises(InputError, match="of 25 measured markers none is followed on model 'made'"):
        ik.solve(model, trial, Tasks({"elsewhere": 1.0}))
    with pytest.raises(InputError, match="no followed marker is ever seen"):
        ik.solve(model, replace(trial, markers_m=trial.markers_m * np.nan), even_tasks(model))
    with pytest.raises(InputError, match="a task is for 'knee', which is no coordinate"):
        ik.solve(model, trial, Tasks({"tip": 1.0}, {"knee": CoordinateTask(1.0)}))


def test_who_stands_beyond_a_bounded_place_is_kept_at_the_bound() -> None:
    model = puppets.puppet()
    far = puppets.film(model, puppets.motion(model, 5, seed=2))
    text = puppets.content().replace(
        '<Coordinate name="b0_3">', '<Coordinate name="b0_3"><clamped>true</clamped><range>-3 3</range>', 1
    )
    bounded = read_model(text)
    moved = replace(far, markers_m=far.markers_m + np.array([20.0, 0.0, 0.0]))
    poses = ik.solve(bounded, moved, even_tasks(bounded)).poses
    for values, coordinate in zip(poses.T, bounded.coordinates, strict=True):
        assert not coordinate.clamped or (coordinate.lower <= values.min() and values.max() <= coordinate.upper)
    assert np.abs(poses[:, bounded.coordinate_index["b0_3"]]).max() == 3
