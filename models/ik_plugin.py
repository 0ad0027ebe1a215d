"""Improves another estimator's motion with keypoints: what is wrong with it constantly or slowly is taken out.

Another estimator's rotations are often smooth, plausible and wrong by much the same turn all through a clip: a heading,
a joint's zero. Keypoints are right on average and shaky. So the turn between the two is followed through time, joint
by joint, as a constant and a slow drift (models/slow_offset.py), the keypoints counting by how sure inverse kinematics
is of them; the corrected motion is then the prior of a last solution. What the points cannot show, twists above all,
stays the given motion's where it is surer.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import roma
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from models.ik import solve_guess
from models.ik_refine import parent_from_joints
from models.ik_steady import steady_points
from models.keypoints import Keypoints
from models.kinematics import world_from_joints
from models.nets.inputs import BeforeKind
from models.nets.pose_guess import bone_noise, guess_pose
from models.nets.pose_net import PoseNet
from models.pose_guess import Guess
from models.rig import Pose, Rig, rig_points
from models.rotations import unit
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from models.slow_offset import Slowness, find_offset

DRIFT_S: Final = 0.5
HEADING: Final = Slowness(constant_sd=0.25, drift_sd=0.03, drift_frames=1.0)
JOINT: Final = Slowness(constant_sd=0.1, drift_sd=0.08, drift_frames=1.0)
WAY: Final = Slowness(constant_sd=0.3, drift_sd=0.05, drift_frames=1.0)
"""How far other estimators are off, in radians (the way in metres): assumptions, about twice what the plug-in's own
test draws. Frames are put in with the rate."""
LEFT_SD_RAD: Final = (0.04, 0.03, 0.03)
"""Of what is left in a corrected rotation, each time that it is corrected."""
WAY_SD_M: Final = 0.02
"""Of the pelvis as it is found from the points of one frame."""
TWIST_MEMORY: Final = 15.0
"""Frames in a row whose guessed twists are wrong together, and count as one."""
LEAST_NOISE_M: Final = 1e-3
TRUNK: Final = (SMPL_INDEX["pelvis"], SMPL_INDEX["spine3"])
GARBAGE_RAD: Final = math.radians(60)
"""A frame whose trunk the given motion turns this far from where the points show it, beyond its heading, is refused."""
GROSS_SD: Final = 4.0
GROSS_M: Final = 0.05
"""A point so many standard deviations and at least so far from the improved body is said to be refused."""
HAS_BONE: Final = tuple(float(joint in SMPL_PARENTS) for joint in range(len(SMPL_PARENTS)))
BONE_END: Final = tuple(SMPL_PARENTS.index(joint) if joint in SMPL_PARENTS else 0 for joint in range(len(SMPL_PARENTS)))
ROOT_SD_RAD: Final = 0.15
"""Of the root's turn from the points of one frame, with tails."""


@dataclass(frozen=True, eq=False)
class Improved:
    """Attributes:
    pose: of every frame.
    motion_refused: frames whose given pose did not count.
    point_refused: points that are seen and lie where they cannot.
    """

    pose: Pose
    motion_refused: Bool[Tensor, "*batch frames"]
    point_refused: Bool[Tensor, "*batch frames points"]


def improve_motion(rig: Rig, keypoints: Keypoints, given: Pose, *, net: PoseNet, steps: int) -> Improved:
    """Bring a whole motion into line with keypoints.

    Args:
        rig: its shape axes broadcast against the keypoints' batch axes and frames.
        given: another estimator's motion, for every frame.
        steps: of refinement.
    """
    points = steady_points(rig, keypoints)
    guess = guess_pose(net, rig, points, before=given, before_kind=BeforeKind.ESTIMATE)
    pose = solve_guess(rig, points, guess, steps=steps).pose
    turned = _take_out_heading(given, pose, keypoints.rate_hz)
    refused = _trunk_gap_rad(turned, pose) > GARBAGE_RAD
    alone = guess_pose(net, rig, points)
    for left_sd_rad in LEFT_SD_RAD:
        corrected = _take_out_joints(rig, turned, (guess, pose), refused, keypoints.rate_hz)
        prior = replace(
            guess,
            world_from_joint=torch.where(refused[..., None, None, None], alone.world_from_joint, corrected),
            swing_sd_rad=torch.where(refused[..., None], alone.swing_sd_rad, left_sd_rad),
            twist_sd_rad=torch.where(refused[..., None], alone.twist_sd_rad, left_sd_rad),
        )
        pose = solve_guess(rig, points, prior, steps=steps).pose
    pose = Pose(pose.world_from_joint, _steadied(given.root_m, pose.root_m, refused, keypoints.rate_hz))
    away_m = (rig_points(rig, pose) - keypoints.points_m).norm(dim=-1)
    noise_m = torch.maximum(guess.noise_m, bone_noise(rig, keypoints))
    gross = away_m > (GROSS_SD * noise_m).clamp_min(GROSS_M)[..., None]
    return Improved(pose, refused, gross & (keypoints.confidence > 0))


def _steadied(
    given_m: Float[Tensor, "*batch frames 3"],
    found_m: Float[Tensor, "*batch frames 3"],
    refused: Bool[Tensor, "*batch frames"],
    rate_hz: float,
) -> Float[Tensor, "*batch frames 3"]:
    """The way that was found without its shaking, where the given way is to be had for comparison."""
    precision = ((~refused) / WAY_SD_M**2)[..., None, :]
    offset_m = find_offset((found_m - given_m).mT, precision, _in_frames(WAY, rate_hz)).mT
    return torch.where(refused[..., None], found_m, given_m + offset_m)


def _take_out_heading(given: Pose, alone: Pose, rate_hz: float) -> Float[Tensor, "*batch frames 24 3 3"]:
    """The given rotations against the parent, the root turned in the world."""
    local = parent_from_joints(given.world_from_joint)
    gap = roma.rotmat_to_rotvec(alone.world_from_joint[..., 0, :, :] @ local[..., 0, :, :].mT)
    middle = gap.median(dim=-2, keepdim=True).values
    belief = 1 / (1 + ((gap - middle).norm(dim=-1) / ROOT_SD_RAD).square())
    offset = find_offset(gap.mT, (belief / ROOT_SD_RAD**2)[..., None, :], _in_frames(HEADING, rate_hz)).mT
    turned = local.clone()
    turned[..., 0, :, :] = roma.rotvec_to_rotmat(offset) @ local[..., 0, :, :]
    return turned


def _trunk_gap_rad(local: Float[Tensor, "*batch frames 24 3 3"], alone: Pose) -> Float[Tensor, "*batch frames"]:
    """The larger of the angles between pelvis and pelvis, chest and chest."""
    world = world_from_joints(SMPL_PARENTS, local)[..., TRUNK, :, :]
    return roma.rotmat_geodesic_distance(world, alone.world_from_joint[..., TRUNK, :, :]).amax(-1)


def _take_out_joints(
    rig: Rig,
    local: Float[Tensor, "*batch frames 24 3 3"],
    measured: tuple[Guess, Pose],
    refused: Bool[Tensor, "*batch frames"],
    rate_hz: float,
) -> Float[Tensor, "*batch frames 24 3 3"]:
    """World rotations of the given motion after each joint's offset, found about the bone and across it apart."""
    guess, alone = measured
    gap = roma.rotmat_to_rotvec(local.mT @ parent_from_joints(alone.world_from_joint))
    bone_m = rig.offset_m[..., BONE_END, :] * rig.offset_m.new_tensor(HAS_BONE)[:, None]
    axis = unit(bone_m).expand_as(gap)
    twist = (gap * axis).sum(-1, keepdim=True)
    used = (~refused)[..., None]
    noise_m = guess.noise_m.clamp_min(LEAST_NOISE_M)[..., None]
    swing_precision = used * (guess.swing_sd_rad**-2 + bone_m.square().sum(-1) / (2 * noise_m**2))
    twist_precision = used * (guess.twist_sd_rad**-2 / TWIST_MEMORY)
    slowness = _in_frames(JOINT, rate_hz)
    swung = find_offset(_last(gap - twist * axis), _last(swing_precision[..., None]), slowness)
    twisted = find_offset(_last(twist), _last(twist_precision[..., None]), slowness)
    offset = swung.movedim(-1, -3) + twisted.movedim(-1, -3) * axis
    return world_from_joints(SMPL_PARENTS, local @ roma.rotvec_to_rotmat(offset))


def _last(value: Float[Tensor, "*batch frames joints axes"]) -> Float[Tensor, "*batch joints axes frames"]:
    return value.movedim(-3, -1)


def _in_frames(slowness: Slowness, rate_hz: float) -> Slowness:
    return replace(slowness, drift_frames=DRIFT_S * rate_hz)
