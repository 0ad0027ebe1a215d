"""The closed form that angles are held against: what one joint of the body turns, one coordinate shows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmark.synthetic_angles import alike, closed_form, read_motion
from models.skeletons import SMPL_INDEX
from stages import biomech
from stages.export.motion_npz import encode
from tests.stages.toy_motion import make_body_motion
from tests.stages.toy_walk import make_walk

TURNS = [
    ("right_knee", "x", 40, "knee_angle_r", 1),
    ("left_knee", "x", 40, "knee_angle_l", 1),
    ("right_hip", "x", -30, "hip_flexion_r", -1),
    ("right_ankle", "x", -15, "ankle_angle_r", -1),
    ("left_elbow", "y", -50, "elbow_flex_l", -1),
    ("pelvis", "x", 20, "pelvis_tilt", -1),
    ("spine3", "x", 10, "thorax_extension", -1),
    ("neck", "y", 25, "neck_rotation", 1),
]


@pytest.mark.parametrize(("joint", "axis", "degrees", "coordinate", "sign"), TURNS)
def test_what_one_joint_turns_one_coordinate_shows(
    joint: str, axis: str, degrees: float, coordinate: str, sign: int
) -> None:
    rotation = np.tile(np.eye(3), (3, 24, 1, 1))
    for frame, share in enumerate((0.0, 0.5, 1.0)):
        turn = Rotation.from_euler(axis, share * degrees, degrees=True).as_matrix()
        chain = ("neck", "head") if joint == "neck" else (joint,)
        rotation[frame, SMPL_INDEX[chain[0]]] = turn
    motion = make_body_motion(rotation)
    angle = np.degrees(closed_form(biomech.run(biomech.Config(), motion), motion)[coordinate])
    assert angle - angle[0] == pytest.approx(np.array([0, 0.5, 1]) * sign * degrees, abs=2.5)


def test_the_stage_follows_the_closed_form_where_the_model_turns_as_the_body() -> None:
    motion = make_walk(1.0)
    result = biomech.run(biomech.Config(), motion)
    names = result.coordinate_names.tolist()
    spelt = closed_form(result, motion)
    for name in ("knee_angle_r", "hip_flexion_l", "elbow_flex_r", "pelvis_tilt"):
        off = np.degrees(result.coordinates[:, names.index(name)] - spelt[name])
        assert np.abs(off).mean() < 1.5, name


def test_one_posture_has_one_name() -> None:
    result = biomech.run(biomech.Config(), make_walk(0.5))
    names = result.coordinate_names.tolist()
    columns = [names.index(f"arm_{what}_r") for what in ("flex", "add", "rot")]
    renamed = result.coordinates.copy()
    renamed[:, columns] = np.array([np.pi, np.pi, np.pi]) + renamed[:, columns] * [1, -1, 1]
    back = alike(replace(result, coordinates=renamed), result).coordinates - result.coordinates
    assert np.abs((back + np.pi) % (2 * np.pi) - np.pi).max() < 1e-9


def test_a_motion_is_read_as_it_was_written(tmp_path: Path) -> None:
    motion = make_walk(0.3)
    (tmp_path / "motion.npz").write_bytes(encode(motion))
    back = read_motion(tmp_path / "motion.npz")
    assert np.allclose(back.joints_m, motion.joints_m, atol=1e-6)
    assert np.allclose(back.parent_from_joint, motion.parent_from_joint, atol=1e-6)
