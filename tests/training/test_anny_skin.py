"""Anny's skinning leaves rest alone, follows joints rigidly, and keeps a twisted forearm round."""

from pathlib import Path

import numpy as np
import pytest
import roma
import torch
from torch import Tensor

from models.bodies import load_body
from models.bodies.body import Body, rest_joints, rest_vertices, world_from_rest
from models.errors import InputError
from models.skeletons import SMPL_INDEX
from training.anny_skin import BoneWeights, read_bone_weights, skin_as_anny, split_twist
from training.fit_correctives import BONES
from training.pose_extremes import mirrored_poses, named_poses

FLOAT = torch.float64


@pytest.fixture(scope="module")
def free() -> Body:
    return load_body("free").to("cpu", FLOAT)


@pytest.fixture(scope="module")
def bones() -> BoneWeights:
    return read_bone_weights(BONES)


@pytest.fixture(scope="module")
def betas(free: Body) -> Tensor:
    return 0.8 * torch.randn(1, free.beta_count, dtype=FLOAT, generator=torch.Generator().manual_seed(2))


def _still() -> Tensor:
    return torch.eye(3, dtype=FLOAT).repeat(1, 24, 1, 1)


def test_the_identity_pose_is_the_rest(free: Body, bones: BoneWeights, betas: Tensor) -> None:
    torch.testing.assert_close(skin_as_anny(free, bones, betas, _still()), rest_vertices(free, betas))


def test_hands_and_head_follow_their_joints_rigidly(free: Body, bones: BoneWeights, betas: Tensor) -> None:
    torch.manual_seed(3)
    pose = roma.rotvec_to_rotmat(0.4 * torch.randn(1, 24, 3, dtype=FLOAT))
    skin_m = skin_as_anny(free, bones, betas, pose)
    moves = world_from_rest(free, betas, pose, torch.zeros(1, 3, dtype=FLOAT))
    for part, joint in (("finger3-3.L", "left_hand"), ("head", "head"), ("foot.R", "right_ankle")):
        alone = torch.nonzero(bones.weight[:, bones.names.index(part)] > 1 - 1e-6)[:, 0]
        assert len(alone) > 3
        move, rest_m = moves[:, SMPL_INDEX[joint]], rest_vertices(free, betas)[:, alone]
        expected = rest_m @ move[:, :, :3].transpose(1, 2) + move[:, None, :, 3]
        torch.testing.assert_close(skin_m[:, alone], expected)


def test_a_turn_of_the_whole_body_turns_the_skin(free: Body, bones: BoneWeights, betas: Tensor) -> None:
    torch.manual_seed(4)
    pose = roma.rotvec_to_rotmat(0.4 * torch.randn(1, 24, 3, dtype=FLOAT))
    turn, pelvis_m = roma.random_rotmat(dtype=FLOAT), rest_joints(free, betas)[:, :1]
    turned = torch.cat([turn @ pose[:, :1], pose[:, 1:]], dim=1)
    before, after = skin_as_anny(free, bones, betas, pose), skin_as_anny(free, bones, betas, turned)
    torch.testing.assert_close(after - pelvis_m, (before - pelvis_m) @ turn.T)


@pytest.mark.parametrize("name", ["forearm twisted in", "hand twisted out"])
def test_a_twisted_forearm_stays_round(free: Body, bones: BoneWeights, name: str) -> None:
    zero = torch.zeros(1, free.beta_count, dtype=FLOAT)
    pose = torch.from_numpy(named_poses()[name])[None]
    joints_m, rest_m = rest_joints(free, zero)[0], rest_vertices(free, zero)[0]
    elbow_m, wrist_m = joints_m[SMPL_INDEX["left_elbow"]], joints_m[SMPL_INDEX["left_wrist"]]
    forearm = torch.nonzero((rest_m[:, 0] > elbow_m[0] + 0.06) & (rest_m[:, 0] < wrist_m[0] - 0.03))[:, 0]
    axis = torch.nn.functional.normalize(wrist_m - elbow_m, dim=0)

    def radius(skin_m: Tensor) -> Tensor:
        arm_m = skin_m[forearm] - elbow_m
        return (arm_m - (arm_m @ axis)[:, None] * axis).norm(dim=-1)

    posed_m = skin_as_anny(free, bones, zero, pose)[0]
    thinned_m = 2e-3
    torch.testing.assert_close(radius(posed_m), radius(rest_m), atol=thinned_m, rtol=0)
    assert (posed_m - rest_m)[forearm].norm(dim=-1).max() > 0.015


def test_a_swing_after_a_twist_is_the_rotation() -> None:
    torch.manual_seed(6)
    rotation, axis = (
        roma.random_rotmat(50, dtype=FLOAT),
        torch.nn.functional.normalize(torch.randn(50, 3).double(), dim=-1),
    )
    swing, angle_rad = split_twist(rotation, axis)
    torch.testing.assert_close(swing @ roma.rotvec_to_rotmat(angle_rad[:, None] * axis), rotation)
    turn_axis = roma.rotmat_to_rotvec(swing)
    torch.testing.assert_close((turn_axis * axis).sum(-1), torch.zeros(50, dtype=FLOAT))


def test_a_mirrored_pose_has_mirrored_skin(free: Body, bones: BoneWeights) -> None:
    torch.manual_seed(7)
    zero = torch.zeros(1, free.beta_count, dtype=FLOAT)
    pose = roma.rotvec_to_rotmat(0.3 * torch.randn(1, 24, 3, dtype=FLOAT))
    flip = torch.tensor([-1.0, 1, 1], dtype=FLOAT)
    twin = torch.cdist(free.template_m, free.template_m * flip).argmin(dim=1)
    other = skin_as_anny(free, bones, zero, torch.from_numpy(mirrored_poses(pose.numpy())))
    torch.testing.assert_close(other[:, twin] * flip, skin_as_anny(free, bones, zero, pose), atol=2e-4, rtol=0)


def test_another_file_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", something=np.zeros(3))
    with pytest.raises(InputError, match="holds no bone weights"):
        read_bone_weights(tmp_path / "other.npz")
