"""Which angles are plotted: the model's where there is one, else what the joint centres tell."""

import numpy as np
import pytest

from models.joint_angles import included_angles_deg
from stages.contracts import Biomechanics
from stages.page import curves
from tests.stages.page import clips


def test_without_a_model_the_bends_of_three_joints_are_shown_for_both_sides():
    motion = clips.person(0, 20).motion
    found = curves.curves_of(motion, None)
    assert [curve.title for curve in found] == ["Hip bend", "Knee bend", "Elbow bend"]
    expected = included_angles_deg(motion.joints_m)
    for curve, joint in zip(found, ("hip", "knee", "elbow"), strict=True):
        assert curve.is_first and set(curve.sides) == {"left", "right"}
        for side in curve.sides:
            np.testing.assert_array_equal(curve.sides[side], expected[f"{side}_{joint}"])


@pytest.mark.parametrize("name", ["knee_angle", "some_new_joint"])
def test_a_models_coordinates_are_paired_turned_to_degrees_and_ordered(name):
    names = ["pelvis_tx", "odd_thing", f"{name}_l", f"{name}_r", "pelvis_tilt"]
    model = object.__new__(Biomechanics)
    vars(model).update(
        coordinate_names=np.array(names),
        is_rotation=np.array([False, True, True, True, True]),
        coordinates=np.tile([1.0, 0.1, np.pi, np.pi / 2, 0.2], (3, 1)),
    )
    found = {curve.title: curve for curve in curves.curves_of(clips.person(0, 3).motion, model)}
    title = "Knee flexion" if name == "knee_angle" else "Some new joint"
    assert next(iter(found)) == (title if name == "knee_angle" else "Pelvis tilt")
    assert set(found) == {title, "Pelvis tilt", "Odd thing"}
    np.testing.assert_allclose(found[title].sides["left"], 180)
    np.testing.assert_allclose(found[title].sides["right"], 90)
    assert set(found["Odd thing"].sides) == {"middle"} and not found["Odd thing"].is_first
