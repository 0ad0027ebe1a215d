"""Carries a captured motion over to the SMPL tree: segments keep their orientation in the world.

Each segment's rotation differs from its source's by a constant: both at rest, the bones and the axes about which
knees and elbows bend must agree. Nothing is fitted to positions, so other bone lengths do not bend anything.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation

from models.kinematics import bone_offsets, place_joints, world_from_joints
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from training.mocap_clips import MocapClip, WorldPose, rest_pose, world_pose

Turns = Float[np.ndarray, "frames 3 3"]
Turn = Float[np.ndarray, "3 3"]
Vector = Float[np.ndarray, " 3"]

COLLAR_SHARE: Final = 0.6
"""How much of the shoulder's way the collar bone turns; the source's shoulders ride on longer levers."""
CURL_RAD: Final = 0.3
"""Fingers of a hand at ease."""
STANCE_HEIGHT_M: Final = 0.03
STANCE_SPEED_M_S: Final = 0.25
"""A foot stands when its toes are this near to their lowest and its ankle this slow."""
TOE_BEND_MAX_RAD: Final = 0.9
TOE_RELEASE_M: Final = (0.02, 0.1)
"""Toes let go of the floor between these heights above their lowest."""


@dataclass(frozen=True, eq=False)
class SmplPose:
    """A motion on the SMPL tree; the hips' middle is where the source's is, scaled by the length of the legs."""

    parent_from_joint: Float[np.ndarray, "frames 24 3 3"]
    pelvis_m: Float[np.ndarray, "frames 3"]


@dataclass(frozen=True, eq=False)
class _Source:
    clip: MocapClip
    pose: WorldPose
    rest_m: Float[np.ndarray, "joints 3"]

    def turns(self, part: str) -> Turns:
        return self.pose.world_from_joint[:, self.clip.joint_of[part]]

    def points_m(self, part: str) -> Float[np.ndarray, "frames 3"]:
        return self.pose.joints_m[:, self.clip.joint_of[part]]

    def bone_m(self, part: str, child: str) -> Vector:
        return self.rest_m[self.clip.joint_of[child]] - self.rest_m[self.clip.joint_of[part]]


def retarget(clip: MocapClip, rest_joints_m: Float[np.ndarray, "24 3"]) -> SmplPose:
    """Move the motion to a body whose joints lie here at rest.

    The source must stand upright at zero rotation (all families but `cmu_iclone_cc`, whose bones then all point up).
    """
    source = _Source(clip, world_pose(clip), rest_pose(clip))
    axes = _rest_axes(source)
    world: dict[str, Turns] = _trunk(source, axes)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        world |= _leg(source, axes[:, 0], rest_joints_m, side)
        world |= _arm(source, world["spine3"], rest_joints_m, (side, sign))
    world_from_joint = np.stack([world[name] for name in SMPL_INDEX], axis=1)
    return SmplPose(_local(world_from_joint), _pelvis_m(source, world["pelvis"], rest_joints_m))


def joint_positions(pose: SmplPose, rest_joints_m: Float[np.ndarray, "24 3"]) -> Float[np.ndarray, "frames 24 3"]:
    """Where the joints of a body with these rest joints are."""
    rest = torch.from_numpy(rest_joints_m)
    world = world_from_joints(SMPL_PARENTS, torch.from_numpy(pose.parent_from_joint))
    return place_joints(SMPL_PARENTS, bone_offsets(SMPL_PARENTS, rest), torch.from_numpy(pose.pelvis_m), world).numpy()


def _rest_axes(source: _Source) -> Turn:
    """Columns: left, up and forward of the source at rest."""
    left = _unit(source.bone_m("r_hip", "l_hip") * (1, 0, 1))
    up = np.array([0.0, 1, 0])
    return np.stack([left, up, np.cross(left, up)], axis=-1)


def _trunk(source: _Source, axes: Turn) -> dict[str, Turns]:
    pelvis, chest = source.turns("pelvis") @ axes, source.turns("chest") @ axes
    head = source.turns("head" if "head" in source.clip.joint_of else "neck") @ axes
    return {
        "pelvis": pelvis,
        "spine1": _between(pelvis, chest, 1 / 3),
        "spine2": _between(pelvis, chest, 2 / 3),
        "spine3": chest,
        "neck": _between(chest, head, 0.5),
        "head": head,
    } | {f"{side}_collar": _collar(source, chest, axes, side) for side in ("left", "right")}


def _collar(source: _Source, chest: Turns, axes: Turn, side: str) -> Turns:
    part = f"{side[0]}_shoulder"
    reach_m = _rotated(np.swapaxes(chest, -1, -2), source.points_m(part) - source.points_m("chest"))
    swing = _swing(axes.T @ source.bone_m("chest", part), reach_m)
    return chest @ Rotation.from_rotvec(swing.as_rotvec() * COLLAR_SHARE).as_matrix()


def _leg(source: _Source, left: Vector, rest_joints_m: np.ndarray, side: str) -> dict[str, Turns]:
    hip, knee, ankle, toe = (f"{side[0]}_{part}" for part in ("hip", "knee", "ankle", "toe"))
    thigh, shin = _rest_bone(rest_joints_m, f"{side}_hip"), _rest_bone(rest_joints_m, f"{side}_knee")
    own_left = np.array([1.0, 0, 0])
    turns = {
        f"{side}_hip": source.turns(hip) @ _frame(source.bone_m(hip, knee), left) @ _frame(thigh, own_left).T,
        f"{side}_knee": source.turns(knee) @ _frame(source.bone_m(knee, ankle), left) @ _frame(shin, own_left).T,
    }
    foot = _rest_bone(rest_joints_m, f"{side}_ankle")
    turns[f"{side}_ankle"] = source.turns(ankle) @ _sole(source, (ankle, toe), left, foot)
    turns[f"{side}_foot"] = turns[f"{side}_ankle"] @ _toe_bend(turns[f"{side}_ankle"], source.points_m(toe)[:, 1])
    return turns


def _toe_bend(foot: Turns, toe_height_m: Float[np.ndarray, " frames"]) -> Turns:
    """Toes stay flat on the floor while the heel rises; few sources know."""
    heel_up_rad = np.clip(np.arcsin(-foot[:, 1, 2]), 0, TOE_BEND_MAX_RAD)
    near = np.clip((toe_height_m.min() + TOE_RELEASE_M[1] - toe_height_m) / -np.subtract(*TOE_RELEASE_M), 0, 1)
    return Rotation.from_rotvec(-(heel_up_rad * near)[:, None] * (1, 0, 0)).as_matrix()


def _sole(source: _Source, parts: tuple[str, str], left: Vector, foot: Vector) -> Turn:
    """The constant turn that puts the sole flat while the foot stands; from the rest pose if it never does."""
    at_rest = _frame(source.bone_m(*parts) * (1, 0, 1), left) @ _frame(foot * (1, 0, 1), np.array([1.0, 0, 0])).T
    stands = _stands(source, *parts)
    if not stands.any():
        return at_rest
    turns = source.turns(parts[0])[stands]
    ahead = _rotated(turns, np.broadcast_to(source.bone_m(*parts), (len(turns), 3)))
    heading = np.arctan2(ahead[:, 0], ahead[:, 2]) - np.arctan2(foot[0], foot[2])
    flat = Rotation.from_rotvec(heading[:, None] * (0, 1, 0)).as_matrix()
    return (Rotation.from_matrix(np.swapaxes(turns, -1, -2) @ flat)).mean().as_matrix()


def _stands(source: _Source, ankle: str, toe: str) -> Bool[np.ndarray, " frames"]:
    speed_m_s = np.linalg.norm(np.gradient(source.points_m(ankle), axis=0), axis=-1) * source.clip.rate_hz
    height_m = source.points_m(toe)[:, 1]
    return (height_m < height_m.min() + STANCE_HEIGHT_M) & (speed_m_s < STANCE_SPEED_M_S)


def _arm(source: _Source, chest: Turns, rest_joints_m: np.ndarray, side_sign: tuple[str, float]) -> dict[str, Turns]:
    side, sign = side_sign
    shoulder, elbow, wrist = (f"{side[0]}_{part}" for part in ("shoulder", "elbow", "wrist"))
    own_hinge = np.array([0.0, -sign, 0])
    upper_own = _frame(_rest_bone(rest_joints_m, f"{side}_shoulder"), own_hinge)
    fore_own = _frame(_rest_bone(rest_joints_m, f"{side}_elbow"), own_hinge)
    hinges = _elbow_hinge(source, side)
    upper = source.turns(shoulder) @ _frame(source.bone_m(shoulder, elbow), hinges[0]) @ upper_own.T
    fore_from = _frame(source.bone_m(elbow, wrist), hinges[1]) @ fore_own.T
    hand = source.turns(wrist) @ fore_from
    curl = Rotation.from_rotvec((0, 0, -sign * CURL_RAD)).as_matrix()
    return {
        f"{side}_shoulder": upper,
        f"{side}_elbow": source.turns(elbow) @ fore_from,
        f"{side}_wrist": hand,
        f"{side}_hand": hand @ curl,
    }


def _elbow_hinge(source: _Source, side: str) -> tuple[Vector, Vector]:
    """The axis about which the elbow bends in the frames of the upper arm and of the forearm, over the whole clip."""
    shoulder, elbow, wrist = (source.points_m(f"{side[0]}_{part}") for part in ("shoulder", "elbow", "wrist"))
    bend = np.cross(elbow - shoulder, wrist - elbow)
    upper, fore = (
        _rotated(np.swapaxes(source.turns(f"{side[0]}_{part}"), -1, -2), bend).sum(axis=0)
        for part in ("shoulder", "elbow")
    )
    return _unit(upper), _unit(fore)


def _pelvis_m(source: _Source, pelvis: Turns, rest_joints_m: np.ndarray) -> Float[np.ndarray, "frames 3"]:
    middle_m = (source.points_m("l_hip") + source.points_m("r_hip")) / 2
    legs_m = sum(np.linalg.norm(source.bone_m(*pair)) for pair in (("l_hip", "l_knee"), ("l_knee", "l_ankle")))
    own_m = sum(np.linalg.norm(_rest_bone(rest_joints_m, joint)) for joint in ("left_hip", "left_knee"))
    hips_m = rest_joints_m[[SMPL_INDEX["left_hip"], SMPL_INDEX["right_hip"]]].mean(axis=0)
    return middle_m * (own_m / legs_m) - pelvis @ (hips_m - rest_joints_m[0])


def _rest_bone(rest_joints_m: np.ndarray, joint: str) -> Vector:
    """From a joint of the SMPL tree to its first child."""
    index = SMPL_INDEX[joint]
    return rest_joints_m[SMPL_PARENTS.index(index)] - rest_joints_m[index]


def _local(world_from_joint: Float[np.ndarray, "frames 24 3 3"]) -> Float[np.ndarray, "frames 24 3 3"]:
    local = world_from_joint.copy()
    local[:, 1:] = np.swapaxes(world_from_joint[:, SMPL_PARENTS[1:]], -1, -2) @ world_from_joint[:, 1:]
    return local


def _frame(along: Vector, aside: Vector) -> Turn:
    """Columns: a bone's direction, the part of the axis square to it, and their cross product."""
    first = _unit(along)
    second = _unit(aside - (aside @ first) * first)
    return np.stack([first, second, np.cross(first, second)], axis=-1)


def _between(start: Turns, end: Turns, share: float) -> Turns:
    way = Rotation.from_matrix(np.swapaxes(start, -1, -2) @ end).as_rotvec()
    return start @ Rotation.from_rotvec(way * share).as_matrix()


def _swing(start: Vector, end: Float[np.ndarray, "frames 3"]) -> Rotation:
    """The shortest turns from one direction to others."""
    axis = np.cross(_unit(start), end / np.linalg.norm(end, axis=-1, keepdims=True))
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    cosine = (end @ _unit(start))[:, None] / np.linalg.norm(end, axis=-1, keepdims=True)
    return Rotation.from_rotvec(axis / np.maximum(sine, 1e-12) * np.arctan2(sine, cosine))


def _rotated(turns: Turns, vectors: Float[np.ndarray, "frames 3"]) -> Float[np.ndarray, "frames 3"]:
    return (turns @ vectors[..., None])[..., 0]


def _unit(vector: Vector) -> Vector:
    return vector / np.linalg.norm(vector)
