"""Carrying a motion over keeps the directions of bones and the way knees and elbows bend."""

import numpy as np
import pytest
import torch

from models.bodies import load_body
from models.bodies.body import rest_joints
from models.skeletons import SMPL_INDEX
from tests.training.toy_mocap import stick_clip
from training.mocap_clips import world_pose
from training.retarget import joint_positions, retarget

BODY = load_body("free")
REST = rest_joints(BODY, torch.zeros(BODY.beta_count)).double().numpy()
BONES = [
    (f"{side}_{start}", f"{side}_{end}")
    for side in ("left", "right")
    for start, end in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
]


def directions(joints_m: np.ndarray, start: int, end: int) -> np.ndarray:
    bone = joints_m[:, end] - joints_m[:, start]
    return bone / np.linalg.norm(bone, axis=-1, keepdims=True)


@pytest.mark.parametrize(("start", "end"), BONES)
def test_limbs_point_where_the_source_s_do(start: str, end: str):
    clip = stick_clip()
    source, part = world_pose(clip).joints_m, clip.joint_of
    own = joint_positions(retarget(clip, REST), REST)
    expected = directions(source, *(part[f"{name[0]}_{name.split('_')[1]}"] for name in (start, end)))
    np.testing.assert_allclose(directions(own, SMPL_INDEX[start], SMPL_INDEX[end]), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("joint", "hinge"), [("left_knee", (1, 0, 0)), ("left_elbow", (0, -1, 0)), ("right_elbow", (0, 1, 0))]
)
def test_knees_and_elbows_bend_about_their_own_hinge(joint: str, hinge: tuple[int, int, int]):
    local = retarget(stick_clip(), REST).parent_from_joint[:, SMPL_INDEX[joint]]
    axis = np.stack([local[:, 2, 1] - local[:, 1, 2], local[:, 0, 2] - local[:, 2, 0], local[:, 1, 0] - local[:, 0, 1]])
    sine = np.linalg.norm(axis, axis=0) / 2
    cosine = np.array(hinge) @ axis / np.linalg.norm(axis, axis=0)
    assert cosine[sine > 0.3].min() > 0.95  # at rest the body's knee and elbow are not quite straight


def test_the_head_of_a_walker_looks_where_he_goes():
    heading_rad = 0.7
    pose = retarget(stick_clip(heading_rad=heading_rad), REST)
    face = pose.parent_from_joint[:, 0] @ (0, 0, 1.0)
    np.testing.assert_allclose(face, np.tile([np.sin(heading_rad), 0, np.cos(heading_rad)], (60, 1)), atol=1e-9)


def test_the_way_is_scaled_by_the_legs():
    slow, fast = (retarget(stick_clip(speed_m_s=speed), REST).pelvis_m for speed in (1.0, 2.0))
    way = [np.linalg.norm(pelvis_m[-1] - pelvis_m[0]) for pelvis_m in (slow, fast)]
    legs_m = sum(np.linalg.norm(REST[SMPL_INDEX[b]] - REST[SMPL_INDEX[a]]) for a, b in BONES[:2])
    source_m = 2 * np.hypot(0.06, 0.425)
    assert way[1] == pytest.approx(2 * way[0])
    assert way[0] == pytest.approx(59 / 30 * legs_m / source_m, rel=1e-3)
