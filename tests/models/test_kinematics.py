"""Chains of rotations obey the laws of rigid motion."""

import pytest
import roma
import torch
from torch import Tensor

from models.kinematics import bone_offsets, place_joints, world_from_joints
from models.skeletons import SMPL_PARENTS

BATCHES = [(), (4,), (2, 3)]


def _random_pose(batch: tuple[int, ...], seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    return roma.random_rotmat((*batch, 24), dtype=torch.float64)


def _random_offsets() -> Tensor:
    return torch.randn(24, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("batch", BATCHES)
def test_a_chain_equals_the_product_along_its_path(batch: tuple[int, ...]) -> None:
    pose = _random_pose(batch)
    chained = world_from_joints(SMPL_PARENTS, pose)
    for joint in range(24):
        path, slow = joint, torch.eye(3, dtype=torch.float64)
        while path >= 0:
            slow = pose[..., path, :, :] @ slow
            path = SMPL_PARENTS[path]
        torch.testing.assert_close(chained[..., joint, :, :], slow.expand(*batch, 3, 3))


@pytest.mark.parametrize("batch", BATCHES)
def test_bones_keep_their_lengths(batch: tuple[int, ...]) -> None:
    offsets = _random_offsets()
    world = world_from_joints(SMPL_PARENTS, _random_pose(batch))
    joints = place_joints(SMPL_PARENTS, offsets, torch.randn(*batch, 3, dtype=torch.float64), world)
    lengths = bone_offsets(SMPL_PARENTS, joints)[..., 1:, :].norm(dim=-1)
    torch.testing.assert_close(lengths, offsets[1:].norm(dim=-1).expand(*batch, 23))


def test_without_rotation_joints_lie_at_the_sum_of_their_offsets() -> None:
    offsets = _random_offsets()
    upright = torch.eye(3, dtype=torch.float64).expand(24, 3, 3)
    joints = place_joints(SMPL_PARENTS, offsets, offsets[0], upright)
    torch.testing.assert_close(bone_offsets(SMPL_PARENTS, joints), offsets)


def test_a_turn_of_the_root_turns_every_joint_about_it() -> None:
    offsets, pose, root = _random_offsets(), _random_pose(()), torch.randn(3, dtype=torch.float64)
    turn = roma.random_rotmat(dtype=torch.float64)
    turned = torch.cat([(turn @ pose[0])[None], pose[1:]])
    before = place_joints(SMPL_PARENTS, offsets, root, world_from_joints(SMPL_PARENTS, pose))
    after = place_joints(SMPL_PARENTS, offsets, root, world_from_joints(SMPL_PARENTS, turned))
    torch.testing.assert_close(after - root, (before - root) @ turn.T)


@pytest.mark.parametrize("batch", BATCHES)
def test_offsets_of_each_batch_element_are_its_own(batch: tuple[int, ...]) -> None:
    offsets = torch.randn(*batch, 24, 3, dtype=torch.float64)
    world = world_from_joints(SMPL_PARENTS, _random_pose(batch))
    root = torch.zeros(*batch, 3, dtype=torch.float64)
    together = place_joints(SMPL_PARENTS, offsets, root, world).reshape(-1, 24, 3)
    for index, one in enumerate(together):
        alone = place_joints(
            SMPL_PARENTS,
            offsets.reshape(-1, 24, 3)[index],
            root.reshape(-1, 3)[index],
            world.reshape(-1, 24, 3, 3)[index],
        )
        torch.testing.assert_close(one, alone)
