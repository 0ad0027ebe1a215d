"""Files for OpenSim: OpenSim reads every row and repeats the work from the setups; gait is there if there is one."""

import json
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import numpy as np
import opensim
import pytest

from models.errors import InputError
from models.osim.forward import place_bodies
from models.osim.mot import load_mot, poses_of
from models.osim.reader import load_model, read_model
from models.osim.trc import load_trc
from stages import biomech
from stages.contracts import Biomechanics, Exports
from stages.export import osim
from tests.stages.toy_walk import SPEED_M_S, make_walk

FILTERED = "some smoothing, half power at root 6 Hz, hands 4 Hz"


@pytest.fixture(scope="module")
def walk() -> Biomechanics:
    return biomech.run(biomech.Config(), make_walk(heading_deg=40.0))


@pytest.fixture(scope="module")
def folder(walk: Biomechanics, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files")
    save(path, osim.run(osim.Config(), "walk_p0", walk, FILTERED))
    return path


def save(folder: Path, exports: Exports) -> None:
    for name, content in exports.files.items():
        (folder / name).write_bytes(content)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    opensim.Logger.setLevelString("off")
    yield


def test_all_files_are_there(folder: Path) -> None:
    names = {path.name.removeprefix("walk_p0") for path in folder.iterdir()}
    assert names == {
        ".mot", ".trc", "_scaled.osim", "_generic.osim", "_scales.csv", "_scale_setup.xml", "_ik_setup.xml",
        "_biomech.json", "_gait.csv", "_gait_curves.csv",
    }  # fmt: skip


def test_both_of_opensims_readers_load_every_row(folder: Path, walk: Biomechanics) -> None:
    motion, markers = str(folder / "walk_p0.mot"), str(folder / "walk_p0.trc")
    rows = {
        opensim.Storage(motion).getSize(),
        opensim.TimeSeriesTable(motion).getNumRows(),
        opensim.MarkerData(markers).getNumFrames(),
        opensim.TimeSeriesTableVec3(markers).getNumRows(),
    }
    assert rows == {len(walk.timestamps_s)}
    assert opensim.Storage(motion).isInDegrees()


def test_what_is_written_is_what_was_solved(folder: Path, walk: Biomechanics) -> None:
    model, trial = load_model(folder / "walk_p0_scaled.osim"), load_trc(folder / "walk_p0.trc")
    assert np.allclose(poses_of(model, load_mot(folder / "walk_p0.mot")), walk.coordinates, atol=1e-8)
    assert np.allclose(trial.markers_m, walk.markers_m, atol=1e-7)
    assert list(trial.names) == [marker.name for marker in model.markers]


@pytest.mark.parametrize("topology", ["standard", "full_body"])
def test_opensim_repeats_the_work_from_the_setups(topology: str, tmp_path: Path) -> None:
    result = biomech.run(biomech.Config(model=topology), make_walk(0.1))
    save(tmp_path, osim.run(osim.Config(), "a", result, FILTERED))
    with chdir(tmp_path):
        opensim.InverseKinematicsTool("a_ik_setup.xml").run()
        opensim.ScaleTool("a_scale_setup.xml").run()
    model, rescaled = load_model(tmp_path / "a_scaled.osim"), load_model(tmp_path / "a_rescaled.osim")
    theirs = poses_of(model, load_mot(tmp_path / "a_opensim.mot"))
    assert np.degrees(np.abs(theirs - result.coordinates)[:, result.is_rotation]).mean() < 0.5
    places = [place_bodies(one, model.default_pose).origin_m for one in (model, rescaled)]
    assert np.allclose(*places, atol=1e-5)
    weights = [sum(body.mass_kg for body in one.bodies) for one in (model, rescaled)]
    assert weights == pytest.approx([result.mass_kg] * 2)


def test_every_header_names_the_filter_the_turn_and_what_was_not_done(folder: Path) -> None:
    for name in ("walk_p0.mot", "walk_p0_gait.csv", "walk_p0_gait_curves.csv", "walk_p0_biomech.json"):
        start = (folder / name).read_text()[:1500]
        assert "half power at root 6 Hz, hands 4 Hz" in start
        assert "degrees about y" in start
        assert "not been validated against marker-based motion capture" in start


def test_an_unfiltered_motion_says_so() -> None:
    result = biomech.run(biomech.Config(), make_walk(0.3))
    assert b"\nFilter: none.\n" in osim.run(osim.Config(), "a", result, "none").files["a.mot"]


def test_the_turn_in_the_header_takes_the_world_to_the_ground(folder: Path, walk: Biomechanics) -> None:
    (line,) = [line for line in (folder / "walk_p0.mot").read_text().splitlines() if line.startswith("Ground")]
    angle = np.radians(float(line.split("turned by ")[1].split()[0]))
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    assert np.allclose(turn, walk.ground_from_world, atol=1e-5)


def test_scale_factors_are_a_table(folder: Path, walk: Biomechanics) -> None:
    lines = (folder / "walk_p0_scales.csv").read_text().splitlines()
    assert lines[0] == "body,x,y,z" and lines[1].startswith("pelvis,")
    values = np.array([[float(cell) for cell in line.split(",")[1:]] for line in lines[1:]])
    assert np.allclose(values, walk.scale_factors, atol=1e-6)


def test_gait_agrees_with_how_the_walk_was_made(folder: Path) -> None:
    rows = [line.split(",") for line in (folder / "walk_p0_gait.csv").read_text().splitlines() if line[0] != "#"]
    found = {row[0]: float(row[4]) for row in rows[1:]}
    assert found["cadence"] == pytest.approx(120, rel=0.02)
    assert found["speed"] == pytest.approx(SPEED_M_S, rel=0.02)
    assert found["stride_length"] == pytest.approx(SPEED_M_S, abs=0.02)
    assert {row[1] for row in rows[1:]} == {"right", "left", "both"}


def test_curves_run_over_the_cycle(folder: Path, walk: Biomechanics) -> None:
    lines = [line for line in (folder / "walk_p0_gait_curves.csv").read_text().splitlines() if line[0] != "#"]
    labels = lines[0].split(",")
    table = np.array([[float(cell) for cell in line.split(",")] for line in lines[1:]])
    assert table[:, 0].tolist() == list(range(101))
    assert not [label for label in labels if "_tx" in label]
    knees = table[:, [labels.index(f"knee_angle_{side}_mean_deg") for side in "rl"]]
    assert np.allclose(knees[:, 0], knees[:, 1], atol=1.5)
    assert np.allclose(knees[0], knees[-1], atol=1.5)
    assert np.ptp(knees[:, 0]) == pytest.approx(50, abs=4)
    assert "knee_angle_r_sd_deg" in labels and table[:, labels.index("knee_angle_r_sd_deg")].max() < 1


def test_who_does_not_walk_gets_a_reason_and_no_curves() -> None:
    files = osim.run(osim.Config(), "a", biomech.run(biomech.Config(), make_walk(1.0, speed_m_s=0.1)), "none").files
    assert "a_gait_curves.csv" not in files
    *_, reason, header = files["a_gait.csv"].decode().splitlines()
    assert reason.startswith("# No gait: the person travels 0.10 m ahead") and header.startswith("quantity,")
    assert json.loads(files["a_biomech.json"])["gait"].startswith("the person travels")


def test_a_model_without_feet_has_no_gait(walk: Biomechanics) -> None:
    xml = walk.model_xml.replace("calcn", "heel")
    files = osim.run(osim.Config(), "a", replace(walk, model_xml=xml, generic_xml=xml), "none").files
    assert b"the model has no body called calcn_r" in files["a_gait.csv"]


def test_the_sidecar_holds_confidence_and_doubts(folder: Path, walk: Biomechanics) -> None:
    doubtful = np.zeros_like(walk.doubtful)
    doubtful[[3, 5]] = True
    files = osim.run(osim.Config(), "a", replace(walk, doubtful=doubtful), "none").files
    content = json.loads(files["a_biomech.json"])
    assert content["doubtful_frames"] == [3, 5]
    assert content["unobserved_frames"] == np.flatnonzero(~walk.observed).tolist()
    assert np.allclose(content["confidence"]["knee_angle_r"], confidence_of(walk, "knee_angle_r"), atol=1e-3)
    assert content["mass_is_assumed"] is True and content["frames"] == len(walk.timestamps_s)


def confidence_of(result: Biomechanics, name: str) -> np.ndarray:
    return result.coordinate_confidence[:, result.coordinate_names.tolist().index(name)]


def test_a_wrong_file_is_never_written(walk: Biomechanics) -> None:
    beyond = walk.coordinates.copy()
    knee = walk.coordinate_names.tolist().index("knee_angle_r")
    beyond[4, knee] = read_model(walk.model_xml).coordinates[knee].upper + 0.1
    with pytest.raises(InputError, match="knee_angle_r leaves its range"):
        osim.run(osim.Config(), "a", replace(walk, coordinates=beyond), "none")
    names = walk.marker_names.copy()
    names[1] = names[0]
    with pytest.raises(InputError, match="two markers"):
        osim.run(osim.Config(), "a", replace(walk, marker_names=names), "none")
