"""The batched solver in torch: against the compiled one, a slow twin, and the truth."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.errors import InputError
from models.osim import chain_kernels, ik
from models.osim.aliases import canonical
from models.osim.reader import read_model
from models.osim.tasks import CoordinateTask, Tasks, even_tasks
from models.osim.torch_ik import solve_batched
from models.osim.torch_ik_chain import DeviceCase, assess
from tests.models.osim import documents as made
from tests.models.osim import puppets
from tests.models.osim.documents import Link
from tests.models.osim.test_forward import MIXED
from tests.models.osim.test_ik import COUPLED, MODELS, residuals, slow_twin

CPU = torch.device("cpu")
WINDING = made.version_4([Link("CustomJoint", MIXED), Link("CustomJoint", MIXED, reverse=True), Link("WeldJoint")])
DOCUMENTS = {"free": puppets.content(), "coupled": puppets.content(COUPLED), "winding": WINDING}


@pytest.mark.parametrize("content", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_cost_slope_and_curvature_are_those_of_the_compiled_loops(content: str) -> None:
    model = read_model(content)
    poses = puppets.motion(model, 5, 1)
    name = model.coordinates[2].name
    tasks = replace(puppets.weights(model), coordinate={name: CoordinateTask(0.1, 0.3)})
    case = ik.pose_problem(model, puppets.film(model, poses[::-1], 0.1), tasks).case
    costs, slopes, curvatures = chain_kernels.assess(case, poses)
    ours = assess(DeviceCase(*case, CPU), torch.from_numpy(poses.copy()), torch.arange(5))
    assert ours.cost.numpy() == pytest.approx(costs, rel=1e-12)
    assert 2 * ours.slope.numpy() == pytest.approx(slopes, abs=1e-12)
    assert 2 * ours.curvature.numpy() == pytest.approx(curvatures, abs=1e-12)
    each = chain_kernels.marker_costs(case, poses, np.arange(5))
    assert ours.marker_cost.numpy() == pytest.approx(each, abs=1e-14)


@pytest.mark.parametrize("constraints", MODELS.values(), ids=MODELS.keys())
def test_a_motion_comes_back_from_its_markers(constraints: str) -> None:
    model = puppets.puppet(constraints)
    truth = puppets.motion(model, 15, 1)
    solution = solve_batched(model, puppets.film(model, truth), puppets.weights(model), CPU)
    assert np.abs(solution.poses - canonical(model, truth)).max() < 3e-5
    assert solution.cost.max() < 1e-12 and solution.observed.all()


@pytest.mark.parametrize("constraints", MODELS.values(), ids=MODELS.keys())
def test_both_solvers_find_the_same_poses(constraints: str) -> None:
    model = puppets.puppet(constraints)
    trial = puppets.film(model, 1.1 * puppets.motion(model, 30, 5), 0.01)
    trial.markers_m[3, 4:6] = np.nan
    tasks = replace(puppets.weights(model), coordinate={"b5_1": CoordinateTask(0.02, 0.3)})
    compiled, batched = ik.solve(model, trial, tasks), solve_batched(model, trial, tasks, CPU)
    assert batched.cost == pytest.approx(compiled.cost, rel=1e-6)
    assert np.abs(batched.poses - compiled.poses).max() < 2e-3


def test_the_slow_twin_finds_the_same_poses_at_bounds() -> None:
    model = puppets.puppet(COUPLED)
    trial = puppets.film(model, 1.25 * puppets.motion(model, 3, 2), 0.01)
    trial.markers_m[1, 3] = trial.markers_m[1, 8:10] = np.nan
    tasks = replace(
        puppets.weights(model), coordinate={"b5_1": CoordinateTask(0.02, 0.3), "b1_0": CoordinateTask(0.01)}
    )
    solution = solve_batched(model, trial, tasks, CPU)
    for frame, pose in enumerate(solution.poses):
        twin = slow_twin(model, trial, tasks, frame, pose)
        assert solution.cost[frame] == pytest.approx((residuals(model, trial, tasks, frame, twin) ** 2).sum(), rel=1e-5)
        assert np.abs(pose - twin).max() < 2e-3
    knee = solution.poses[:, model.coordinate_index["b1_1"]]
    assert (np.minimum(np.abs(knee + 1.2), np.abs(knee - 1.3)) < 1e-9).any()


def test_frames_without_markers_take_the_nearest_pose() -> None:
    model = puppets.puppet()
    trial = puppets.film(model, puppets.motion(model, 8, 3))
    trial.markers_m[3:5] = np.nan
    solution = solve_batched(model, trial, even_tasks(model), CPU)
    assert solution.observed.tolist() == [True] * 3 + [False] * 2 + [True] * 3
    assert np.allclose(solution.poses[3], solution.poses[2]) and np.allclose(solution.poses[4], solution.poses[5])


def test_nothing_to_follow_is_said() -> None:
    model = puppets.puppet()
    trial = puppets.film(model, puppets.motion(model, 2, 1))
    trial.markers_m[:] = np.nan
    with pytest.raises(InputError, match="no followed marker is ever seen"):
        solve_batched(model, trial, Tasks({"m00": 1.0}), CPU)


def test_every_tensor_lies_on_the_device_asked_for() -> None:
    model = puppets.puppet(COUPLED)
    trial = puppets.film(model, puppets.motion(model, 20, 6), 0.005)
    tasks = puppets.weights(model)
    expected = solve_batched(model, trial, tasks, CPU)
    # A tensor made without naming a device lies nowhere here, and meets no other; on a GPU it would lie on the CPU.
    with torch.device("meta"):
        found = solve_batched(model, trial, tasks, CPU)
    np.testing.assert_array_equal(found.poses, expected.poses)
