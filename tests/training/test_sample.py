"""The samples that are shipped belong to the body that is shipped, and those in them move as people do."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from models.bodies import load_body
from models.bodies.body import pose_joints, pose_landmarks, pose_vertices
from models.skeletons import SMPL_INDEX
from training.body_motion import BodyMotion, read_motion

SAMPLES = Path(__file__).parents[2] / "samples"
NAMES = ("walk", "squat", "turn")
BODY = load_body("free")
REMAKE = "make the samples again: python -m training.make_sample (samples/README.md)"


@dataclass(frozen=True)
class Sample:
    name: str
    motion: BodyMotion
    truth: dict[str, np.ndarray]

    def joint_m(self, name: str) -> np.ndarray:
        return self.truth["joints_m"][:, SMPL_INDEX[name]]

    @property
    def facing(self) -> np.ndarray:
        """Which way the chest points, seen from above."""
        across_m = self.joint_m("left_shoulder") - self.joint_m("right_shoulder")
        return np.unwrap(np.arctan2(-across_m[:, 2], across_m[:, 0]))


def sample_of(name: str) -> Sample:
    path = SAMPLES / f"{name}_truth.npz"
    return Sample(name, read_motion(path, BODY), dict(np.load(path, allow_pickle=False)))


@pytest.fixture(scope="module", params=NAMES)
def sample(request: pytest.FixtureRequest) -> Sample:
    return sample_of(request.param)


def sole_m(sample: Sample, side: str) -> np.ndarray:
    feet = [SMPL_INDEX[f"{side}_{part}"] for part in ("ankle", "foot")]
    points = torch.nonzero(BODY.skin_matrix[:, feet].sum(dim=1) > 0.9)[:, 0]
    return pose_vertices(BODY, *sample.motion.posed(), points).double().numpy()


def test_every_clip_is_four_seconds_and_small():
    for name in NAMES:
        assert len(sample_of(name).motion) == 120
        assert (SAMPLES / f"{name}.mp4").stat().st_size < 1_200_000


def test_the_truth_belongs_to_this_body(sample: Sample):
    assert str(sample.truth["body_sha256"]) == BODY.sha256, REMAKE
    for pose, key in ((pose_joints, "joints_m"), (pose_landmarks, "landmarks_m")):
        posed = pose(BODY, *sample.motion.posed()).numpy()
        np.testing.assert_allclose(posed, sample.truth[key], atol=1e-5, err_msg=REMAKE)


@pytest.mark.parametrize("side", ["left", "right"])
def test_feet_stand_on_the_floor_and_do_not_slide(sample: Sample, side: str):
    skin_m = sole_m(sample, side)
    speed_m_s = np.linalg.norm(np.diff(skin_m[..., [0, 2]], axis=0), axis=-1) * sample.motion.rate_hz
    resting = np.maximum(skin_m[1:, :, 1], skin_m[:-1, :, 1]) < 0.006
    flat = resting.sum(axis=1) >= max(1, np.quantile(resting.sum(axis=1), 0.7))
    assert skin_m[..., 1].min() > -0.001
    assert speed_m_s[flat][resting[flat]].mean() < 0.03


def test_knees_never_bend_forward(sample: Sample):
    poses = sample.truth["poses"].reshape(-1, 24, 3)
    for side in ("left", "right"):
        bend_rad = poses[:, SMPL_INDEX[f"{side}_knee"], 0]
        assert bend_rad.min() > -0.05
        assert 0.5 < bend_rad.max() < 2.5


def test_the_whole_person_is_in_the_picture(sample: Sample):
    pose, matrix = sample.truth["world_from_camera"], sample.truth["camera_matrix"]
    rays = (sample.truth["landmarks_m"] - pose[:3, 3]) @ pose[:3, :3] @ matrix.T
    pixels = rays[..., :2] / rays[..., 2:]
    assert (pixels > 20).all()
    assert (pixels < 2 * matrix[:2, 2] - 20).all()


def test_nothing_jumps(sample: Sample):
    accel_m_s2 = np.diff(sample.truth["joints_m"], n=2, axis=0) * sample.motion.rate_hz**2
    assert np.linalg.norm(accel_m_s2, axis=-1).max() < 90  # a heel that strikes the floor has 60


def test_the_walker_moves_at_a_walker_s_pace():
    walk = sample_of("walk")
    way_m = np.diff(walk.joint_m("pelvis")[[0, -1]], axis=0)[0]
    speed_m_s = np.linalg.norm(way_m[[0, 2]]) / np.diff(walk.truth["timestamps_s"][[0, -1]])[0]
    assert 1.0 < speed_m_s < 1.6


def test_the_squat_is_deep_the_hand_reaches_floor_and_height_and_both_feet_stay():
    squat = sample_of("squat")
    pelvis_m, hand_m = squat.joint_m("pelvis")[:, 1], squat.joint_m("left_hand")[:, 1]
    hand_m = np.stack([hand_m, squat.joint_m("right_hand")[:, 1]]).T[
        :, squat.truth["joints_m"][:, 22:24, 1].max(0).argmax()
    ]
    assert pelvis_m.min() < 0.65 * pelvis_m.max()
    assert hand_m.min() < 0.2
    assert hand_m.max() > squat.joint_m("head")[:, 1].max() + 0.2
    for side in ("left", "right"):
        assert np.ptp(squat.joint_m(f"{side}_foot"), axis=0).max() < 0.06


def test_the_turn_goes_half_around_and_the_arms_cross_twice():
    turn = sample_of("turn")
    assert 2.4 < np.ptp(turn.facing) < 2.9
    right_of_chest = np.stack([-np.cos(turn.facing), 0 * turn.facing, np.sin(turn.facing)], axis=-1)
    crossed_m = ((turn.joint_m("left_wrist") - turn.joint_m("right_wrist")) * right_of_chest).sum(axis=1)
    begins = np.flatnonzero(np.diff((crossed_m > 0.05).astype(int)) == 1)
    assert len(begins) == 2
    assert crossed_m.min() < -0.5
    lifted = np.stack([sole_m(turn, side)[..., 1].min(axis=1) > 0.01 for side in ("left", "right")])
    assert not lifted.all(axis=0).any()
    assert [int((np.diff(foot.astype(int)) == 1).sum()) for foot in lifted] == [3, 3]
