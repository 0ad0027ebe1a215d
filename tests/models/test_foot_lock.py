"""Planted feet stand, soles do not sink, and all else stays what it was."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from models import foot_lock
from models.bodies import load_body
from models.bodies.body import rest_joints
from models.foot_chain import LEG_JOINTS, UNKNOWNS, Chain, LegPose, derivative, place, sole_carriers
from models.foot_lock import Stance, lock_legs
from models.kinematics import bone_offsets
from models.skeletons import SMPL_PARENTS
from models.soles import find_soles
from models.stance import find_stance, runs

RATE_HZ = 30.0
FRAMES = 45
CAMERA_M = np.array([0.5, 1.4, 4.0])
BODY = load_body("free")
BETAS = np.zeros(BODY.beta_count)
MIRROR = np.diag([-1.0, 1.0, 1.0])


def chain() -> Chain:
    joints_m = rest_joints(BODY, torch.from_numpy(BETAS).float()).double()
    offset_m = bone_offsets(SMPL_PARENTS, joints_m).numpy()
    return Chain(np.stack([offset_m[list(joints)] for joints in LEG_JOINTS]), find_soles(BODY, BETAS))


CHAIN = chain()


def squatting(sway_m: float = 0.0, turn_rad: float = 0.0) -> LegPose:
    """Somebody with bent knees who bends them a little more and less; shaken, his feet slide."""
    time_s = np.arange(FRAMES) / RATE_HZ
    bend = 0.6 + 0.2 * np.sin(2 * time_s) + turn_rad * np.sin(23 * time_s)
    angles = np.zeros((FRAMES, 2, 4, 3))
    angles[..., 0, 0], angles[..., 1, 0], angles[..., 2, 0] = -bend[:, None], 2 * bend[:, None], -bend[:, None]
    angles[:, 0, 0, 2], angles[:, 1, 0, 1] = 0.1, 0.05 + turn_rad * np.cos(19 * time_s)
    turns = Rotation.from_rotvec(angles.reshape(-1, 3)).as_matrix().reshape(FRAMES, 2, 4, 3, 3)
    sway = sway_m * np.stack([np.sin(3 * time_s), 0.3 * np.cos(4 * time_s), np.sin(5 * time_s)], axis=1)
    pose = LegPose(np.zeros((FRAMES, 3)), np.broadcast_to(np.eye(3), (FRAMES, 3, 3)).copy(), turns)
    height_m = place(CHAIN, pose).sole_m[:, 0, :2, 1].mean(axis=1)
    return LegPose(sway - height_m[:, None] * np.array([0, 1.0, 0]), pose.world_from_pelvis, turns)


def standing(first: int = 5, last: int = 40) -> Stance:
    stands = np.zeros((FRAMES, 2, 2), dtype=bool)
    stands[first:last, 0], stands[first + 4 : last, 1, 1] = True, True
    return Stance(stands, np.zeros((FRAMES, 2)))


def lock(start: LegPose, stance: Stance, rate_hz: float = RATE_HZ) -> LegPose:
    return lock_legs(CHAIN, start, stance, CAMERA_M, rate_hz)


def test_planted_points_stand_still_on_their_floor():
    start = squatting(sway_m=0.05, turn_rad=0.05)
    stance = standing()
    points_m = place(CHAIN, lock(start, stance)).sole_m[:, :, :2]
    held = stance.stands[1:] & stance.stands[:-1]
    assert np.linalg.norm(np.diff(place(CHAIN, start).sole_m[:, :, :2], axis=0), axis=-1)[held].max() > 0.01
    assert np.linalg.norm(np.diff(points_m, axis=0), axis=-1)[held].max() < 1e-3
    for foot in range(2):
        for point in range(2):
            rows = stance.stands[:, foot, point]
            if rows.any():
                assert np.ptp(points_m[rows, foot, point], axis=0).max() < 2e-3
    assert np.abs(points_m[..., 1][stance.stands]).max() < 1e-3


def test_windows_of_a_long_motion_fade_into_each_other(monkeypatch):
    start, stance = squatting(sway_m=0.05), standing(0, FRAMES)
    whole = lock(start, stance)
    monkeypatch.setattr(foot_lock, "WINDOW_FRAMES", 25)
    monkeypatch.setattr(foot_lock, "OVERLAP_FRAMES", 10)
    assert sum(share.sum() for _, share in foot_lock._windows(FRAMES)) == pytest.approx(FRAMES)
    parts = lock(start, stance)
    slip_m = np.diff(place(CHAIN, parts).sole_m[:, :, :2], axis=0)
    assert np.linalg.norm(slip_m, axis=-1)[stance.stands[1:] & stance.stands[:-1]].max() < 8e-3, (
        "a fade of ten frames; sixty let it slip by a sixth of that"
    )
    assert np.abs(parts.root_m - whole.root_m).max() < 0.03


def test_soles_do_not_sink():
    start = squatting(sway_m=0.03)
    sunk = LegPose(start.root_m - [0, 0.04, 0], start.world_from_pelvis, start.parent_from_joint)
    assert place(CHAIN, sunk).sole_m[..., 1].min() < -0.03
    assert place(CHAIN, lock(sunk, standing(0, FRAMES))).sole_m[..., 1].min() > -0.007


def test_what_stands_already_stays_to_a_millimetre():
    start = squatting()
    stance = standing(0, FRAMES)
    perfect = lock(start, stance)
    for _ in range(3):
        perfect = lock(perfect, stance)
    again = lock(perfect, stance)
    assert np.abs(again.root_m - perfect.root_m).max() < 1e-3
    assert np.abs(place(CHAIN, again).joint_m - place(CHAIN, perfect).joint_m).max() < 1e-3


def test_without_contact_nothing_changes():
    start = squatting(sway_m=0.05)
    nothing = Stance(np.zeros((FRAMES, 2, 2), dtype=bool), np.full((FRAMES, 2), np.nan))
    assert lock(start, nothing) is start


def test_bones_keep_their_lengths_and_turns_stay_turns():
    pose = lock(squatting(sway_m=0.05, turn_rad=0.05), standing())
    placed = place(CHAIN, pose)
    length_m = np.linalg.norm(np.diff(placed.joint_m, axis=2), axis=-1)
    np.testing.assert_allclose(length_m, np.broadcast_to(length_m[:1], length_m.shape), atol=1e-9)
    turns = pose.parent_from_joint
    np.testing.assert_allclose(turns @ np.swapaxes(turns, -1, -2), np.broadcast_to(np.eye(3), turns.shape), atol=1e-9)


def test_a_mirrored_motion_is_locked_to_the_mirror_image():
    start, stance = squatting(sway_m=0.04, turn_rad=0.04), standing()
    flipped = LegPose(
        start.root_m @ MIRROR, start.world_from_pelvis, MIRROR @ start.parent_from_joint[:, ::-1] @ MIRROR
    )
    other = Stance(stance.stands[:, ::-1], stance.floor_m[:, ::-1])
    mirrored = lock_legs(CHAIN, flipped, other, CAMERA_M * [-1, 1, 1], RATE_HZ)
    np.testing.assert_allclose(mirrored.root_m, lock(start, stance).root_m @ MIRROR, atol=1e-4)


def test_time_run_backwards_is_locked_to_the_same_backwards():
    start, stance = squatting(sway_m=0.04, turn_rad=0.04), standing()
    back = LegPose(start.root_m[::-1], start.world_from_pelvis[::-1], start.parent_from_joint[::-1])
    found = lock(back, Stance(stance.stands[::-1], stance.floor_m[::-1]))
    np.testing.assert_allclose(found.root_m[::-1], lock(start, stance).root_m, atol=1e-6)


def test_joints_do_not_snap_where_a_contact_begins():
    start, stance = squatting(sway_m=0.05), standing()
    pose = lock(start, stance)
    change = pose.root_m - start.root_m
    assert np.abs(np.diff(change, 2, axis=0)).max() < 0.01
    before, after = (np.linalg.norm(np.diff(place(CHAIN, p).joint_m, 2, axis=0), axis=-1).max() for p in (start, pose))
    assert after < before + 0.03


def test_the_derivative_is_that_of_finite_differences():
    start = squatting(turn_rad=0.1)
    carriers = sole_carriers(CHAIN.soles)
    placed = place(CHAIN, start)
    rows = derivative(placed, placed.sole_m, carriers)
    rng = np.random.default_rng(0)
    step = 1e-6 * rng.standard_normal((FRAMES, UNKNOWNS))
    moved_m = (place(CHAIN, start.moved(step)).sole_m - place(CHAIN, start.moved(-step)).sole_m) / 2
    np.testing.assert_allclose(np.einsum("fqpiu,fu->fqpi", rows, step), moved_m, atol=1e-11)


def test_soles_lie_below_the_feet_and_mirror_each_other():
    soles = find_soles(BODY, BETAS)
    assert (soles.heel_m[:, 1] < 0).all() and (soles.heel_m[:, 2] < soles.ball_m[:, 2]).all()
    np.testing.assert_allclose(soles.heel_m[0] * [-1, 1, 1], soles.heel_m[1], atol=2e-3)
    assert soles.hind_rim_m[..., 1].min() <= soles.heel_m[:, 1].max() + 1e-9


def test_stances_lose_short_touches_and_what_moves_on_the_picture():
    time_s = np.arange(60) / RATE_HZ
    points_m = np.zeros((60, 2, 2, 3))
    stands = np.zeros((60, 2, 2), dtype=bool)
    stands[5:50, 0, 0] = True
    stands[20, 0, 0] = False
    stands[30:32, 0, 1] = True
    stands[5:50, 1, 0] = True
    points_m[:, 1, 0, 0] = 0.4 * time_s
    points_m[:, 0, 0, 2] = 0.3 * np.sin(3 * time_s)
    found = find_stance(stands, points_m, np.array([0.0, 0.0, 8.0]), RATE_HZ)
    assert runs(found.stands[:, 0, 0]) == [(5, 50)], "a gap of one frame is closed; depth is not believed"
    assert not found.stands[:, 0, 1].any(), "two frames are no stance"
    assert not found.stands[:, 1].any(), "it creeps sideways"
    assert np.isnan(found.floor_m[:, 1]).all() and (found.floor_m[:, 0] == 0).all()


@pytest.mark.parametrize(("height_m", "floor_m"), [(0.08, 0.0), (0.35, 0.35), (-0.3, -0.3)])
def test_who_stands_on_something_keeps_its_height(height_m, floor_m):
    points_m = np.zeros((60, 2, 2, 3))
    points_m[30:, ..., 1] = height_m
    stands = np.ones((60, 2, 2), dtype=bool)
    stands[25:35] = False
    found = find_stance(stands, points_m, np.array([0.0, 0.0, 8.0]), RATE_HZ)
    assert (found.floor_m[:25] == 0).all()
    np.testing.assert_allclose(found.floor_m[35:], floor_m)
    np.testing.assert_allclose(found.floor_m[25:35], min(0.0, floor_m))
