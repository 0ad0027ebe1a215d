"""At another rate and on the spot a body is the same body, and its feet stand where and as they stood."""

import numpy as np
import pytest

from models.bvh.reader import parse_bvh, place_bvh_joints
from models.errors import ConfigError
from models.leg_reach import Leg, reach
from models.resample import resample_places, resample_turns, times_at_rate
from models.skeletons import SMPL_INDEX, SMPL_JOINTS, SMPL_PARENTS
from stages import export
from stages.export import bvh, retimed
from stages.export.joint_names import JOINT_NAMES
from tests.stages import toy_motion

FRAMES = 90
ANKLES = [SMPL_INDEX["left_ankle"], SMPL_INDEX["right_ankle"]]
RATES = (24, 25, 50, 60)


@pytest.fixture(scope="module")
def motion():
    """Steps of a toy: legs swing and knees bend while the pelvis walks."""
    rotation = toy_motion.smooth_rotations(FRAMES)
    for joint in (SMPL_INDEX["left_knee"], SMPL_INDEX["right_knee"]):
        angle_rad = 0.7 + 0.4 * np.sin(np.arange(FRAMES) / 5 + joint)
        rotation[:, joint] = [[[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]] for a in angle_rad]
    return toy_motion.make_motion(rotation, toy_motion.smooth_roots_m(FRAMES))


@pytest.mark.parametrize("rate_hz", RATES)
def test_ankles_lie_on_the_straight_line_between_two_frames(motion, rate_hz):
    moved = retimed.at_rate(motion, rate_hz)
    straight_m = resample_places(motion.joints_m, motion.timestamps_s, moved.timestamps_s)
    np.testing.assert_allclose(moved.joints_m[:, ANKLES], straight_m[:, ANKLES], atol=1e-6)
    np.testing.assert_allclose(moved.joints_m[:, 0], straight_m[:, 0], atol=1e-12)


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_foot_that_stands_still_stands_still_at_any_rate(rate_hz):
    """A squat: the pelvis sinks and sways while both ankles stay; turns alone would lift them between two frames."""
    sink_m = np.stack([0.05 * np.sin(np.arange(FRAMES) / 4), -0.2 - 0.1 * np.cos(np.arange(FRAMES) / 3)], axis=1)
    root_m = toy_motion.rest_offsets_m()[0] + np.pad(sink_m, ((0, 0), (0, 1)))
    sinking = toy_motion.make_motion(toy_motion.still(FRAMES), root_m)
    wanted_m = sinking.joints_m.copy()
    wanted_m[:, ANKLES] = toy_motion.make_motion(toy_motion.still(1)).joints_m[:, ANKLES]
    local = retimed.with_ankles_at(sinking.parent_from_joint, wanted_m, retimed.rest_offsets(sinking))
    squat = toy_motion.make_motion(local, root_m)
    assert np.ptp(squat.joints_m[:, ANKLES], axis=0).max() < 1e-9
    turned_only = resample_turns(local, squat.timestamps_s, times_at_rate(squat.timestamps_s, rate_hz))
    sways = toy_motion.make_motion(
        turned_only, resample_places(root_m, squat.timestamps_s, times_at_rate(squat.timestamps_s, rate_hz))
    )
    assert np.ptp(sways.joints_m[:, ANKLES], axis=0).max() > 1e-4
    assert np.ptp(retimed.at_rate(squat, rate_hz).joints_m[:, ANKLES], axis=0).max() < 1e-9


@pytest.mark.parametrize("rate_hz", RATES)
def test_bones_keep_their_lengths_and_the_file_its_joints(motion, rate_hz):
    moved = retimed.at_rate(motion, rate_hz)
    for joint, parent in enumerate(SMPL_PARENTS[1:], start=1):
        length_m = np.linalg.norm(moved.joints_m[:, joint] - moved.joints_m[:, parent], axis=-1)
        np.testing.assert_allclose(length_m, np.linalg.norm(toy_motion.rest_offsets_m()[joint]), atol=1e-9)
    text = bvh.encode(moved)
    assert f"Frames: {len(moved.timestamps_s)}\nFrame Time: {1 / rate_hz:.8f}\n" in text
    read = parse_bvh(text, "made")
    order = [read.names.index(JOINT_NAMES["humanik"][name]) for name in SMPL_JOINTS]
    np.testing.assert_allclose(place_bvh_joints(read)[:, order] / 100, moved.joints_m, atol=1e-4)


def test_frames_that_both_rates_have_do_not_change(motion):
    moved = retimed.at_rate(motion, 60)
    np.testing.assert_allclose(moved.joints_m[::2], motion.joints_m, atol=1e-9)
    np.testing.assert_allclose(moved.parent_from_joint[::2], motion.parent_from_joint, atol=1e-6)
    assert len(moved.timestamps_s) == 2 * FRAMES - 1 and moved.rate_hz == 60
    assert retimed.at_rate(motion, motion.rate_hz) is motion


def test_a_frame_is_seen_only_where_both_its_neighbours_were(motion):
    moved = retimed.at_rate(motion, 60)
    np.testing.assert_array_equal(moved.observed[::2], motion.observed)
    np.testing.assert_array_equal(moved.observed[1::2], motion.observed[1:] & motion.observed[:-1])


def test_on_the_spot_only_the_way_over_the_floor_is_gone(motion):
    still = retimed.on_the_spot(motion)
    np.testing.assert_allclose(still.joints_m[:, 0, [0, 2]], np.tile(motion.joints_m[0, 0, [0, 2]], (FRAMES, 1)))
    np.testing.assert_array_equal(still.joints_m[..., 1], motion.joints_m[..., 1])
    np.testing.assert_allclose(
        still.joints_m - still.joints_m[:, :1], motion.joints_m - motion.joints_m[:, :1], atol=1e-12
    )


def test_settings_change_animation_files_and_leave_the_result(tmp_path):
    made = toy_motion.make_body_motion(toy_motion.smooth_rotations(31), toy_motion.smooth_roots_m(31))
    plain = export.run(export.Config(), "clip_p0", made).files
    changed = export.run(export.Config(fps=24, in_place=True), "clip_p0", made).files
    assert b"Frames: 25\nFrame Time: 0.04166667\n" in changed["clip_p0.bvh"]
    assert {name for name in plain if plain[name] != changed[name]} == {"clip_p0.bvh", "clip_p0.glb", "clip_p0.json"}


@pytest.mark.parametrize("fps", [0, -24, 100_000])
def test_a_rate_that_no_file_can_have_is_refused_before_anything_runs(fps):
    with pytest.raises(ConfigError, match=f"export.fps cannot be {fps}. Choose a rate from 1 to 1000"):
        export.Config(fps=fps)


def test_a_leg_reaches_what_is_within_its_length_and_stretches_towards_the_rest():
    rng = np.random.default_rng(0)
    leg = Leg(
        np.zeros((50, 3)),
        np.tile([0.0, -0.4, 0.1], (50, 1)),
        np.tile([0.0, -0.8, 0.0], (50, 1)),
        np.tile([1.0, 0, 0], (50, 1)),
    )
    target_m = rng.normal(size=(50, 3))
    target_m *= (rng.uniform(0.1, 1.2, 50) / np.linalg.norm(target_m, axis=1))[:, None]
    thigh, shin = reach(leg, target_m)
    knee_m = np.einsum("tij,tj->ti", thigh, leg.knee_m)
    ankle_m = knee_m + np.einsum("tij,tj->ti", shin, leg.ankle_m - leg.knee_m)
    length_m = 2 * np.linalg.norm([0.4, 0.1])
    span_m = np.linalg.norm(target_m, axis=1)
    near = span_m < 0.999 * length_m
    assert near.any() and not near.all()
    np.testing.assert_allclose(ankle_m[near], target_m[near], atol=1e-9)
    np.testing.assert_allclose(np.cross(ankle_m[~near], target_m[~near]), 0, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(ankle_m[~near], axis=1), 0.99999 * length_m)


def test_turns_between_two_frames_share_the_way():
    rotation = toy_motion.random_rotations(5)
    times_s = np.array([0.0, 0.1, 0.3, 0.35, 0.5])
    np.testing.assert_allclose(resample_turns(rotation, times_s, times_s), rotation, atol=1e-12)
    half = resample_turns(rotation, times_s, (times_s[1:] + times_s[:-1]) / 2)
    first = rotation[:-1].swapaxes(-1, -2) @ half
    second = half.swapaxes(-1, -2) @ rotation[1:]
    np.testing.assert_allclose(first, second, atol=1e-9)


def test_times_at_a_rate_end_with_the_motion():
    np.testing.assert_allclose(times_at_rate(1.5 + np.arange(31) / 30, 24), 1.5 + np.arange(25) / 24)
    assert len(times_at_rate(np.zeros(1), 24)) == 1
