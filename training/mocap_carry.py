"""Carries clips over to the SMPL tree with their family's constants: every segment keeps its turns in the world.

The spine's three joints lie a third of the way each from pelvis to chest, counted along the source's own joints where
it has some between; the neck lies half way from chest to head in the same sense. A collar, a foot or a head that the
source does not have stays with what carries it; toes that it does not have stay flat on the floor while the heel rises.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.skeletons import SMPL_INDEX
from training.mocap_clips import MocapClip, WorldPose, world_pose
from training.mocap_rest import SIDES, FamilyRest, Segment
from training.pronation import add_pronation
from training.true_motion import TrueMotion, hips_m, leg_m, local_turns, mean_rest_joints_m

Turns = Float[np.ndarray, "frames 3 3"]

PART_FAMILIES: Final = frozenset({"humanoid13", "reactidle"})
"""Without hands and head, or measured without markers: out of tables of twist and skin."""
BACKWARDS_RAD: Final = np.radians(110)
"""Of 269 captured clips 10 have a joint whose median turn is between 150 and 180 degrees, all others stay below 75."""
BACKWARDS_JOINTS: Final = [joint for name, joint in SMPL_INDEX.items() if name.endswith(("head", "ankle", "foot"))]
TOE_BEND_MAX_RAD: Final = 0.9
TOE_RELEASE_M: Final = (0.02, 0.1)
"""Toes let go of the floor between these heights above the clip's lowest."""
CURL_RAD: Final = 0.3
"""Fingers of a hand at ease."""


def carry_clip(clip: MocapClip, rest: FamilyRest, pronation_seed: int) -> TrueMotion:
    """The clip on the mean free body, its missing pronation drawn.

    A clip whose rig has a head or a foot on backwards is not whole: half of the time and more it is turned by more than
    BACKWARDS_RAD from how it rests.
    """
    pose = world_pose(clip)
    bare = local_turns(_world_turns(clip, pose, rest))
    local = add_pronation(bare, mean_rest_joints_m(), clip.rate_hz, (clip.name, pronation_seed))
    return TrueMotion(
        clip=clip.name,
        subject=clip.subject,
        family=clip.family,
        action=clip.action,
        rate_hz=clip.rate_hz,
        parent_from_joint=local,
        pelvis_m=_pelvis_m(clip, pose, local[:, 0]),
        whole=clip.family not in PART_FAMILIES
        and {"head", "l_wrist", "r_wrist"} <= set(clip.joint_of)
        and not _backwards(bare),
    )


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


def _backwards(parent_from_joint: Float[np.ndarray, "frames 24 3 3"]) -> bool:
    turned = Rotation.from_matrix(parent_from_joint[:, BACKWARDS_JOINTS].reshape(-1, 3, 3)).magnitude()
    return bool((np.median(turned.reshape(len(parent_from_joint), -1), axis=0) > BACKWARDS_RAD).any())


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


def _pelvis_m(clip: MocapClip, pose: WorldPose, pelvis: Turns) -> Float[np.ndarray, "frames 3"]:
    rest_joints_m, part = mean_rest_joints_m(), clip.joint_of
    middle_m = (pose.joints_m[:, part["l_hip"]] + pose.joints_m[:, part["r_hip"]]) / 2
    bones = [clip.offset_m[part[f"{side}_{end}"]] for side in "lr" for end in ("knee", "ankle")]
    own_leg_m = sum(float(np.linalg.norm(bone)) for bone in bones) / 2
    return middle_m * (leg_m(rest_joints_m) / own_leg_m) - pelvis @ hips_m(rest_joints_m)
