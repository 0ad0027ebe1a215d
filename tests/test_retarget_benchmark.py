"""The benchmark of retargeting sees what is right and what is not."""

from dataclasses import replace

import numpy as np
import pytest

from benchmark import retarget
from tests.training.toy_mocap import stick_clip


def test_a_walk_of_sticks_keeps_its_directions_and_its_slide():
    row = retarget.measure(stick_clip())
    assert row.standing_rest and row.frames == 60
    assert row.direction_deg < 0.01
    assert row.slide_mm_s == pytest.approx(row.source_slide_mm_s, rel=0.05)


def test_arms_that_are_bent_otherwise_are_seen(monkeypatch):
    real = retarget.retarget_person

    def bent(body, source):
        motion = real(body, source)
        joints_m = motion.joints_m.copy()
        joints_m[:, 20] += np.array([0.0, 0.1, 0.0])
        return replace(motion, joints_m=joints_m)

    monkeypatch.setattr(retarget, "retarget_person", bent)
    assert retarget.measure(stick_clip()).direction_deg > 10
