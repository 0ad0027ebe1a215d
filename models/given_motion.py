"""Another program's motion laid into the world of keypoints, and the two brought into line.

The worlds of two programs differ by a turn about the vertical and a shift, constant over the clip: both are found from
the pose that the keypoints show by themselves, and taken out before the motion is improved.
"""

import math
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from models.ik import solve_pose
from models.ik_refine import parent_from_joints
from models.keypoints import Keypoints
from models.kinematics import world_from_joints
from models.nets.pose_net import PoseNet
from models.rig import Pose, Rig, rig_points
from models.skeletons import SMPL_PARENTS

PELVIS_FEW: Final = 6
"""Fewer seen points do not show how somebody stands."""


@dataclass(frozen=True, eq=False)
class Laid:
    """A motion in the keypoints' world.

    Attributes:
        pose: of every frame.
        turned_rad: about the vertical.
    """

    pose: Pose
    turned_rad: float


def lay_into_world(rig: Rig, keypoints: Keypoints, given: Pose, *, net: PoseNet, steps: int, has_way: bool) -> Laid:
    """Turn and shift a motion as a whole to where keypoints show the person.

    Args:
        given: of every frame of the keypoints.
        has_way: False where the motion stays in place: then the keypoints' way is taken.
    """
    alone = solve_pose(rig, keypoints, net=net, steps=steps).pose
    seen = (keypoints.confidence > 0).sum(-1) >= PELVIS_FEW
    seen = seen if seen.any() else torch.ones_like(seen)
    gap = alone.world_from_joint[seen, 0] @ given.world_from_joint[seen, 0].mT
    yaw = torch.stack([gap[:, 0, 2] - gap[:, 2, 0], gap[:, 0, 0] + gap[:, 2, 2]], dim=-1)
    middle = torch.nn.functional.normalize(yaw, dim=-1).mean(0)
    angle = math.atan2(float(middle[0]), float(middle[1]))
    turn = _about_up(angle).to(given.root_m)
    turns = turn @ given.world_from_joint
    if not has_way:
        return Laid(Pose(turns, alone.root_m), angle)
    root_m = given.root_m @ turn.mT
    shift_m = (alone.root_m - root_m)[seen].median(0).values
    return Laid(Pose(turns, root_m + shift_m), angle)


@dataclass(frozen=True, eq=False)
class Changes:
    """What an improvement did.

    Attributes:
        turned_rad: of each joint against its parent.
        moved_m: of each joint in the world.
        away_before_m, away_after_m: the median distance of seen points from the body; 0 where none is seen.
    """

    turned_rad: Float[Tensor, "frames 24"]
    moved_m: Float[Tensor, "frames 24"]
    away_before_m: Float[Tensor, " frames"]
    away_after_m: Float[Tensor, " frames"]


def changes_of(rig: Rig, joints_rig: Rig, keypoints: Keypoints, before: Pose, after: Pose) -> Changes:
    """How two motions on the same body differ, and how far each is from the points.

    Args:
        rig: for the keypoints' set.
        joints_rig: of the same body, for its 24 joints.
    """
    gap = parent_from_joints(before.world_from_joint).mT @ parent_from_joints(after.world_from_joint)
    cosine = ((gap.diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2).clamp(-1, 1)
    moved_m = (rig_points(joints_rig, after) - rig_points(joints_rig, before)).norm(dim=-1)
    seen = keypoints.confidence > 0
    away = [_middle_away(rig, keypoints.points_m, seen, pose) for pose in (before, after)]
    return Changes(cosine.arccos(), moved_m, *away)


def posed(local: Float[Tensor, "frames 24 3 3"], root_m: Float[Tensor, "frames 3"]) -> Pose:
    """A pose from rotations against the parent."""
    return Pose(world_from_joints(SMPL_PARENTS, local), root_m)


def _middle_away(rig: Rig, points_m: Tensor, seen: Bool[Tensor, "frames points"], pose: Pose) -> Tensor:
    away_m = (rig_points(rig, pose) - points_m).norm(dim=-1)
    return torch.where(seen, away_m, torch.nan).nanmedian(-1).values.nan_to_num()


def _about_up(angle_rad: float) -> Float[Tensor, "3 3"]:
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    return torch.tensor([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
