"""The tables say what the motion says, in words that any spreadsheet reads."""

import csv
import io

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.joint_angles import included_angles_deg
from models.skeletons import SMPL_INDEX, SMPL_JOINTS
from stages.export import tables
from stages.export.number_rows import number_rows
from tests.stages import toy_motion

ANGLES = [f"{side}_{joint}_deg" for side in ("left", "right") for joint in ("knee", "hip", "elbow")]


def read(text: str) -> dict[str, np.ndarray]:
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    return dict(zip(header, np.array(rows, float).T, strict=True))


def bent(joint: str, axis: str, degrees: float) -> np.ndarray:
    """Local rotations of the rest pose with one joint turned."""
    rotation = toy_motion.still(1)
    rotation[:, SMPL_INDEX[joint]] = Rotation.from_euler(axis, degrees, degrees=True).as_matrix()
    return rotation


def test_joints_have_a_column_for_each_axis():
    made = toy_motion.make_motion(toy_motion.smooth_rotations(20), toy_motion.smooth_roots_m(20))
    found = read(tables.encode_joints(made))
    assert list(found) == ["time_s", *(f"{name}_{axis}" for name in SMPL_JOINTS for axis in "xyz")]
    np.testing.assert_allclose(found.pop("time_s"), made.timestamps_s, atol=1e-8)
    np.testing.assert_allclose(np.stack(list(found.values()), 1).reshape(20, 24, 3), made.joints_m, atol=1e-6)


def test_angles_have_a_column_for_each_side():
    made = toy_motion.make_motion(toy_motion.smooth_rotations(20))
    found = read(tables.encode_angles(made))
    assert list(found) == ["time_s", *ANGLES]
    np.testing.assert_allclose(found.pop("time_s"), made.timestamps_s, atol=1e-8)
    for name, angle_deg in included_angles_deg(made.joints_m).items():
        np.testing.assert_allclose(found[f"{name}_deg"], angle_deg, atol=1e-4)


@pytest.mark.parametrize(
    ("joint", "axis", "angle"),
    [("left_knee", "X", "left_knee"), ("right_hip", "X", "right_hip"), ("left_elbow", "Y", "left_elbow")],
)
@pytest.mark.parametrize("degrees", [30.0, 90.0, -60.0])
def test_a_joint_that_is_bent_bends_its_own_angle_only(joint, axis, angle, degrees):
    rest, found = (
        included_angles_deg(toy_motion.make_motion(rotation).joints_m)
        for rotation in (toy_motion.still(1), bent(joint, axis, degrees))
    )
    assert found[angle][0] == pytest.approx(abs(degrees), abs=12)
    changed = {name for name in found if abs(found[name][0] - rest[name][0]) > 1e-9}
    assert changed == {angle}


def test_a_straight_limb_has_angle_zero_and_a_folded_one_half_a_turn():
    joints_m = np.zeros((2, 24, 3))
    for name, height_m in (("left_hip", 2.0), ("left_knee", 1.0)):
        joints_m[:, SMPL_INDEX[name], 1] = height_m
    joints_m[1, SMPL_INDEX["left_ankle"], 1] = 2.0
    np.testing.assert_allclose(included_angles_deg(joints_m)["left_knee"], [0, 180])


def test_the_room_does_not_matter_to_angles():
    made = toy_motion.make_motion(toy_motion.random_rotations(30))
    turn = Rotation.random(random_state=8).as_matrix()
    before, after = (included_angles_deg(joints) for joints in (made.joints_m, made.joints_m @ turn.T + 5))
    for name in before:
        np.testing.assert_allclose(after[name], before[name], atol=1e-9)


def test_rows_have_their_decimals_and_no_minus_zero():
    values = np.array([[1.0, -0.00004, 2.5], [12.0, -1e-12, -0.25]])
    assert number_rows(values, (0, 4, 1), ";") == ["1;0.0000;2.5", "12;0.0000;-0.2"]
