"""A motion at another rate, or on the spot, for animation files; the result itself stays as it is.

Joints turn at constant speed between two frames and the pelvis moves on a straight line. By itself that lets a
standing foot rise and fall by up to 3 mm between two frames, for a leg that turns goes round where its ends went
straight. So every leg is bent until its ankle lies on the straight line too: a foot stands exactly as it did.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from models.leg_reach import Leg, reach
from models.resample import resample_places, resample_turns, times_at_rate
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from stages.contracts import Motion

Turns = Float[np.ndarray, "frames 24 3 3"]
Places = Float[np.ndarray, "frames 24 3"]


def for_animation(motion: Motion, rate_hz: int | None, *, in_place: bool) -> Motion:
    """The motion as BVH and GLB shall show it.

    Args:
        rate_hz: frames per second; None for the motion's own.
        in_place: without its way over the floor.
    """
    retimed = motion if rate_hz is None else at_rate(motion, rate_hz)
    return on_the_spot(retimed) if in_place else retimed


def at_rate(motion: Motion, rate_hz: int) -> Motion:
    """The motion at this rate from its first frame on, on its own time stamps; itself where that is its rate."""
    if rate_hz == motion.rate_hz:
        return motion
    given_s = motion.timestamps_s
    wanted_s = times_at_rate(given_s, rate_hz)
    straight_m = resample_places(motion.joints_m, given_s, wanted_s)
    local = resample_turns(motion.parent_from_joint, given_s, wanted_s)
    local = with_ankles_at(local, straight_m, rest_offsets(motion))
    _, joints_m = place(local, straight_m[:, 0], rest_offsets(motion))
    nearest = np.rint(np.interp(wanted_s, given_s, np.arange(float(len(given_s))))).astype(int)
    return replace(
        motion,
        rate_hz=rate_hz,
        timestamps_s=wanted_s,
        observed=_both_seen(motion.observed, given_s, wanted_s),
        parent_from_joint=local,
        trans_m=resample_places(motion.trans_m, given_s, wanted_s),
        confidence=motion.confidence[nearest],
        joints_m=joints_m,
        landmarks_m=resample_places(motion.landmarks_m, given_s, wanted_s),
    )


def on_the_spot(motion: Motion) -> Motion:
    """The motion without its way over the floor: the pelvis stays above where it begins and only rises and falls."""
    way_m = (motion.joints_m[:, 0] - motion.joints_m[0, 0]) * np.array([1.0, 0.0, 1.0])
    return replace(
        motion,
        trans_m=motion.trans_m - way_m,
        joints_m=motion.joints_m - way_m[:, None],
        landmarks_m=motion.landmarks_m - way_m[:, None],
    )


def rest_offsets(motion: Motion) -> Float[np.ndarray, "24 3"]:
    """Each joint's place in its parent's frame, metres, read off the motion itself; zero for the root.

    Rotations and joint centres of a motion belong to one rigid tree; what differs between frames is rounding, and
    the mean removes it.
    """
    world = world_turns(motion.parent_from_joint)
    offset_m = np.zeros((len(SMPL_PARENTS), 3))
    for joint, parent in enumerate(SMPL_PARENTS[1:], start=1):
        bone_m = motion.joints_m[:, joint] - motion.joints_m[:, parent]
        offset_m[joint] = np.einsum("tji,tj->ti", world[:, parent], bone_m).mean(axis=0)
    return offset_m


def world_turns(local: Turns) -> Turns:
    """Orientations of all joints in the world."""
    world = local.copy()
    for joint, parent in enumerate(SMPL_PARENTS[1:], start=1):
        world[:, joint] = world[:, parent] @ local[:, joint]
    return world


def place(
    local: Turns, root_m: Float[np.ndarray, "frames 3"], offset_m: Float[np.ndarray, "24 3"]
) -> tuple[Turns, Places]:
    """Orientations and places of all joints in the world."""
    world = world_turns(local)
    joints_m = np.empty((*local.shape[:2], 3))
    joints_m[:, 0] = root_m
    for joint, parent in enumerate(SMPL_PARENTS[1:], start=1):
        joints_m[:, joint] = joints_m[:, parent] + world[:, parent] @ offset_m[joint]
    return world, joints_m


def with_ankles_at(local: Turns, wanted_m: Places, offset_m: Float[np.ndarray, "24 3"]) -> Turns:
    """Both legs bent so that the ankles lie there; feet keep their orientation in the world."""
    world, joints_m = place(local, wanted_m[:, 0], offset_m)
    bent = local.copy()
    for side in ("left", "right"):
        hip, knee, ankle = (SMPL_INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle"))
        leg = Leg(*(joints_m[:, joint] for joint in (hip, knee, ankle)), hinge=world[:, knee, :, 0])
        thigh, shin = reach(leg, wanted_m[:, ankle])
        thigh, shin = thigh @ world[:, hip], shin @ world[:, knee]
        bent[:, hip] = world[:, 0].swapaxes(-1, -2) @ thigh
        bent[:, knee] = thigh.swapaxes(-1, -2) @ shin
        bent[:, ankle] = shin.swapaxes(-1, -2) @ world[:, ankle]
    return bent


def _both_seen(
    observed: Bool[np.ndarray, " frames"], given_s: Float[np.ndarray, " frames"], wanted_s: Float[np.ndarray, " new"]
) -> Bool[np.ndarray, " new"]:
    """Seen in every frame that a new one is made of."""
    return resample_places(observed.astype(float), given_s, wanted_s) == 1.0
