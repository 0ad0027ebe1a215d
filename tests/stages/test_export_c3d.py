"""A C3D reads back in its own words: millimetres, Z up, rate, names; once by a library and once by the standard."""

import logging
import struct
import tempfile
from pathlib import Path

import ezc3d
import numpy as np
import pytest

from models.skeletons import LANDMARKS, SMPL_JOINTS
from stages import export
from stages.export import c3d
from tests.stages import toy_motion

FRAMES = 40


@pytest.fixture(scope="module")
def motion():
    rotation, root_m = toy_motion.smooth_rotations(FRAMES), toy_motion.smooth_roots_m(FRAMES)
    return toy_motion.make_body_motion(rotation, root_m, rate_hz=60)


@pytest.fixture(scope="module")
def content(motion) -> bytes:
    return c3d.encode(motion)


@pytest.fixture
def point(content, tmp_path):
    (tmp_path / "a.c3d").write_bytes(content)
    return ezc3d.c3d(str(tmp_path / "a.c3d"))["parameters"]["POINT"]


def z_up_mm(motion) -> np.ndarray:
    world_m = np.concatenate([motion.landmarks_m, motion.joints_m], axis=1)
    quarter_turn = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    return 1000 * world_m @ quarter_turn.T


def test_units_rate_and_axes_are_stated(point):
    assert point["UNITS"]["value"] == ["mm"] and point["RATE"]["value"] == [60]
    assert point["X_SCREEN"]["value"] == ["+X"] and point["Y_SCREEN"]["value"] == ["+Z"]


def test_the_time_of_the_first_frame_in_the_video_is_told(content, motion, tmp_path):
    (tmp_path / "a.c3d").write_bytes(content)
    (start_s,) = ezc3d.c3d(str(tmp_path / "a.c3d"))["parameters"]["KINETRACE"]["START_SECONDS"]["value"]
    assert start_s == pytest.approx(motion.timestamps_s[0], abs=1e-6)


def test_landmarks_come_before_joint_centres_and_no_name_comes_twice(point):
    labels = point["LABELS"]["value"]
    assert tuple(labels[:33]) == LANDMARKS
    assert labels[33:] == [f"{name}_centre" for name in SMPL_JOINTS]
    assert len(set(labels)) == 57
    assert point["DESCRIPTIONS"]["value"] == ["landmark on the body"] * 33 + ["joint centre"] * 24


def test_the_bytes_are_those_of_the_standard(content, motion):
    """Header words as the format's user guide numbers them; points as four floats."""
    header = struct.unpack_from("<BBHHHHHfHHf", content)
    _, key, points, analog, first, last, _, scale, data_block, samples, rate_hz = header
    assert (key, points, analog, first, last, samples) == (0x50, 57, 0, 1, FRAMES, 0)
    assert scale < 0 and rate_hz == 60
    values = np.frombuffer(content, "<f4", FRAMES * 57 * 4, 512 * (data_block - 1)).reshape(FRAMES, 57, 4)
    np.testing.assert_allclose(values[..., :3], z_up_mm(motion), atol=1e-3)
    assert not values[..., 3].any()


def test_up_is_z_and_handedness_stays(motion):
    standing = toy_motion.make_body_motion(toy_motion.still(1))
    labelled = dict(zip(c3d.POINTS, c3d.points_mm(standing)[0], strict=True))
    up = labelled["head_centre"] - labelled["pelvis_centre"]
    left = labelled["left_hip_centre"] - labelled["right_hip_centre"]
    forward = labelled["left_foot_centre"] - labelled["left_ankle_centre"]
    assert up.argmax() == 2 and left.argmax() == 0 and forward.argmin() == 1
    assert np.cross(left, up) @ forward > 0


def test_equal_motions_give_equal_bytes_and_leave_nothing_behind(content, motion, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert c3d.encode(motion) == content
    assert not list(Path(tmp_path).iterdir())


def test_a_motion_too_long_for_the_format_goes_without_and_says_so(motion, monkeypatch, caplog):
    monkeypatch.setattr(c3d, "MAX_FRAMES", FRAMES - 1)
    with caplog.at_level(logging.WARNING):
        files = export.run(export.Config(), "clip_p0", motion).files
    assert "clip_p0.c3d" not in files and "clip_p0.glb" in files
    assert "40 frames are more than C3D's 39" in caplog.text
    monkeypatch.setattr(c3d, "MAX_FRAMES", FRAMES)
    assert "clip_p0.c3d" in export.run(export.Config(), "clip_p0", motion).files
