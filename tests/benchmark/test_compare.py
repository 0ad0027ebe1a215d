"""Two files of one motion compare as equal, whatever their formats; what differs is measured as what it is."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmark import compare
from benchmark.compare_files import read_compared
from models.bodies.regressors import point_names
from models.errors import InputError
from models.osim.trc import Trial, write_trc
from tests.models.readers.files import rows_of, walking
from tests.stages.given.case import FRAMES, RATE_HZ, truth, write_joints


def _write_motion(path: Path, local: np.ndarray) -> None:
    poses = Rotation.from_matrix(local.reshape(-1, 3, 3)).as_rotvec().reshape(FRAMES, 72)
    np.savez(path, poses=poses, trans=truth().trans_m, mocap_framerate=RATE_HZ, up_axis="y")


def _write_trc(path: Path, points_m: np.ndarray, rate_hz: float) -> None:
    trial = Trial(tuple(point_names("body25")), rate_hz, np.arange(len(points_m)) / rate_hz, points_m)
    path.write_text(write_trc(trial, path.name))


def test_one_person_in_two_formats_is_one_person(tmp_path: Path) -> None:
    points_m = walking(30)
    np.savez(tmp_path / "a.npz", joints_m=points_m, names=np.array(point_names("halpe26")), frame_rate_hz=30.0)
    _write_trc(tmp_path / "b.trc", points_m[:, rows_of("body25")], 30.0)
    table, _ = compare.compare(read_compared(tmp_path / "a.npz", None), read_compared(tmp_path / "b.trc", None))
    assert table["mpjpe_mm"] < 0.01 and table["pa_mpjpe_mm"] < 0.01 and table["frames"] == 30
    assert all(row["rmse"] < 0.01 for row in table["angles_deg"].values())


def test_another_rate_is_read_at_the_same_times(tmp_path: Path) -> None:
    for name, rate_hz, frames in (("a", 30.0, 31), ("b", 100.0, 101)):
        points_m = walking(frames, rate_hz)[:, rows_of("body25")]
        points_m[:, 4] += np.sin(3 * np.arange(frames) / rate_hz)[:, None] * 0.1
        _write_trc(tmp_path / f"{name}.trc", points_m, rate_hz)
    table, _ = compare.compare(read_compared(tmp_path / "a.trc", None), read_compared(tmp_path / "b.trc", None))
    assert table["frames"] == 31 and table["mpjpe_mm"] < 0.1


def test_a_turned_and_scaled_person_differs_but_for_procrustes(tmp_path: Path) -> None:
    points_m = walking(10)[:, rows_of("body25")]
    _write_trc(tmp_path / "a.trc", points_m, 30.0)
    _write_trc(tmp_path / "b.trc", 0.9 * points_m @ Rotation.from_euler("y", 40, degrees=True).as_matrix().T, 30.0)
    table, _ = compare.compare(read_compared(tmp_path / "a.trc", None), read_compared(tmp_path / "b.trc", None))
    assert table["mpjpe_mm"] > 50 and table["pa_mpjpe_mm"] < 0.01


def test_a_bias_of_ten_degrees_is_told_as_such(tmp_path: Path) -> None:
    local = truth().local.copy()
    bent = local.copy()
    bent[:, 4] = bent[:, 4] @ Rotation.from_euler("x", 10, degrees=True).as_matrix()
    _write_motion(tmp_path / "a.npz", local)
    _write_motion(tmp_path / "b.npz", bent)
    table, angles = compare.compare(read_compared(tmp_path / "a.npz", None), read_compared(tmp_path / "b.npz", None))
    assert table["turned_deg"]["left_knee"] == pytest.approx(10, abs=0.01) and table["turned_deg"]["right_knee"] < 0.01
    told = table["angles_deg"]["left knee"]
    assert told["lower_limit"] <= told["bias"] <= told["upper_limit"] and abs(told["bias"]) > 2
    compare.draw(angles, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes()[:4] == b"\x89PNG"


def test_strangers_are_refused_by_name(tmp_path: Path) -> None:
    write_joints(tmp_path / "a.npz", "smpl24")
    late = walking(3)[:, rows_of("body25")]
    _write_trc(tmp_path / "b.trc", late, 30.0)
    one, other = read_compared(tmp_path / "a.npz", None, up="y"), read_compared(tmp_path / "b.trc", None)
    with pytest.raises(InputError, match="hardly any in common"):
        compare.compare(one, other, lag_s=30.0)
    few = type(one)("c.npz", one.times_s, 30.0, {"nose": one.joints_m["left_hip"]}, None)
    with pytest.raises(InputError, match=r"c\.npz has nose"):
        compare.compare(few, other)
    (tmp_path / "what.xyz").write_text("")
    with pytest.raises(InputError, match="Say which"):
        read_compared(tmp_path / "what.xyz", None)


def test_the_command_prints_numbers_or_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _write_trc(tmp_path / "a.trc", walking(5)[:, rows_of("body25")], 30.0)
    monkeypatch.setattr(sys, "argv", ["compare", str(tmp_path / "a.trc"), str(tmp_path / "a.trc")])
    assert compare.main() == 0 and '"mpjpe_mm": 0.0' in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["compare", str(tmp_path / "a.trc"), str(tmp_path / "none.trc")])
    assert compare.main() == 1 and "none.trc" in capsys.readouterr().out
