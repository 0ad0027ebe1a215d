"""The other exported files read back as what the motion says."""

import io
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.skeletons import LANDMARKS, SMPL_JOINTS
from stages import export
from stages.export import trc
from stages.export.axis_angle import continuous_axis_angle
from tests.stages import toy_motion

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def motion():
    return toy_motion.make_body_motion(toy_motion.smooth_rotations(120), toy_motion.smooth_roots_m(120))


@pytest.fixture(scope="module")
def files(motion):
    return export.run(export.Config(), "clip_p0", motion).files


def unpacked(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def matrices(poses: np.ndarray) -> np.ndarray:
    return Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix().reshape(-1, 24, 3, 3)


@pytest.mark.parametrize("frames", [1, 2, 120])
def test_every_format_has_its_file_however_short_the_motion(frames):
    made = toy_motion.make_body_motion(toy_motion.smooth_rotations(120)[:frames])
    files = export.run(export.Config(), "clip_p0", made).files
    assert set(files) == {
        "motion.npz", "clip_p0.bvh", "clip_p0.glb", "clip_p0_smpl.npz", "clip_p0_joints.trc", "clip_p0.c3d",
        "clip_p0_joints.csv", "clip_p0_angles.csv", "clip_p0.json",
    }  # fmt: skip


def test_settings_reach_the_files(motion):
    config = export.Config(joint_names="mixamo", bvh_t_pose_first=True, glb_mesh=False)
    files = export.run(config, "clip_p0", motion).files
    assert b"JOINT mixamorigLeftToeBase\n" in files["clip_p0.bvh"] and b"Frames: 121\n" in files["clip_p0.bvh"]
    assert b'"mixamorigLeftToeBase"' in files["clip_p0.glb"] and b"WEIGHTS_0" not in files["clip_p0.glb"]


def test_the_stage_starts_without_the_library_of_gltf():
    code = "import sys, stages.export; sys.exit('pygltflib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


def test_the_result_holds_the_motion_and_nothing_else(files, motion):
    read = unpacked(files["motion.npz"])
    for key in (
        "betas",
        "timestamps_s",
        "joints_m",
        "landmarks_m",
        "world_from_camera",
        "camera_matrix",
        "confidence",
        "observed",
    ):
        np.testing.assert_array_equal(read.pop(key), getattr(motion, key))
    np.testing.assert_array_equal(read.pop("trans"), motion.trans_m)
    np.testing.assert_allclose(matrices(read.pop("poses")), motion.parent_from_joint, atol=1e-12)
    assert tuple(read.pop("landmark_names")) == LANDMARKS
    assert read.pop("mocap_framerate") == 30
    assert (str(read.pop("body_model")), str(read.pop("body_sha256"))) == ("free", motion.body_sha256)
    assert not read


def test_the_amass_style_file_says_which_body_and_which_way_is_up(files, motion):
    read = unpacked(files["clip_p0_smpl.npz"])
    assert set(read) == {"poses", "trans", "betas", "gender", "mocap_framerate", "body_model", "body_sha256", "up_axis"}
    assert read["poses"].shape == (120, 72)
    np.testing.assert_allclose(matrices(read["poses"]), motion.parent_from_joint, atol=1e-12)
    assert [str(read[key]) for key in ("gender", "body_model", "up_axis")] == ["neutral", "free", "y"]


def test_equal_motions_give_equal_bytes_at_any_hour(files, motion, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert export.run(export.Config(), "clip_p0", motion).files == files
    with zipfile.ZipFile(io.BytesIO(files["motion.npz"])) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_turning_body_jumps_once_a_turn_and_does_not_tremble():
    rng = np.random.default_rng(0)
    turn_rad = np.linspace(0, 6 * np.pi, 3000) + rng.normal(0, 0.02, 3000)
    tilt = Rotation.from_rotvec(rng.normal(0, 0.02, (3000, 3)))
    rotation = (Rotation.from_rotvec(turn_rad[:, None] * [0, 1, 0]) * tilt).as_matrix()[:, None]
    vector = continuous_axis_angle(rotation)
    jumps = np.linalg.norm(np.diff(vector, axis=0), axis=-1) > 1
    assert jumps.sum() == 3
    assert np.linalg.norm(vector, axis=-1).max() < 1.55 * np.pi
    np.testing.assert_allclose(Rotation.from_rotvec(vector[:, 0]).as_matrix(), rotation[:, 0], atol=1e-12)


def test_a_body_that_trembles_about_half_a_turn_does_not_jump():
    rng = np.random.default_rng(1)
    rotation = Rotation.from_euler("Y", np.pi + rng.normal(0, 0.1, (500, 1))).as_matrix()[:, None]
    assert np.abs(np.diff(continuous_axis_angle(rotation), axis=0)).max() < 1


def test_small_turns_keep_the_shortest_vector():
    rng = np.random.default_rng(2)
    vector = rng.normal(0, 0.3, (200, 3))
    np.testing.assert_allclose(continuous_axis_angle(Rotation.from_rotvec(vector).as_matrix()[:, None])[:, 0], vector)


def test_a_trc_reads_back_in_tabs_and_metres(files, motion):
    lines = files["clip_p0_joints.trc"].decode().split("\n")
    assert lines[0] == "PathFileType\t4\t(X/Y/Z)\tclip_p0_joints.trc"
    settings = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True))
    assert settings == {
        "DataRate": "30", "CameraRate": "30", "NumFrames": "120", "NumMarkers": "24", "Units": "m",
        "OrigDataRate": "30", "OrigDataStartFrame": "1", "OrigNumFrames": "120",
    }  # fmt: skip
    names = lines[3].split("\t")
    assert names[:2] == ["Frame#", "Time"] and tuple(names[2::3]) == SMPL_JOINTS
    assert lines[4].split("\t")[2:] == [f"{axis}{joint}" for joint in range(1, 25) for axis in "XYZ"]
    assert lines[5] == "" and lines[-1] == ""
    rows = [line.split("\t") for line in lines[6:-1]]
    assert all(len(row) == 74 and all(row) for row in rows)
    values = np.array(rows, float)
    np.testing.assert_array_equal(values[:, 0], np.arange(1, 121))
    np.testing.assert_allclose(values[:, 1], motion.timestamps_s, atol=1e-8)
    np.testing.assert_allclose(values[:, 2:].reshape(-1, 24, 3), motion.joints_m, atol=1e-6)


def test_header_rows_of_a_trc_are_as_wide_as_its_rows(motion):
    lines = trc.encode("a.trc", motion).split("\n")
    assert {line.count("\t") for line in lines[3:5] + lines[6:-1]} == {73}


def test_a_trc_knows_no_minus_zero():
    made = toy_motion.make_motion(toy_motion.still(), np.full((2, 3), -1e-9))
    assert "-0.000000" not in trc.encode("a.trc", made)
