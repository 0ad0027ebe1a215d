"""Holds standing feet still: the root moves steadily, and each leg bends so that its sole neither slides nor sinks."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.interpolate import PchipInterpolator
from scipy.spatial.transform import Rotation

from models.bodies.body import Body, pose_vertices, rest_joints
from models.skeletons import SMPL_INDEX
from training.retarget import SmplPose, joint_positions

CONTACT_M: Final = 0.004
"""Height over the lowest point of a sole at which a point's share in carrying the body has fallen by e."""
STANCE_M: Final = 0.01
"""A foot stands while its lowest point is within this height of the lower foot's."""
EASE_M: Final = 0.006
"""The root stays this much lower than the mean leg would allow, so that no leg must stretch."""
STRETCH: Final = 0.9995
"""Longest reach of a leg as a share of thigh and shin; a straight knee has no direction to bend."""


@dataclass(frozen=True, eq=False)
class Soles:
    """Skin of the left and of the right foot while the pelvis stays at the origin, at evenly spaced times."""

    left_m: Float[np.ndarray, "times left 3"]
    right_m: Float[np.ndarray, "times right 3"]

    @property
    def both_m(self) -> Float[np.ndarray, "times points 3"]:
        """All points."""
        return np.concatenate([self.left_m, self.right_m], axis=1)


def rest_joints_of(body: Body, betas: Float[np.ndarray, " betas"]) -> Float[np.ndarray, "24 3"]:
    """A body's joints at rest, in double precision."""
    return rest_joints(body, torch.from_numpy(betas).float()).double().numpy()


def soles_of(body: Body, betas: Float[np.ndarray, " betas"], rotation: Float[np.ndarray, "times 24 3 3"]) -> Soles:
    """The skin that only a foot moves, while SMPL's translation is zero."""
    posed = (torch.from_numpy(betas).float(), torch.from_numpy(rotation).float(), torch.zeros(len(rotation), 3))
    feet = [[SMPL_INDEX[f"{side}_{part}"] for part in ("ankle", "foot")] for side in ("left", "right")]
    points = [torch.nonzero(body.skin_matrix[:, joints].sum(dim=1) > 0.9)[:, 0] for joints in feet]
    left_m, right_m = (pose_vertices(body, *posed, chosen).double().numpy() for chosen in points)
    return Soles(left_m, right_m)


def stand(
    body: Body,
    betas: Float[np.ndarray, " betas"],
    rotation: Float[np.ndarray, "times 24 3 3"],
    trans_m: Float[np.ndarray, "times 3"],
) -> tuple[Float[np.ndarray, "times 24 3 3"], Float[np.ndarray, "times 3"]]:
    """The motion of somebody who never lifts a foot: both soles touch the floor at y = 0, and neither slides.

    The steps of time must be small: how a sole rolls is summed up over them.

    Args:
        rotation, trans_m: SMPL's; the height is set anew.
    """
    rest_m = rest_joints_of(body, betas)
    soles = soles_of(body, betas, rotation)
    lowest_m = np.stack([points_m[..., 1].min(axis=1) for points_m in (soles.left_m, soles.right_m)])
    root_m = trans_m.copy()
    root_m[:, 1] -= (lowest_m + trans_m[:, 1]).mean() + EASE_M
    always = np.ones(len(trans_m), bool)
    left_m, right_m = (_shift(points_m, root_m, always) for points_m in (soles.left_m, soles.right_m))
    planted = move_ankles(SmplPose(rotation, root_m + rest_m[0]), rest_m, (left_m, right_m))
    return planted.parent_from_joint, root_m


def steady_root(
    soles: Soles, sway_m: Float[np.ndarray, "times 3"], times_s: Float[np.ndarray, " times"]
) -> Float[np.ndarray, "times 3"]:
    """A root that sways about a way along Z, at the speed and height at which the soles stand on the floor."""
    speed_m_s = np.polyfit(times_s, _carried_m(soles.both_m)[:, 2], 1)[0]
    height_m = -soles.both_m[..., 1].min(axis=1).mean() - EASE_M
    return sway_m + np.stack([np.zeros_like(times_s), np.full_like(times_s, height_m), speed_m_s * times_s], axis=-1)


def foot_shifts(
    soles: Soles, root_m: Float[np.ndarray, "times 3"]
) -> tuple[Float[np.ndarray, "times 3"], Float[np.ndarray, "times 3"]]:
    """How far the left and the right foot must be moved so that each stands still while it stands."""
    lowest_m = soles.both_m[..., 1].min(axis=1)
    left, right = (
        _shift(points_m, root_m, points_m[..., 1].min(axis=1) < lowest_m + STANCE_M)
        for points_m in (soles.left_m, soles.right_m)
    )
    return left, right


def move_ankles(
    pose: SmplPose,
    rest_joints_m: Float[np.ndarray, "24 3"],
    shifts_m: tuple[Float[np.ndarray, "frames 3"], Float[np.ndarray, "frames 3"]],
) -> SmplPose:
    """Bend knees and turn hips so that the ankles move by these shifts; feet keep their orientation in the world."""
    joints_m = joint_positions(pose, rest_joints_m)
    local = pose.parent_from_joint.copy()
    for side, shift_m in zip(("left", "right"), shifts_m, strict=True):
        hip, knee, ankle = (SMPL_INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle"))
        world_from_hip = local[:, 0] @ local[:, hip]
        world_from_knee = world_from_hip @ local[:, knee]
        world_from_ankle = world_from_knee @ local[:, ankle]
        bend, turn = _reach(joints_m[:, [hip, knee, ankle]], joints_m[:, ankle] + shift_m, world_from_hip[..., 0])
        world_from_hip, world_from_knee = turn @ world_from_hip, turn @ bend @ world_from_knee
        local[:, hip] = _inverse(local[:, 0]) @ world_from_hip
        local[:, knee] = _inverse(world_from_hip) @ world_from_knee
        local[:, ankle] = _inverse(world_from_knee) @ world_from_ankle
    return SmplPose(local, pose.pelvis_m)


def _carried_m(points_m: Float[np.ndarray, "times points 3"]) -> Float[np.ndarray, "times 3"]:
    """The way of the root while whatever is lowest stands still, summed up over the steps."""
    height_m = points_m[..., 1] - points_m[..., 1].min(axis=1, keepdims=True)
    share = np.exp(-height_m / CONTACT_M)
    share /= share.sum(axis=1, keepdims=True)
    step_m = -np.einsum("tv,tvc->tc", (share[1:] + share[:-1]) / 2, np.diff(points_m, axis=0))
    return np.concatenate([np.zeros((1, 3)), np.cumsum(step_m, axis=0)])


def _shift(
    points_m: Float[np.ndarray, "times points 3"],
    root_m: Float[np.ndarray, "times 3"],
    stands: Bool[np.ndarray, " times"],
) -> Float[np.ndarray, "times 3"]:
    wanted_m = _carried_m(points_m) - root_m
    to_floor_m = -points_m[..., 1].min(axis=1) - root_m[:, 1]
    stance = np.cumsum(np.diff(stands, prepend=False) & stands) * stands
    for number in range(1, int(stance.max()) + 1):
        wanted_m[stance == number] -= wanted_m[stance == number].mean(axis=0)
    wanted_m[:, 1] = to_floor_m
    time = np.arange(len(root_m))
    shift_m = PchipInterpolator(time[stands], wanted_m[stands])(time)
    shift_m[:, 1] = np.maximum(shift_m[:, 1], to_floor_m)
    return shift_m


def _reach(
    leg_m: Float[np.ndarray, "frames 3 3"],
    target_m: Float[np.ndarray, "frames 3"],
    hinge: Float[np.ndarray, "frames 3"],
) -> tuple[Float[np.ndarray, "frames 3 3"], Float[np.ndarray, "frames 3 3"]]:
    """Turn of the shin about the knee's own axis, then of the whole leg about the hip, that bring the ankle there.

    The knee bends about the side of its own axis on which the hinge lies: an overstretched knee is bent back.
    """
    thigh_m, shin_m = leg_m[:, 1] - leg_m[:, 0], leg_m[:, 2] - leg_m[:, 1]
    upper_m, lower_m = np.linalg.norm(thigh_m, axis=1), np.linalg.norm(shin_m, axis=1)
    span_m = np.minimum(np.linalg.norm(target_m - leg_m[:, 0], axis=1), STRETCH * (upper_m + lower_m))
    axis = np.cross(thigh_m, shin_m)
    side = np.where((axis * hinge).sum(axis=1) < 0, -1.0, 1.0)
    axis *= (side / np.linalg.norm(axis, axis=1))[:, None]
    now_rad = side * np.arccos((thigh_m * shin_m).sum(axis=1) / (upper_m * lower_m))
    then_rad = np.arccos((span_m**2 - upper_m**2 - lower_m**2) / (2 * upper_m * lower_m))
    bend = Rotation.from_rotvec(axis * (then_rad - now_rad)[:, None])
    bent_m = thigh_m + bend.apply(shin_m)
    across = np.cross(bent_m, target_m - leg_m[:, 0])
    size = np.linalg.norm(across, axis=1)
    angle_rad = np.arctan2(size, (bent_m * (target_m - leg_m[:, 0])).sum(axis=1))
    turn = Rotation.from_rotvec(across * (angle_rad / np.maximum(size, 1e-12))[:, None])
    return bend.as_matrix(), turn.as_matrix()


def _inverse(turns: Float[np.ndarray, "frames 3 3"]) -> Float[np.ndarray, "frames 3 3"]:
    return np.swapaxes(turns, -1, -2)
