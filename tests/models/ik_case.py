"""Poses with what a solver is given of them: points, and a guess that is off by a known amount."""

from dataclasses import dataclass, replace

import roma
import torch
from torch import Tensor

from models.ik import solve_guess
from models.ik_kernels_swing import CHILD
from models.ik_refine import parent_from_joints
from models.keypoints import Keypoints
from models.kinematics import world_from_joints
from models.pose_guess import Guess
from models.rig import Pose, Rig, make_rig, rig_points
from models.skeletons import SMPL_PARENTS
from tests.models.toy_body import plausible_pose, toy_body


@dataclass(frozen=True)
class Case:
    rig: Rig
    truth: Pose
    keypoints: Keypoints
    guess: Guess


def case(
    frames: int = 40, set_name: str = "smpl24", noise_m: float = 0.0, swing_rad: float = 0.1, twist_rad: float = 0.15
) -> Case:
    """One sequence on a toy body whose limbs' landmarks lie on its joints."""
    random = torch.Generator().manual_seed(7)
    body = toy_body(torch.float32, landmarks_at_joints=True)
    rig = make_rig(body, torch.linspace(-1, 1, body.beta_count), set_name)
    local = within_limits(rig, plausible_pose(frames, seed=2).float())
    root_m = torch.randn(frames, 3, generator=random)
    truth = Pose(world_from_joints(SMPL_PARENTS, local), root_m)
    points_m = rig_points(rig, truth)
    points_m = points_m + noise_m * torch.randn(points_m.shape, generator=random)
    off = torch.randn(frames, 24, 3, generator=random)
    bone = torch.nn.functional.normalize(rig.offset_m[torch.from_numpy(CHILD).clamp_min(0)], dim=-1)
    along = (off * bone).sum(-1, keepdim=True) * bone
    guessed = local @ roma.rotvec_to_rotmat(swing_rad * (off - along) + twist_rad * along)
    guess = Guess(
        world_from_joint=world_from_joints(SMPL_PARENTS, guessed),
        swing_sd_rad=torch.full((frames, 24), swing_rad),
        twist_sd_rad=torch.full((frames, 24), twist_rad),
        noise_m=torch.full((frames,), noise_m),
    )
    return Case(rig, truth, Keypoints(set_name, points_m, torch.ones(points_m.shape[:-1]), 30.0), guess)


def within_limits(rig: Rig, local: Tensor) -> Tensor:
    """What the solver makes of a guess when nothing is seen."""
    frames = len(local)
    nothing = Keypoints(
        rig.set_name, torch.zeros(frames, rig.point_count, 3), torch.zeros(frames, rig.point_count), 30.0
    )
    sure = torch.full((frames, 24), 0.1)
    guess = Guess(world_from_joints(SMPL_PARENTS, local), sure, sure, torch.zeros(frames))
    return parent_from_joints(solve_guess(rig, nothing, guess, steps=0).pose.world_from_joint)


def turned(pose: Pose, turn: Tensor, shift_m: Tensor) -> Pose:
    return Pose(turn @ pose.world_from_joint, pose.root_m @ turn.mT + shift_m)


def doubled(given: Case) -> Case:
    """The same in double precision."""
    rig = replace(given.rig, **{
        name: getattr(given.rig, name).double() for name in ("pelvis_m", "offset_m", "share", "lever_m")
    })  # fmt: skip
    return Case(
        rig,
        Pose(given.truth.world_from_joint.double(), given.truth.root_m.double()),
        replace(
            given.keypoints, points_m=given.keypoints.points_m.double(), confidence=given.keypoints.confidence.double()
        ),
        Guess(*(getattr(given.guess, name).double() for name in Guess.__dataclass_fields__)),
    )
