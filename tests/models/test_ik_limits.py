"""Limits hold in every answer, whatever is seen and guessed; an independent measure reads them off."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from models.ik import solve_guess
from models.ik_limits import LIMITS, limit_table
from models.ik_refine import parent_from_joints
from models.keypoints import Keypoints
from models.pose_guess import Guess
from models.skeletons import SMPL_JOINTS
from tests.models.ik_case import case

SLACK = math.radians(0.1)
"""Single precision, and the readings' own."""


def garbage(frames: int) -> tuple[Keypoints, Guess]:
    random = torch.Generator().manual_seed(3)
    world = torch.from_numpy(Rotation.random(frames * 24, random_state=1).as_matrix()).float()
    guess = Guess(
        world.unflatten(0, (frames, 24)),
        torch.rand(frames, 24, generator=random) * 2,
        torch.rand(frames, 24, generator=random) * 2,
        torch.rand(frames, generator=random) * 0.1,
    )
    return Keypoints("smpl24", torch.randn(frames, 24, 3, generator=random), torch.ones(frames, 24), 30.0), guess


def excess(part: str, local: np.ndarray, *, mirrored: bool) -> float:
    """By how many radians a left joint leaves its limits at most."""
    limit = LIMITS[part]
    if mirrored:
        mirror = np.diag([-1.0, 1.0, 1.0])
        local = mirror @ local @ mirror
    bone = np.array(limit.bone)
    way = local @ bone
    if limit.side_deg:
        hinge = np.array(limit.hinge)
        side = np.abs(np.arcsin(np.clip(way @ hinge, -1, 1))) - np.radians(limit.side_deg)
        bend = np.degrees(np.arctan2(way @ np.cross(hinge, bone), way @ bone))
        over = np.maximum(limit.bend_deg[0] - bend, bend - limit.bend_deg[1])
        swung = np.maximum(side, np.radians(over))
    else:
        cone = np.array(limit.cone) / np.linalg.norm(limit.cone)
        swung = np.arccos(np.clip(way @ cone, -1, 1)) - np.radians(limit.cone_deg)
    half = np.concatenate([np.cross(bone, way), 1 + way @ bone[:, None]], axis=1)
    twist = (Rotation.from_quat(half).inv() * Rotation.from_matrix(local)).as_rotvec() @ bone
    low, high = np.radians(limit.twist_deg)
    return float(np.maximum(swung, np.maximum(low - twist, twist - high)).max())


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_no_joint_leaves_its_limits_whatever_is_seen(steps: int) -> None:
    keypoints, guess = garbage(400)
    found = solve_guess(case().rig, keypoints, guess, steps=steps).pose
    local = parent_from_joints(found.world_from_joint).double().numpy()
    for joint, name in enumerate(SMPL_JOINTS[1:], start=1):
        side, _, part = name.rpartition("_")
        assert excess(part, local[:, joint], mirrored=side == "right") < SLACK, name


def test_every_joint_but_the_root_has_a_limit_and_sides_mirror() -> None:
    table = limit_table()
    assert (table[1:, 0] > 0).all() and table[0, 0] == 0
    assert (table[:, 14] <= 0).all() and (table[:, 15] >= 0).all()


def test_rest_is_within_all_limits() -> None:
    rest = np.broadcast_to(np.eye(3), (1, 3, 3))
    for part in LIMITS:
        assert excess(part, rest, mirrored=False) < 0, part
