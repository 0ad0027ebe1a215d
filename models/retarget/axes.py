"""How a BVH's joints lie against the SMPL tree's: the constant turn between the two, for every joint.

Two ways lead there. Where the file's zero pose stands upright (a T, an A, or arms that hang), both rest poses are the
same pose, and one turn of the whole body brings one onto the other. Where zero rotation means anything else, such as
all bones along one axis, the clip itself is asked: hips and shoulders lie across the body, knees and elbows bend about
one axis, feet are flat while they stand, and what twists freely does so about an even mean.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.contacts import point_contacts
from models.retarget.source import SIDES, Source

Turn = Float[np.ndarray, "3 3"]
Turns = Float[np.ndarray, "frames 3 3"]
Vector = Float[np.ndarray, " 3"]

LEFT, UP, AHEAD = np.eye(3)
HINGE: Final[Mapping[str, Vector]] = {
    "left_hip": LEFT, "left_knee": LEFT, "right_hip": LEFT, "right_knee": LEFT,
    "left_shoulder": -UP, "left_elbow": -UP, "right_shoulder": UP, "right_elbow": UP,
}  # fmt: skip
"""Axis in the SMPL body's rest pose about which the limb bends by a positive angle, for both of its long bones."""

LIMBS: Final = tuple(
    (f"{side}_{upper}", f"{side}_{lower}", f"{side}_{end}")
    for side in SIDES
    for upper, lower, end in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist"))
)

STRAIGHT_COSINE: Final = 0.7
"""Two bones this far in line, or a bone this far along an axis of the body, make a rest pose that stands."""
SNAP_COSINE: Final = 0.96
"""An axis of the resting body that is this near to one of the file's is meant to be it: 16 degrees."""
BENT: Final = 0.1
"""Mean sine of a joint that bends enough to show its axis."""
SAMPLE_FRAMES: Final = 400
"""Spread over the clip; means over more change nothing."""


def standing_axes(source: Source) -> Turn | None:
    """Left, up and ahead of the resting body in the file's axes, as columns; None where it does not stand."""
    at = {name: source.rest[joint] for name, joint in source.joint.items()}
    legs = [
        _unit(at[a] - at[b]) for upper, lower, end in LIMBS if "hip" in upper for a, b in ((upper, lower), (lower, end))
    ]
    up, across = _unit(np.sum(legs, axis=0)), at["left_hip"] - at["right_hip"]
    trunk = at["left_shoulder"] + at["right_shoulder"] - at["left_hip"] - at["right_hip"]
    if min(float(leg @ up) for leg in legs) < STRAIGHT_COSINE or _unit(trunk) @ up < STRAIGHT_COSINE:
        return None
    if abs(float(_unit(across) @ up)) > 1 - STRAIGHT_COSINE or not _arms_at_rest(at, up, across):
        return None
    up = _snapped(up)
    left = _snapped(_unit(across - (across @ up) * up))
    left = _unit(left - (left @ up) * up)
    return np.stack([left, up, np.cross(left, up)], axis=1)


def _arms_at_rest(at: Mapping[str, Vector], up: Vector, across: Vector) -> bool:
    """Straight arms that point outwards, downwards or between."""
    for side, sign in zip(SIDES, (1, -1), strict=True):
        upper = _unit(at[f"{side}_elbow"] - at[f"{side}_shoulder"])
        lower = _unit(at[f"{side}_wrist"] - at[f"{side}_elbow"])
        outwards = sign * float(upper @ _unit(across))
        if upper @ lower < STRAIGHT_COSINE or max(outwards, -float(upper @ up)) < STRAIGHT_COSINE or upper @ up > 0.5:
            return False
    return True


def clip_alignments(source: Source, offset_m: Mapping[str, Vector]) -> Mapping[int, Turn]:
    """For every joint of the file that counts: the turn from the SMPL joint's axes to its own, read off the clip.

    Args:
        offset_m: the bone that each SMPL joint turns, in the rest pose.
    """
    chosen = _chosen(len(source.joints_m))
    upwards = source.middle_m("shoulder") - source.middle_m("hip")
    world: dict[str, Turns] = {}
    found: dict[int, Turn] = {}

    def settle(joint: int, name: str, likely: Turns) -> None:
        """Fix a joint by what its orientation likely is in the chosen frames; it then follows its own rotation."""
        found[joint] = mean_turn(_inverse(source.world_from_joint[chosen, joint]) @ likely)
        world[name] = source.world_from_joint[chosen, joint] @ found[joint]

    for name, part in (("pelvis", "hip"), ("spine3", "shoulder")):
        inverse = _inverse(source.turns(name))
        axes = [_applied(inverse, vectors).mean(axis=0) for vectors in (source.across_m(part), upwards)]
        found[source.joint[name]] = _frame(axes[1], axes[0]) @ _frame(UP, LEFT).T
        world[name] = source.turns(name)[chosen] @ found[source.joint[name]]
    _settle_middle(source, world, settle)
    for upper, lower, end in LIMBS:
        _settle_limb(source, offset_m, (upper, lower, end), found)
        world |= {name: source.turns(name)[chosen] @ found[source.joint[name]] for name in (upper, lower)}
        settle(source.joint[end], end, world[lower])
    for side in SIDES:
        _settle_foot(source, side, offset_m[f"{side}_ankle"], found)
        world[f"{side}_ankle"] = source.turns(f"{side}_ankle")[chosen] @ found[source.joint[f"{side}_ankle"]]
        for tip, base in ((f"{side}_foot", f"{side}_ankle"), (f"{side}_hand", f"{side}_wrist")):
            if tip in source.joint:
                settle(source.joint[tip], tip, world[base])
    return found


def _settle_middle(source: Source, world: dict[str, Turns], settle: Callable[[int, str, Turns], None]) -> None:
    """Spine, neck, head and collars share the turn between their neighbours evenly."""
    pelvis, chest = world["pelvis"], world["spine3"]
    for number, joint in enumerate(source.spine[:-1], start=1):
        settle(joint, f"spine between {number}", between(pelvis, chest, number / len(source.spine)))
    if "head" in source.joint:
        settle(source.joint["head"], "head", chest)
        for number, joint in enumerate(source.neck, start=1):
            settle(joint, f"neck {number}", between(chest, world["head"], number / (len(source.neck) + 1)))
    for side in SIDES:
        if f"{side}_collar" in source.joint:
            settle(source.joint[f"{side}_collar"], f"{side}_collar", chest)


def _settle_limb(
    source: Source, offset_m: Mapping[str, Vector], limb: tuple[str, str, str], found: dict[int, Turn]
) -> None:
    upper, lower, end = limb
    bones = [_unit_rows(source.places_m(b) - source.places_m(a)) for a, b in ((upper, lower), (lower, end))]
    bend = np.cross(bones[0], bones[1])
    if float(np.linalg.norm(bend, axis=1).mean()) < BENT:
        base = "pelvis" if "hip" in upper else "spine3"
        bend = source.turns(base) @ found[source.joint[base]] @ HINGE[upper]
    for name, bone in zip((upper, lower), bones, strict=True):
        inverse = _inverse(source.turns(name))
        direction, hinge = (_applied(inverse, vectors).mean(axis=0) for vectors in (bone, bend))
        found[source.joint[name]] = _frame(direction, hinge) @ _frame(offset_m[name], HINGE[name]).T


def _settle_foot(source: Source, side: str, offset_m: Vector, found: dict[int, Turn]) -> None:
    """Soles are level while the ankle stands; the way they point is that of the toes, or else as the shin has it."""
    ankle, tip = f"{side}_ankle", source.toe_tip[side]
    times_s = np.arange(len(source.joints_m)) * source.frame_time_s
    points_m = np.stack([source.places_m(f"{which}_ankle") for which in SIDES], axis=1)
    stands = point_contacts(points_m, times_s, np.full(2, float(points_m[..., 1].min())))[:, SIDES.index(side)]
    if not stands.any() or not tip.any():
        return
    turns = source.turns(ankle)[stands]
    ahead = turns @ tip
    heading_rad = np.arctan2(ahead[:, 0], ahead[:, 2]) - np.arctan2(offset_m[0], offset_m[2])
    level = Rotation.from_euler("Y", heading_rad[:, None]).as_matrix()
    found[source.joint[ankle]] = mean_turn((_inverse(turns) @ level)[_chosen(len(turns))])


def between(start: Turns, end: Turns, share: float) -> Turns:
    """The rotation at a share of the way."""
    turn = Rotation.from_matrix(_inverse(start) @ end).as_rotvec()
    return start @ Rotation.from_rotvec(turn * share).as_matrix()


def mean_turn(turns: Turns) -> Turn:
    """The rotation that is nearest to all."""
    return Rotation.from_matrix(turns).mean().as_matrix()


def _chosen(frames: int) -> np.ndarray:
    return np.unique(np.linspace(0, frames - 1, min(frames, SAMPLE_FRAMES)).round().astype(int))


def _frame(main: Vector, side: Vector) -> Turn:
    """Axes of which the first is the main vector and the second lies nearest to the side vector."""
    first = _unit(main)
    second = _unit(side - (side @ first) * first)
    return np.stack([first, second, np.cross(first, second)], axis=1)


def _snapped(direction: Vector) -> Vector:
    nearest = np.eye(3)[np.abs(direction).argmax()] * np.sign(direction[np.abs(direction).argmax()])
    return nearest if nearest @ direction > SNAP_COSINE else direction


def _unit(vector: Vector) -> Vector:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def _unit_rows(vectors: Float[np.ndarray, "frames 3"]) -> Float[np.ndarray, "frames 3"]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12)


def _applied(turns: Turns, vectors: Float[np.ndarray, "frames 3"]) -> Float[np.ndarray, "frames 3"]:
    return np.einsum("tij,tj->ti", turns, vectors)


def _inverse(turns: Turns) -> Turns:
    return np.swapaxes(turns, -1, -2)
