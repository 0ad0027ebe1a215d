"""Bands from walks: every walker counts once, and who is who is told apart as far as it can be."""

import numpy as np
import pytest

from models.bodies import load_body
from models.gait import over_cycle
from models.osim.reader import read_model
from stages import biomech
from stages.export.osim_gait import gait_of
from tests.training.toy_mocap import stick_clip
from training.gait_bands import COORDINATES, POSE, Walk, bands_of, motion_of, walk_of, walker_of


def take(subject: str, level_deg: float, *, strides: int = 2, pose_deg: float = 0.0, lean_deg: float = 0.0) -> Walk:
    """Somebody whose angles never change."""
    pose = np.full(len(POSE), pose_deg)
    pose[POSE.index("pelvis_tilt")] = lean_deg
    cycles = {name: np.full((strides, 101), level_deg) for name in COORDINATES}
    return Walk(f"{subject} {level_deg}", subject, 1.0 + level_deg / 100, pose, cycles, strides)


def test_a_walker_counts_once_however_often_he_walked():
    bands = bands_of([take("cmu01", 10.0), take("cmu01", 10.0, strides=7), take("cmu02", 20.0)])
    assert (bands.walkers, bands.strides, bands.speed_m_s) == (2, 11, (1.1, 1.2))
    np.testing.assert_allclose(bands.mean_deg["knee_angle"], 15.0)
    np.testing.assert_allclose(bands.sd_deg["knee_angle"], np.sqrt(50.0))


def test_nameless_takes_go_by_their_pose_and_named_subjects_stay_apart():
    walks = [
        take("cmu01", 1, pose_deg=0), take("cmu02", 2, pose_deg=1), take("cmuX_walk", 3, pose_deg=20),
        take("cmuX_walk", 4, pose_deg=21), take("cmuX_walk", 5, pose_deg=40), take("cmu01", 6, pose_deg=12),
    ]  # fmt: skip
    number = walker_of(walks).tolist()
    assert number[0] == number[5] != number[1]
    assert number[2] == number[3]
    assert len(set(number)) == 4


def test_a_rig_that_leans_is_left_out():
    bands = bands_of([take("cmu01", 10), take("cmu02", 20), take("cmu03", 90, lean_deg=-18)])
    assert bands.walkers == 2 and bands.mean_deg["hip_flexion"].max() < 20


def test_a_take_is_cut_at_heel_strikes_and_left_strides_are_mirrored():
    clip = stick_clip(120)
    followed = biomech.run(biomech.Config(), motion_of(clip, load_body("free")))
    gait = gait_of(followed, read_model(followed.model_xml))
    walk = walk_of(clip, followed, gait)
    assert walk.strides == len(gait.strides) >= 4 and walk.speed_m_s == pytest.approx(1.2, rel=0.1)
    for name, cycles in walk.cycles_deg.items():
        right, left = (
            np.mean([c for c, s in zip(cycles, gait.strides, strict=True) if s.side == side], axis=0)
            for side in ("right", "left")
        )
        np.testing.assert_allclose(right, left, atol=3, err_msg=name)
    row, stride = next((row, stride) for row, stride in enumerate(gait.strides) if stride.side == "right")
    turned = np.degrees(followed.coordinates[:, followed.coordinate_names.tolist().index("pelvis_rotation")])
    as_is = over_cycle(followed.timestamps_s, turned[:, None], stride)[:, 0]
    np.testing.assert_allclose(walk.cycles_deg["pelvis_rotation"][row], as_is, atol=1e-9)
    assert np.ptp(as_is) > 0
    knee = walk.cycles_deg["knee_angle"]
    assert np.ptp(knee.mean(axis=0)) == pytest.approx(np.degrees(0.7), abs=3)
