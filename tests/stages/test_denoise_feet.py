"""The motion that leaves smoothing has feet that stand, and is left alone where none does."""

from dataclasses import replace

import numpy as np
import pytest
import roma
import torch

from models.bodies import load_body
from models.bodies.body import pose_vertices
from models.contact_net import contact_probability, find_contacts
from models.kinematics import world_from_joints
from models.skeletons import LANDMARK_MIRROR, SMPL_INDEX, SMPL_PARENTS
from models.soles import FEET, find_soles
from stages import denoise
from stages.contracts import Motion, RawMotion
from stages.denoise.steady import denoise_body
from tests.models.toy_walker import walker_m

BODY = load_body("free")
RATE_HZ = 30
FRAMES = 60
TIMES_S = np.arange(FRAMES) / RATE_HZ


def standing_and_shaken(sway_m: float = 0.04) -> RawMotion:
    """Somebody with bent knees who stands, as a camera that cannot see depth has him: he glides to and fro."""
    local = torch.eye(3).expand(FRAMES, 24, 3, 3).clone()
    for side in ("left", "right"):
        for joint, angle_rad in (("hip", -0.4), ("knee", 0.8), ("ankle", -0.4)):
            turn = roma.rotvec_to_rotmat(torch.tensor([angle_rad, 0.0, 0.0]))
            local[:, SMPL_INDEX[f"{side}_{joint}"]] = turn
    betas = torch.zeros(BODY.beta_count)
    lowest_m = pose_vertices(BODY, betas, local[:1], torch.zeros(1, 3))[..., 1].min()
    trans_m = np.zeros((FRAMES, 3))
    trans_m[:, 1] = -float(lowest_m)
    trans_m[:, 2] = sway_m * np.sin(4 * TIMES_S) - 4.0
    pose = np.eye(4)
    pose[1, 3] = 1.4
    return RawMotion(
        rate_hz=RATE_HZ,
        timestamps_s=TIMES_S,
        observed=np.ones(FRAMES, dtype=bool),
        parent_from_joint=local.double().numpy(),
        trans_m=trans_m,
        betas=np.zeros(BODY.beta_count),
        confidence=np.ones((FRAMES, 24)),
        world_from_camera=pose,
        camera_matrix=np.eye(3),
        body_model="free",
        body_sha256=BODY.sha256,
    )


def steady(raw: RawMotion, *, foot_lock: bool = True) -> Motion:
    return denoise_body(denoise.Config(foot_lock=foot_lock), raw, BODY, device="cpu")


def heels_m(motion: Motion) -> np.ndarray:
    soles = find_soles(BODY, motion.betas)
    world = world_from_joints(SMPL_PARENTS, torch.from_numpy(motion.parent_from_joint)).numpy()
    return np.stack([motion.joints_m[:, a] + world[:, a] @ soles.heel_m[k] for k, (a, _) in enumerate(FEET)], axis=1)


def test_who_glides_to_and_fro_stands_and_the_switch_lets_him_glide() -> None:
    raw = standing_and_shaken()
    free, locked = (heels_m(steady(raw, foot_lock=on)) for on in (False, True))
    assert np.ptp(free, axis=0).max() > 0.06
    assert np.ptp(locked, axis=0).max() < 2e-3
    assert np.abs(locked[..., 1]).max() < 3e-3


def test_who_hangs_in_the_air_and_swings_stays_as_he_was() -> None:
    raw = standing_and_shaken(sway_m=1.5)
    way_m = np.stack([3 * TIMES_S, 0.6 + np.sin(9 * TIMES_S) / 2, 0 * TIMES_S], axis=1)
    lifted = replace(raw, trans_m=raw.trans_m + way_m)
    free, locked = (steady(lifted, foot_lock=on) for on in (False, True))
    np.testing.assert_array_equal(free.trans_m, locked.trans_m)
    np.testing.assert_array_equal(free.parent_from_joint, locked.parent_from_joint)


def test_unobserved_frames_hold_nothing_and_two_frames_pass() -> None:
    raw = standing_and_shaken()
    observed = np.ones(FRAMES, dtype=bool)
    observed[20:40] = False
    assert np.isfinite(steady(replace(raw, observed=observed)).joints_m).all()
    rows = {name: getattr(raw, name)[:2] for name in ("timestamps_s", "observed", "parent_from_joint", "trans_m")}
    steady(replace(raw, **rows, confidence=raw.confidence[:2]))


def walking() -> tuple[np.ndarray, np.ndarray]:
    """In a world whose floor is 1.5 m below the camera."""
    return walker_m(TIMES_S) * [1, -1, -1] + [0, 1.5, 0], np.array([0.0, 1.5, 0.0])


@pytest.mark.parametrize("backwards", [False, True])
def test_contacts_do_not_know_left_from_right_nor_before_from_after(backwards: bool) -> None:
    landmarks_m, camera_m = walking()
    probability = contact_probability(landmarks_m, TIMES_S, camera_m)
    assert ((probability >= 0) & (probability <= 1)).all()
    other = (landmarks_m * [-1, 1, 1])[:, list(LANDMARK_MIRROR)]
    if backwards:
        other = other[::-1]
    mirrored = contact_probability(other, TIMES_S, camera_m * [-1, 1, 1])
    np.testing.assert_allclose(mirrored[::-1] if backwards else mirrored, probability[:, ::-1], atol=1e-9)


def test_a_standing_person_stands_and_a_flying_one_does_not() -> None:
    still = steady(standing_and_shaken(sway_m=0.0), foot_lock=False).landmarks_m
    camera_m = np.array([0.0, 1.4, 0.0])
    assert find_contacts(still, TIMES_S, camera_m).any(axis=(1, 2)).all()
    flying = still + np.stack([3 * TIMES_S, 0.6 + np.sin(6 * TIMES_S) / 2, 0 * TIMES_S], axis=1)[:, None]
    assert not find_contacts(flying, TIMES_S, camera_m).any()
