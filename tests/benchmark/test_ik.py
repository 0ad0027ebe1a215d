"""The comparison of inverse kinematics: its problems, its rows and its whole run on a folder of made walks."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.ik import Arguments, main
from benchmark.ik_cases import Case, draw_windows, make_case, with_shape
from benchmark.ik_cells import Cell, Solved, contests, figures, guess_shapes, part, rows, solve
from benchmark.ik_methods import CONTENDERS, KNOW_THE_TRUTH, contender
from benchmark.ik_metrics import Bodies, frame_errors
from benchmark.ik_problem import Problem
from models.bodies import load_body
from models.errors import ConfigError, InputError
from models.rig import Pose, rig_points
from tests.benchmark.toy_folder import toy_folder
from training.corrupt import PointDamage
from training.mocap import TrueMotion, read_truth

NOISY = PointDamage(noise_sd_m=0.01, missing_share=0.3, outlier_share=0.02)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_folder(tmp_path_factory.mktemp("mocap"))


@pytest.fixture(scope="module")
def motions(folder: Path) -> tuple[TrueMotion, ...]:
    return read_truth(folder)


def _case(motions: tuple[TrueMotion, ...], damage: PointDamage, set_name: str = "smpl24") -> Case:
    return make_case(load_body("free"), draw_windows(motions, 4, seed=0), set_name, damage, seed=0)


def test_every_clip_gives_a_piece_before_one_gives_two(motions: tuple[TrueMotion, ...]) -> None:
    windows = draw_windows(motions, 7, seed=5)
    assert windows.parent_from_joint.shape == (7, 25, 24, 3, 3)
    assert sorted(windows.clip[:3]) == sorted(windows.clip[3:6]) == [0, 1, 2]
    for clip, pelvis_m in zip(windows.clip, windows.pelvis_m.numpy(), strict=True):
        starts = np.abs(motions[clip].pelvis_m[:, None] - pelvis_m[:1]).max(-1).min(0)
        assert starts[0] < 1e-5


def test_the_same_seed_gives_the_same_problem(motions: tuple[TrueMotion, ...]) -> None:
    one, again = _case(motions, NOISY), _case(motions, NOISY)
    assert torch.equal(one.problem.keypoints.points_m, again.problem.keypoints.points_m)
    assert torch.equal(one.problem.betas, again.problem.betas)
    assert torch.equal(one.problem.betas, _case(motions, PointDamage()).problem.betas)


def test_clean_points_are_those_of_the_true_pose(motions: tuple[TrueMotion, ...]) -> None:
    case = _case(motions, PointDamage())
    torch.testing.assert_close(
        rig_points(case.problem.rig, case.truth.pose), case.problem.keypoints.points_m, atol=1e-5, rtol=0
    )


def test_a_missing_point_cannot_be_peeped_at(motions: tuple[TrueMotion, ...]) -> None:
    seen = _case(motions, NOISY).problem.keypoints
    gone = seen.confidence == 0
    assert 0.2 < gone.double().mean() < 0.4
    assert (seen.points_m[gone] == 0).all() and (seen.points_m[~gone] != 0).any(-1).all()


def test_a_short_clip_is_refused_with_its_length(motions: tuple[TrueMotion, ...]) -> None:
    with pytest.raises(InputError, match="no clip has the 100 frames"):
        draw_windows(motions, 2, seed=0, frames=100)


def test_another_shape_is_believed_not_measured(motions: tuple[TrueMotion, ...]) -> None:
    """Bones are judged against the true owner's, whoever the solver believes he is."""
    case = _case(motions, PointDamage())
    wrong = with_shape(case, case.problem.betas + 1)
    solved = solve(lambda problem, truth: truth, wrong)
    assert solved.errors is not None and solved.errors["mpbe_mm"].min() > 1
    guessed = solve(lambda problem, truth: truth, guess_shapes(case))
    assert guessed.errors is not None and guessed.errors["mpbe_mm"].max() < 1


def test_the_first_sequences_of_a_case_are_the_same_problem(motions: tuple[TrueMotion, ...]) -> None:
    case = _case(motions, NOISY)
    few = part(case, 2)
    assert torch.equal(few.problem.keypoints.points_m, case.problem.keypoints.points_m[:2])
    torch.testing.assert_close(few.problem.rig.offset_m, case.problem.rig.offset_m[:2])
    assert few.problem.first is not None and torch.equal(few.problem.first.root_m, few.truth.pose.root_m[:, 0])
    assert part(case, None) is case


def test_a_method_that_gives_nan_stops_the_run(motions: tuple[TrueMotion, ...]) -> None:
    def spoilt(problem: Problem, truth: Pose) -> Pose:
        return Pose(truth.world_from_joint, truth.root_m * torch.nan)

    with pytest.raises(ValueError, match="NaN"):
        solve(spoilt, _case(motions, PointDamage()))


def test_a_refusal_is_a_row_with_its_reason(motions: tuple[TrueMotion, ...]) -> None:
    def refuses(problem: Problem, truth: Pose) -> Pose:
        raise InputError("this set has no pelvis", "give one that has")

    cell = Cell("body25", NOISY)
    (row,) = rows(cell, {"shy": solve(refuses, _case(motions, NOISY, "body25"))})
    assert row["refused"] == "this set has no pelvis. Give one that has." and "mpve_mm" not in row
    assert row["joint_set"] == "body25" and row["noise_mm"] == 10 and row["missing"] == 0.3


def test_a_baseline_that_is_as_good_is_not_beaten() -> None:
    errors = {"mpjpe_mm": np.array([[3.0, 5.0], [9.0, 9.0]])}
    worse = {"mpjpe_mm": np.array([[3.0, 7.0]])}
    ours, clip = Solved(errors, np.arange(2)), np.arange(2)
    (row,) = contests(Cell("smpl24", NOISY), {"kinetrace": ours, "twin": ours, "slow": Solved(worse, clip[:1])})
    assert row["not_beaten"] == ["twin"]
    (row,) = contests(Cell("smpl24", NOISY), {"kinetrace": ours, "slow": Solved(worse, clip[:1])})
    assert (row["kinetrace"], row["baseline"], row["not_beaten"]) == (4.0, 5.0, [])


def test_floors_and_bound_lie_where_they_should(motions: tuple[TrueMotion, ...]) -> None:
    case = _case(motions, PointDamage())
    found = {name: solve(contender(name), case).errors for name in ("mean_pose", "first_pose", "true_twist")}
    assert all(errors is not None for errors in found.values())
    middle = {name: float(np.median(errors["mpjpe_mm"])) for name, errors in found.items() if errors}
    assert middle["true_twist"] < 0.1
    assert 10 < middle["mean_pose"] < 200 and 10 < middle["first_pose"] < 200
    assert found["first_pose"] is not None and found["first_pose"]["mpve_mm"][:, 0].max() < 1e-3


def test_an_unknown_method_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="hinge"):
        contender("magic")


@pytest.fixture(scope="module")
def written(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    path = tmp_path_factory.mktemp("figures") / "ik.json"
    main(Arguments(folder, json=path, tables=("clean", "shape"), frames=50))
    return json.loads(path.read_text())


def test_the_file_holds_every_method_and_metric(written: dict[str, dict]) -> None:
    assert set(written["clean"]) == set(CONTENDERS)
    metrics = {"mpbe_mm", "mpjpe_mm", "mpve_mm", "angle_deg", "root_deg", "twist_deg"}
    for name, row in written["clean"].items():
        assert metrics <= set(row), name
        for metric in metrics:
            low, high = row[f"{metric}_interval"]
            assert low <= row[metric] <= high
    assert written["about"]["frames_a_cell"] == 50 and written["about"]["subjects"] == ["person0", "person1"]


def test_figures_do_not_change_from_run_to_run(written: dict[str, dict], folder: Path, tmp_path: Path) -> None:
    main(Arguments(folder, json=tmp_path / "again.json", only=("hinge", "mean_pose"), tables=("clean",), frames=50))
    again = json.loads((tmp_path / "again.json").read_text())
    assert again["clean"]["hinge"] == written["clean"]["hinge"]
    assert again["clean"]["mean_pose"] == written["clean"]["mean_pose"]


def test_a_table_is_merged_into_the_others_and_nothing_else_changes(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "ik.json"
    before = {"about": {"seconds": {"noise": 7}}, "noise": [{"method": "hinge"}], "clean": {"hinge": {}}}
    path.write_text(json.dumps(before))
    main(Arguments(folder, json=path, only=("mean_pose",), tables=("clean",), merge=True, frames=50))
    after = json.loads(path.read_text())
    assert after["noise"] == before["noise"]
    assert after["clean"].keys() == {"mean_pose"}
    assert after["about"]["seconds"].keys() == {"noise", "clean"}
    path.unlink()
    with pytest.raises(InputError, match="holds no tables"):
        main(Arguments(folder, json=path, merge=True))


def test_a_folder_without_motion_ends_with_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmark.ik", "--mocap", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith("error: ") and "Traceback" not in done.stderr


def test_whoever_knows_the_truth_is_no_baseline() -> None:
    assert set(CONTENDERS) >= KNOW_THE_TRUTH
    assert figures(Solved({"root_deg": np.ones((1, 2))}, np.zeros(1, dtype=np.int64)))["frames"] == 2


def test_every_metric_of_the_truth_is_zero(motions: tuple[TrueMotion, ...]) -> None:
    truth = _case(motions, PointDamage()).truth
    copy = Bodies(truth.body, truth.betas, truth.pose)
    assert max(value.max() for value in frame_errors(copy, truth, whole=True).values()) < 1e-3
