"""The sample that is shipped belongs to the body that is shipped, and its walker walks as people do."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.bodies import load_body
from models.bodies.body import pose_joints, pose_landmarks, pose_vertices
from models.skeletons import SMPL_INDEX
from training.render_clip import BodyMotion, read_motion

SAMPLES = Path(__file__).parents[2] / "samples"
BODY = load_body("free")
REMAKE = "make the sample again: python -m training.make_sample (samples/README.md)"


@pytest.fixture(scope="module")
def motion() -> BodyMotion:
    return read_motion(SAMPLES / "walk_truth.npz", BODY)


@pytest.fixture(scope="module")
def truth() -> dict[str, np.ndarray]:
    return dict(np.load(SAMPLES / "walk_truth.npz", allow_pickle=False))


def test_the_truth_belongs_to_this_body(motion: BodyMotion, truth: dict[str, np.ndarray]):
    assert str(truth["body_sha256"]) == BODY.sha256, REMAKE
    np.testing.assert_allclose(pose_joints(BODY, *motion.posed()).numpy(), truth["joints_m"], atol=1e-5, err_msg=REMAKE)
    landmarks_m = pose_landmarks(BODY, *motion.posed()).numpy()
    np.testing.assert_allclose(landmarks_m, truth["landmarks_m"], atol=1e-5, err_msg=REMAKE)


@pytest.mark.parametrize("side", ["left", "right"])
def test_feet_stand_on_the_floor_and_do_not_slide(motion: BodyMotion, side: str):
    feet = [SMPL_INDEX[f"{side}_{part}"] for part in ("ankle", "foot")]
    points = torch.nonzero(BODY.skin_matrix[:, feet].sum(dim=1) > 0.9)[:, 0]
    sole_m = pose_vertices(BODY, *motion.posed(), points).double().numpy()
    speed_m_s = np.linalg.norm(np.diff(sole_m[..., [0, 2]], axis=0), axis=-1) * motion.rate_hz
    resting = np.maximum(sole_m[1:, :, 1], sole_m[:-1, :, 1]) < 0.006
    flat = resting.sum(axis=1) > np.quantile(resting.sum(axis=1), 0.7)
    assert sole_m[..., 1].min() > -0.001
    assert speed_m_s[flat][resting[flat]].mean() < 0.03


def test_knees_never_bend_forward(truth: dict[str, np.ndarray]):
    poses = truth["poses"].reshape(-1, 24, 3)
    for side in ("left", "right"):
        bend_rad = poses[:, SMPL_INDEX[f"{side}_knee"], 0]
        assert bend_rad.min() > -0.05
        assert 0.8 < bend_rad.max() < 1.5


def test_the_walker_moves_at_a_walker_s_pace_and_stays_in_the_picture(truth: dict[str, np.ndarray]):
    way_m = np.diff(truth["joints_m"][[0, -1], 0], axis=0)[0]
    speed_m_s = np.linalg.norm(way_m[[0, 2]]) / (truth["timestamps_s"][-1] - truth["timestamps_s"][0])
    assert 1.0 < speed_m_s < 1.6
    pose = truth["world_from_camera"]
    rays = (truth["landmarks_m"] - pose[:3, 3]) @ pose[:3, :3] @ truth["camera_matrix"].T
    pixels = rays[..., :2] / rays[..., 2:]
    assert (pixels > 20).all()
    assert (pixels < np.array([1280, 720]) - 20).all()
