"""The truth that inverse kinematics learns and is measured on: the rotations of captured people, in SMPL's format.

Segments' world rotations are carried over after one constant turn for each segment and skeleton family
(training.mocap_rest); nothing is solved from positions, which would hand a solver its own answer. The spine's three
joints lie a third of the way each from pelvis to chest, along the source's own joints where it has some between; the
neck lies half way from chest to head in the same sense. Forearms of the sources turn about their elbows' hinge only,
so the pronation they lack is drawn (training.pronation).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.bodies import load_body
from models.bodies.body import rest_joints
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from training.mocap_clips import MocapClip, WorldPose, read_clips, world_pose
from training.mocap_rest import SIDES, FamilyRest, Segment, family_rest, rest_bone
from training.pronation import add_pronation

Turns = Float[np.ndarray, "frames 3 3"]

PART_FAMILIES: Final = frozenset({"humanoid13", "reactidle"})
"""Without hands and head, or measured without markers: out of tables of twist and skin."""
TOE_BEND_MAX_RAD: Final = 0.9
TOE_RELEASE_M: Final = (0.02, 0.1)
"""Toes let go of the floor between these heights above the clip's lowest."""
CURL_RAD: Final = 0.3
"""Fingers of a hand at ease."""


@dataclass(frozen=True, eq=False)
class TrueMotion:
    """A captured person's motion.

    Attributes:
        family: of the skeleton it was captured on.
        parent_from_joint: the root's is world_from_root.
        pelvis_m: where the pelvis of the mean free body is, Y up.
        whole: whether hands, head and twists are the person's own; False keeps it out of tables of twist and skin.
    """

    clip: str
    subject: str
    family: str
    action: str
    rate_hz: float
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"]
    pelvis_m: Float[np.ndarray, "frames 3"]
    whole: bool


def read_truth(folder: Path, *, pronation_seed: int = 0) -> tuple[TrueMotion, ...]:
    """Read every motion of a folder, in the order of their names.

    Args:
        pronation_seed: with a clip's name this settles what is drawn, so a folder always gives the same truth.

    Raises:
        InputError: the folder holds no motion, or one that cannot be read.
    """
    return tuple(
        motion
        for _, clips in groupby(read_clips(folder), key=lambda clip: clip.family)
        for motion in family_truth(tuple(clips), pronation_seed=pronation_seed)
    )


def family_truth(clips: Sequence[MocapClip], *, pronation_seed: int = 0) -> tuple[TrueMotion, ...]:
    """Carry the clips of one family over; raises as family_rest."""
    rest = family_rest(clips, mean_rest_joints_m())
    return tuple(clip_truth(clip, rest, pronation_seed=pronation_seed) for clip in clips)


def clip_truth(clip: MocapClip, rest: FamilyRest, *, pronation_seed: int = 0) -> TrueMotion:
    """Carry one clip over with its family's constants."""
    rest_joints_m = mean_rest_joints_m()
    local = _local(_world_turns(clip, world_pose(clip), rest))
    local = add_pronation(local, rest_joints_m, clip.rate_hz, (clip.name, pronation_seed))
    return TrueMotion(
        clip=clip.name,
        subject=clip.subject,
        family=clip.family,
        action=clip.action,
        rate_hz=clip.rate_hz,
        parent_from_joint=local,
        pelvis_m=_pelvis_m(clip, local[:, 0], rest_joints_m),
        whole=clip.family not in PART_FAMILIES,
    )


def pelvis_for(motion: TrueMotion, rest_joints_m: Float[np.ndarray, "24 3"]) -> Float[np.ndarray, "frames 3"]:
    """Where the pelvis of another body is: the hips' way and height grow with the length of the legs."""
    mean_m = mean_rest_joints_m()
    pelvis = motion.parent_from_joint[:, 0]
    hips_m = motion.pelvis_m + pelvis @ _hips_m(mean_m)
    return hips_m * (_leg_m(rest_joints_m) / _leg_m(mean_m)) - pelvis @ _hips_m(rest_joints_m)


@cache
def mean_rest_joints_m() -> Float[np.ndarray, "24 3"]:
    """The joints of the mean free body at rest."""
    body = load_body("free")
    joints_m = rest_joints(body, torch.zeros(body.beta_count)).double().numpy()
    joints_m.setflags(write=False)
    return joints_m


def _world_turns(clip: MocapClip, pose: WorldPose, rest: FamilyRest) -> Float[np.ndarray, "frames 24 3 3"]:
    def turned(segment: Segment) -> Turns:
        return pose.world_from_joint[:, segment.joint] @ segment.source_from_ours

    spine, neck = [turned(segment) for segment in rest.spine], [turned(segment) for segment in rest.neck]
    world: dict[str, Turns] = {
        "pelvis": spine[0], "spine1": _along(spine, 1 / 3), "spine2": _along(spine, 2 / 3), "spine3": spine[-1],
        "neck": _along(neck, 1 / 2), "head": neck[-1],
    }  # fmt: skip
    world |= {name: turned(segment) for name, segment in rest.limbs.items()}
    for side, sign in SIDES:
        world.setdefault(f"{side}_collar", world["spine3"])
        if f"{side}_foot" not in world:
            world[f"{side}_foot"] = world[f"{side}_ankle"] @ _toe_bend(clip, pose, world, side)
        curl = Rotation.from_rotvec((0, 0, -sign * CURL_RAD)).as_matrix()
        world[f"{side}_hand"] = world[f"{side}_wrist"] @ curl
    return np.stack([world[name] for name in SMPL_INDEX], axis=1)


def _along(chain: Sequence[Turns], share: float) -> Turns:
    """The turn at a share of the way along a chain, counted in joints."""
    place = share * (len(chain) - 1)
    start = min(int(place + 1e-9), max(len(chain) - 2, 0))
    end = min(start + 1, len(chain) - 1)
    way = Rotation.from_matrix(np.swapaxes(chain[start], -1, -2) @ chain[end]).as_rotvec()
    return chain[start] @ Rotation.from_rotvec(way * (place - start)).as_matrix()


def _toe_bend(clip: MocapClip, pose: WorldPose, world: Mapping[str, Turns], side: str) -> Turns:
    """Toes that the source does not have stay flat on the floor while the heel rises."""
    foot, toe = world[f"{side}_ankle"], clip.joint_of.get(f"{side[0]}_toe", clip.joint_of[f"{side[0]}_ankle"])
    height_m = pose.joints_m[:, toe, 1]
    heel_up_rad = np.clip(np.arcsin(np.clip(-foot[:, 1, 2], -1, 1)), 0, TOE_BEND_MAX_RAD)
    near = np.clip((height_m.min() + TOE_RELEASE_M[1] - height_m) / (TOE_RELEASE_M[1] - TOE_RELEASE_M[0]), 0, 1)
    return Rotation.from_rotvec(-(heel_up_rad * near)[:, None] * (1, 0, 0)).as_matrix()


def _pelvis_m(clip: MocapClip, pelvis: Turns, rest_joints_m: np.ndarray) -> Float[np.ndarray, "frames 3"]:
    joints_m, part = world_pose(clip).joints_m, clip.joint_of
    middle_m = (joints_m[:, part["l_hip"]] + joints_m[:, part["r_hip"]]) / 2
    leg_m = sum(np.linalg.norm(clip.offset_m[part[f"{side}_{end}"]]) for side in "lr" for end in ("knee", "ankle")) / 2
    return middle_m * (_leg_m(rest_joints_m) / leg_m) - pelvis @ _hips_m(rest_joints_m)


def _hips_m(rest_joints_m: np.ndarray) -> Float[np.ndarray, " 3"]:
    """From the pelvis joint to between the hips."""
    return rest_joints_m[[SMPL_INDEX["left_hip"], SMPL_INDEX["right_hip"]]].mean(axis=0) - rest_joints_m[0]


def _leg_m(rest_joints_m: np.ndarray) -> float:
    bones = [rest_bone(rest_joints_m, f"{side}_{part}") for side, _ in SIDES for part in ("hip", "knee")]
    return sum(float(np.linalg.norm(bone)) for bone in bones) / 2


def _local(world_from_joint: Float[np.ndarray, "frames 24 3 3"]) -> Float[np.ndarray, "frames 24 3 3"]:
    local = world_from_joint.copy()
    local[:, 1:] = np.swapaxes(world_from_joint[:, SMPL_PARENTS[1:]], -1, -2) @ world_from_joint[:, 1:]
    return local
