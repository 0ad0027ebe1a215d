"""Deep IK's frame: trunks from their own joints, limbs mirrored exactly, no NaN; and its weights know something."""

from dataclasses import replace

import pytest
import roma
import torch

from benchmark.baselines.deep_ik import shipped_net, solve, turn_limb
from benchmark.baselines.deep_ik_net import WINDOW, DeepIkNet
from models.rig import Pose, rig_joints
from models.skeletons import SMPL_INDEX
from tests.benchmark.test_learnable_smplify import problem

FLIP = torch.tensor([-1.0, 1.0, 1.0])


def nets() -> dict[str, DeepIkNet]:
    torch.manual_seed(0)
    return {kind: DeepIkNet(8).requires_grad_(False) for kind in ("arm", "leg")}


def test_a_mirrored_path_gives_the_mirrored_limb() -> None:
    end = torch.randn(2, 12, 3, generator=torch.Generator().manual_seed(0)) * 0.4
    left, right = turn_limb(nets()["arm"], "left_arm", end), turn_limb(nets()["arm"], "right_arm", FLIP * end)
    for turn, twin in zip(left, right, strict=True):
        assert torch.equal(FLIP[:, None] * FLIP * turn, twin)


def test_a_frame_depends_on_its_own_window_only() -> None:
    end = torch.randn(1, 20, 3, generator=torch.Generator().manual_seed(0)) * 0.4
    changed = end.clone()
    changed[:, 0] += 0.2
    before, after = (turn_limb(nets()["leg"], "left_leg", path)[0] for path in (end, changed))
    same = (before - after).abs().amax((0, 2, 3)) < 1e-6
    assert same.tolist() == [False] * WINDOW + [True] * (20 - WINDOW)


def test_pelvis_and_chest_of_a_stiff_trunk_are_found_exactly() -> None:
    given, truth = problem("smpl24")
    world = truth.world_from_joint.clone()
    chain = [SMPL_INDEX[name] for name in ("spine1", "spine2", "spine3", "neck", "left_collar", "right_collar")]
    world[:, :, chain] = world[:, :, :1]
    stiff = Pose(world, truth.root_m)
    points = replace(given.keypoints, points_m=rig_joints(given.rig, stiff))
    found = solve(replace(given, keypoints=points), nets())
    trunk = [SMPL_INDEX["pelvis"], SMPL_INDEX["spine2"], SMPL_INDEX["spine3"]]
    off = roma.rotmat_geodesic_distance(found.world_from_joint[:, :, trunk], world[:, :, trunk])
    assert off.max() < 5e-3


@pytest.mark.parametrize("set_name", ["smpl24", "body25", "blazepose33", "h36m17"])
def test_nothing_seen_gives_a_pose_all_the_same(set_name: str) -> None:
    given, _ = problem(set_name)
    blind = replace(given.keypoints, confidence=torch.zeros_like(given.keypoints.confidence))
    pose = solve(replace(given, keypoints=blind), nets())
    assert pose.world_from_joint.isfinite().all()
    assert pose.root_m.isfinite().all()
    turn = pose.world_from_joint
    torch.testing.assert_close(turn @ turn.mT, torch.eye(3).expand_as(turn), atol=1e-4, rtol=0)


def test_the_shipped_network_knows_how_a_hanging_arm_lies() -> None:
    hanging = torch.tensor([0.05, -0.97, 0.05]).expand(1, WINDOW, 3)
    upper, _ = turn_limb(shipped_net("arm"), "left_arm", hanging)
    down = (upper @ torch.tensor([1.0, 0.0, 0.0]))[0, -1]
    assert down[1] < -0.85
