"""Drawn and named poses are rotations; a mirror shown twice shows what was there."""

import numpy as np

from models.skeletons import SMPL_INDEX
from training.pose_extremes import BENDS, BOTH_SIDES, draw_poses, mirrored_poses, named_poses, poses_on_the_way


def _angle_deg(turns: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos(np.clip((np.trace(turns, axis1=-2, axis2=-1) - 1) / 2, -1, 1)))


def test_every_pose_is_made_of_rotations() -> None:
    for poses in (draw_poses(20, seed=1), poses_on_the_way()):
        np.testing.assert_allclose(
            poses @ np.swapaxes(poses, -1, -2), np.broadcast_to(np.eye(3), poses.shape), atol=1e-9
        )
        np.testing.assert_allclose(np.linalg.det(poses), 1, atol=1e-9)
        np.testing.assert_array_equal(poses[:, 0], np.broadcast_to(np.eye(3), (len(poses), 3, 3)))


def test_the_same_seed_draws_the_same_poses() -> None:
    np.testing.assert_array_equal(draw_poses(5, seed=3), draw_poses(5, seed=3))
    assert np.abs(draw_poses(5, seed=3) - draw_poses(5, seed=4)).max() > 0.1


def test_two_mirrors_show_the_pose_again() -> None:
    poses = draw_poses(10, seed=5)
    np.testing.assert_allclose(mirrored_poses(mirrored_poses(poses)), poses)
    for name in BOTH_SIDES:
        np.testing.assert_allclose(mirrored_poses(named_poses()[name]), named_poses()[name], atol=1e-12)


def test_named_poses_go_as_far_as_they_say() -> None:
    poses = named_poses()
    for name, joint, degrees in (
        ("squat", "left_hip", 105),
        ("squat", "right_knee", 125),
        ("elbow bent", "right_elbow", 150),
        ("forearm twisted in", "left_elbow", 80),
        ("hand twisted out", "right_wrist", 80),
    ):
        np.testing.assert_allclose(_angle_deg(poses[name][SMPL_INDEX[joint]]), degrees, atol=1e-6)
    lifted = poses["overhead reach"]
    arm = lifted[SMPL_INDEX["left_collar"]] @ lifted[SMPL_INDEX["left_shoulder"]] @ (1, 0, 0)
    assert arm[1] > np.sin(np.radians(80))


def test_poses_on_the_way_end_at_the_named_ones() -> None:
    named = np.stack(list(named_poses().values()))
    way = poses_on_the_way()
    assert len(way) == len(BENDS) * len(named)
    np.testing.assert_allclose(way[-len(named) :], named, atol=1e-12)
