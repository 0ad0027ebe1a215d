"""How the segments of a skeleton family lie against ours: one constant turn for each, the same for all its clips.

A limb's bone and the axis about which its knee or elbow bends must agree; the hinge is read off the family's own joint
rotations, which turn about one axis only. Trunk, collars and hands agree with the way the rest pose faces. Where a
family's rest pose does not stand (all bones point up), the trunk is upright where its people stand at ease, and so is
every family's head. Soles and toes are flat where the foot stands. Positions only tell who stands and where he faces.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation

from models.errors import InputError
from training.mocap_clips import MocapClip, WorldPose, rest_pose, world_pose
from training.true_motion import rest_bone

Turn = Float[np.ndarray, "3 3"]
Vector = Float[np.ndarray, " 3"]

SIDES: Final = (("left", 1.0), ("right", -1.0))
NEEDED_PARTS: Final = frozenset(
    {"pelvis", "chest"} | {f"{side}_{part}" for side in "lr" for part in
                           ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")}
)  # fmt: skip
STANCE_HEIGHT_M: Final = 0.03
STANCE_SPEED_M_S: Final = 0.25
"""A foot stands when its toes are this near to the clip's lowest and its ankle this slow."""
EASE_LEAN_RAD: Final = 0.2
EASE_KNEE_RAD: Final = 0.6
"""Someone stands at ease when the lines from hips to shoulders lean this little and both knees bend this little."""
HEAD_FRAMES: Final = 500
"""A head is level where people stand at ease, as rest poses bow it, but fewer frames tell one person's gaze."""
NEAR_RAD: Final = 0.6
"""Turns farther from their mean do not count: captures have clips with a foot on backwards."""
TOE_MOVES_RAD: Final = 0.02
"""A toe joint that turns less than this over the family's clips does not count as one."""


@dataclass(frozen=True, eq=False)
class Segment:
    """A joint of the source that carries a segment of ours: world_from_ours = world_from_source @ source_from_ours."""

    joint: int
    source_from_ours: Turn


@dataclass(frozen=True, eq=False)
class FamilyRest:
    """What carries what.

    Attributes:
        spine: from the pelvis up to the chest.
        neck: from the chest up to the head; only the chest where the source has no head.
        limbs: by the name of our joint; foot and collar are left out where the source has none that turn.
    """

    spine: tuple[Segment, ...]
    neck: tuple[Segment, ...]
    limbs: Mapping[str, Segment]


@dataclass(frozen=True, eq=False)
class _Family:
    clips: Sequence[MocapClip]
    poses: Sequence[WorldPose]
    rest_m: Float[np.ndarray, "joints 3"]

    @property
    def stands(self) -> bool:
        """At rest."""
        return bool(self.rest_m[self.joint("l_hip"), 1] > self.rest_m[self.joint("l_ankle"), 1])

    def joint(self, part: str) -> int:
        return self.clips[0].joint_of[part]

    def bone(self, start: str, end: str) -> Vector:
        """Direction in the start's frame; all are aligned with the world at rest."""
        return _unit(self.rest_m[self.joint(end)] - self.rest_m[self.joint(start)])

    def hinge(self, joint: int) -> Vector:
        """The axis about which a joint bends, the same in its parent's frame and in its own."""
        local = np.concatenate([clip.parent_from_joint[:, joint] for clip in self.clips])
        bend = Rotation.from_matrix(local).as_rotvec().sum(axis=0)
        if np.linalg.norm(bend) < 1e-6 * len(local):
            raise InputError(
                f"joint {self.clips[0].joints[joint]!r} of {self.clips[0].family!r} never bends",
                "give clips in which knees and elbows bend",
            )
        return _unit(bend)


def family_rest(clips: Sequence[MocapClip], rest_joints_m: Float[np.ndarray, "24 3"]) -> FamilyRest:
    """Find the constants of a family.

    Args:
        clips: of one family: the same joints and rest pose, bones of any length.
        rest_joints_m: our body at rest.

    Raises:
        InputError: parts are missing, a hinge never bends, or what cannot be told from the rest pose is never shown.
    """
    first = clips[0]
    if missing := sorted(NEEDED_PARTS - set(first.joint_of)):
        raise InputError(f"{first.family!r} has no {', '.join(missing)}", "name these joints in canon and canon_idx")
    rest_m = np.mean([rest_pose(clip) for clip in clips], axis=0)
    family = _Family(clips, [world_pose(clip) for clip in clips], rest_m)
    axes = _rest_axes(family)
    spine = (family.joint("pelvis"), *_path(first, "pelvis", "chest"))
    top = next((part for part in ("head", "neck") if part in first.joint_of), "chest")
    neck = (family.joint("chest"), *_path(first, "chest", top))
    upright = {joint: axes if family.stands else _upright(family, joint, axes, 1) for joint in {*spine, *neck}}
    if len(neck) > 1:
        upright[neck[-1]] = _upright(family, neck[-1], axes, HEAD_FRAMES if family.stands else 1)
    limbs: dict[str, Segment] = {}
    for side, sign in SIDES:
        limbs |= _leg(family, axes, rest_joints_m, side)
        limbs |= _arm(family, axes, rest_joints_m, (side, sign))
        limbs |= _collar(family, upright[family.joint("chest")], axes if family.stands else None, side)
    return FamilyRest(
        tuple(Segment(joint, upright[joint]) for joint in spine),
        tuple(Segment(joint, upright[joint]) for joint in neck),
        limbs,
    )


def _rest_axes(family: _Family) -> Turn:
    """Columns: left, up and forward of the source at rest."""
    left = _unit(family.bone("r_hip", "l_hip") * (1, 0, 1))
    up = np.array([0.0, 1, 0])
    return np.stack([left, up, np.cross(left, up)], axis=-1)


def _path(clip: MocapClip, start: str, end: str) -> tuple[int, ...]:
    """Joints below the start down to the end; the end alone where it does not hang on the start."""
    joint, path = clip.joint_of[end], list[int]()
    while joint not in (clip.joint_of[start], -1):
        path.insert(0, joint)
        joint = clip.parents[joint]
    return tuple(path) if joint >= 0 else (clip.joint_of[end],)


def _upright(family: _Family, joint: int, axes: Turn, frames: int) -> Turn:
    """Upright where people stand at ease; left and right are alike, so only the pitch is told by the data.

    Where fewer frames than asked for show it the rest pose counts; where one is enough there must be one.
    """
    left_joint, right_joint = family.joint("l_hip"), family.joint("r_hip")
    turns: list[np.ndarray] = []
    for clip, pose in zip(family.clips, family.poses, strict=True):
        at_ease = _at_ease(clip, pose)
        left = (pose.joints_m[:, left_joint] - pose.joints_m[:, right_joint])[at_ease]
        heading = Rotation.from_rotvec(np.arctan2(-left[:, 2], left[:, 0])[:, None] * (0, 1, 0)).as_matrix()
        turns.append(np.swapaxes(pose.world_from_joint[at_ease, joint], -1, -2) @ heading @ axes.T)
    gathered = np.concatenate(turns)
    if len(gathered) < frames > 1:
        return axes
    if len(gathered) == 0:
        raise InputError(
            f"{family.clips[0].family!r} does not stand at rest, nor does anybody in its clips",
            "give clips with people who stand",
        )
    quaternion = Rotation.from_matrix(_common(gathered)).as_quat()
    pitch = Rotation.from_rotvec(2 * np.arctan2(quaternion[:3] @ axes[:, 0], quaternion[3]) * axes[:, 0])
    return pitch.as_matrix() @ axes


def _at_ease(clip: MocapClip, pose: WorldPose) -> Bool[np.ndarray, " frames"]:
    def bone(start: str, end: str) -> Float[np.ndarray, "frames 3"]:
        way = pose.joints_m[:, clip.joint_of[end]] - pose.joints_m[:, clip.joint_of[start]]
        return way / np.linalg.norm(way, axis=-1, keepdims=True)

    trunk = bone("l_hip", "l_shoulder") + bone("r_hip", "r_shoulder")
    upright = trunk[:, 1] / np.linalg.norm(trunk, axis=-1) > np.cos(EASE_LEAN_RAD)
    for side in "lr":
        thigh, shin = bone(f"{side}_hip", f"{side}_knee"), bone(f"{side}_knee", f"{side}_ankle")
        upright &= (thigh * shin).sum(axis=-1) > np.cos(EASE_KNEE_RAD)
    return upright


def _collar(family: _Family, chest: Turn, axes: Turn | None, side: str) -> dict[str, Segment]:
    """At rest with the chest: as the rest pose has it if it stands, else on the average."""
    first = family.clips[0]
    path = _path(first, "chest", f"{side[0]}_shoulder")
    if len(path) < 2:
        return {}
    collar = path[-2]
    if axes is not None:
        return {f"{side}_collar": Segment(collar, axes)}
    turns = [
        np.swapaxes(pose.world_from_joint[:, collar], -1, -2) @ pose.world_from_joint[:, family.joint("chest")]
        for pose in family.poses
    ]
    mean = Rotation.from_matrix(np.concatenate(turns)).mean().as_matrix()
    return {f"{side}_collar": Segment(collar, mean @ chest)}


def _leg(family: _Family, axes: Turn, rest_joints_m: np.ndarray, side: str) -> dict[str, Segment]:
    hip, knee, ankle, toe = (f"{side[0]}_{part}" for part in ("hip", "knee", "ankle", "toe"))
    hinge = family.hinge(family.joint(knee))
    own_hinge = np.array([1.0, 0, 0])
    thigh = _frame(rest_bone(rest_joints_m, f"{side}_hip"), own_hinge)
    shin = _frame(rest_bone(rest_joints_m, f"{side}_knee"), own_hinge)
    foot = rest_bone(rest_joints_m, f"{side}_ankle")
    segments = {
        f"{side}_hip": Segment(family.joint(hip), _frame(family.bone(hip, knee), hinge) @ thigh.T),
        f"{side}_knee": Segment(family.joint(knee), _frame(family.bone(knee, ankle), hinge) @ shin.T),
        f"{side}_ankle": Segment(family.joint(ankle), _sole(family, ankle, side, foot, axes)),
    }
    if toe in family.clips[0].joint_of and _turns(family, family.joint(toe)):
        segments[f"{side}_foot"] = Segment(family.joint(toe), _sole(family, toe, side, foot, axes))
    return segments


def _turns(family: _Family, joint: int) -> bool:
    local = Rotation.from_matrix(np.concatenate([clip.parent_from_joint[:, joint] for clip in family.clips]))
    return float((local.mean().inv() * local).magnitude().max()) > TOE_MOVES_RAD


def _sole(family: _Family, part: str, side: str, foot: Vector, axes: Turn) -> Turn:
    """The constant turn that puts foot or toes flat while the foot stands; the rest pose's if it never does."""
    ankle, toe = f"{side[0]}_ankle", f"{side[0]}_toe"
    if toe not in family.clips[0].joint_of:
        return axes
    turns: list[np.ndarray] = []
    for clip, pose in zip(family.clips, family.poses, strict=True):
        stands = _stands(clip, pose, ankle, toe)
        ahead = (pose.joints_m[:, family.joint(toe)] - pose.joints_m[:, family.joint(ankle)])[stands]
        heading = np.arctan2(ahead[:, 0], ahead[:, 2]) - np.arctan2(foot[0], foot[2])
        flat = Rotation.from_rotvec(heading[:, None] * (0, 1, 0)).as_matrix()
        turns.append(np.swapaxes(pose.world_from_joint[stands, family.joint(part)], -1, -2) @ flat)
    gathered = np.concatenate(turns)
    if len(gathered) == 0 and not family.stands:
        raise InputError(
            f"no foot of {family.clips[0].family!r} stands, and its rest pose lies",
            "give clips with people who stand",
        )
    return _common(gathered) if len(gathered) else axes


def _common(turns: Float[np.ndarray, "frames 3 3"]) -> Turn:
    """The mean of those that are near the mean."""
    every = Rotation.from_matrix(turns)
    near = (every.mean().inv() * every).magnitude() < NEAR_RAD
    return every[near].mean().as_matrix() if near.any() else every.mean().as_matrix()


def _stands(clip: MocapClip, pose: WorldPose, ankle: str, toe: str) -> Bool[np.ndarray, " frames"]:
    ankle_m, toe_m = (pose.joints_m[:, clip.joint_of[part]] for part in (ankle, toe))
    speed_m_s = np.linalg.norm(np.gradient(ankle_m, axis=0), axis=-1) * clip.rate_hz
    return (toe_m[:, 1] < toe_m[:, 1].min() + STANCE_HEIGHT_M) & (speed_m_s < STANCE_SPEED_M_S)


def _arm(family: _Family, axes: Turn, rest_joints_m: np.ndarray, side_sign: tuple[str, float]) -> dict[str, Segment]:
    """The hand's thumb points ahead at rest in every family, and in ours: the palm faces down in a T-pose."""
    side, sign = side_sign
    shoulder, elbow, wrist = (f"{side[0]}_{part}" for part in ("shoulder", "elbow", "wrist"))
    hinge, own_hinge = family.hinge(family.joint(elbow)), np.array([0.0, -sign, 0])
    upper = _frame(rest_bone(rest_joints_m, f"{side}_shoulder"), own_hinge)
    fore = _frame(rest_bone(rest_joints_m, f"{side}_elbow"), own_hinge)
    hand = _frame(rest_bone(rest_joints_m, f"{side}_elbow"), np.array([0.0, 0, 1]))
    forearm = family.bone(elbow, wrist)
    return {
        f"{side}_shoulder": Segment(family.joint(shoulder), _frame(family.bone(shoulder, elbow), hinge) @ upper.T),
        f"{side}_elbow": Segment(family.joint(elbow), _frame(forearm, hinge) @ fore.T),
        f"{side}_wrist": Segment(_hand_joint(family, wrist), _frame(forearm, axes[:, 2]) @ hand.T),
    }


def _hand_joint(family: _Family, wrist: str) -> int:
    """The last joint that a wrist's chain calls a hand; in some rigs the wrist only twists."""
    first = family.clips[0]
    below = [
        j
        for j, name in enumerate(first.joints)
        if name == f"{wrist[0]}hand" and first.parents[j] == family.joint(wrist)
    ]
    return below[0] if below else family.joint(wrist)


def _frame(along: Vector, aside: Vector) -> Turn:
    """Columns: a bone's direction, the part of the axis square to it, and their cross product."""
    first = _unit(along)
    second = _unit(aside - (aside @ first) * first)
    return np.stack([first, second, np.cross(first, second)], axis=-1)


def _unit(vector: Vector) -> Vector:
    return vector / np.linalg.norm(vector)
