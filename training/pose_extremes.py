"""Poses at the ends of what joints do: named ones that every body must look right in, and ones drawn at random."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.skeletons import SMPL_INDEX, SMPL_JOINTS, SMPL_MIRROR

Turns = Float[np.ndarray, "24 3 3"]
Degrees = tuple[float, float, float]

BOTH_SIDES: Final[Mapping[str, Mapping[str, Degrees]]] = {
    "squat": {
        "hip": (-105, 0, 0), "knee": (125, 0, 0), "ankle": (-25, 0, 0), "spine1": (15, 0, 0), "shoulder": (0, -70, 0),
    },
    "overhead reach": {"collar": (0, 0, 25), "shoulder": (0, 0, 60)},
    "elbow bent": {"elbow": (0, -150, 0)},
    "forearm twisted in": {"elbow": (80, 0, 0)},
    "forearm twisted out": {"elbow": (-80, 0, 0)},
    "hand twisted in": {"wrist": (80, 0, 0)},
    "hand twisted out": {"wrist": (-80, 0, 0)},
    "arms down": {"collar": (0, 0, -10), "shoulder": (0, 0, -65)},
    "legs apart": {"hip": (0, 0, 45)},
}  # fmt: skip
"""Rotation vectors in degrees of the trunk's and the left side's joints; the right side mirrors the left."""

BENDS: Final = (0.35, 0.7, 1.0)
"""Named poses are learned from on the way, too."""
PART_SHARE: Final = 0.6
"""How often a limb's part takes a drawn pose rather than its rest."""


def named_poses() -> Mapping[str, Turns]:
    """The named poses at their full extent, and a kick: one thigh at 90 degrees, the other straight."""
    poses = {name: _two_sided(turns) for name, turns in BOTH_SIDES.items()}
    poses["kick"] = _still()
    poses["kick"][SMPL_INDEX["left_hip"]] = _turn((-90, 0, 0))
    return poses


def poses_on_the_way() -> Float[np.ndarray, "poses 24 3 3"]:
    """The named poses, each at several shares of its extent."""
    poses = np.stack(list(named_poses().values()))
    turn_rad = Rotation.from_matrix(poses.reshape(-1, 3, 3)).as_rotvec()
    return np.concatenate([Rotation.from_rotvec(bend * turn_rad).as_matrix().reshape(poses.shape) for bend in BENDS])


def draw_poses(count: int, seed: int) -> Float[np.ndarray, "poses 24 3 3"]:
    """Random poses over most of what joints can do (ranges: assumptions); every second one has like left and right."""
    rng = np.random.default_rng(seed)
    return np.stack([_drawn(rng) for _ in range(count)])


def mirrored_poses(poses: Float[np.ndarray, "*batch 24 3 3"]) -> Float[np.ndarray, "*batch 24 3 3"]:
    """What a mirror in the plane between left and right shows."""
    flip = np.array([-1.0, 1, 1])
    return poses[..., list(SMPL_MIRROR), :, :] * np.outer(flip, flip)


def _drawn(rng: np.random.Generator) -> Turns:
    pose = _still()
    for name in ("spine1", "spine2", "spine3"):
        pose[SMPL_INDEX[name]] = _turn((rng.uniform(-15, 25), *rng.uniform(-15, 15, 2)))
    for name in ("neck", "head"):
        pose[SMPL_INDEX[name]] = _turn((rng.uniform(-25, 30), rng.uniform(-35, 35), rng.uniform(-20, 20)))
    moving = rng.random(4) < PART_SHARE
    left, right = _drawn_limbs(rng, moving), _drawn_limbs(rng, moving)
    for name, turn in left.items():
        pose[SMPL_INDEX[f"left_{name}"]] = turn
    other = mirrored_poses(pose)
    if rng.random() >= 0.5:
        other = _still()
        for name, turn in right.items():
            other[SMPL_INDEX[f"left_{name}"]] = turn
        other = mirrored_poses(other)
    rights = [index for index, name in enumerate(SMPL_JOINTS) if name.startswith("right")]
    pose[rights] = other[rights]
    return pose


def _drawn_limbs(rng: np.random.Generator, moving: np.ndarray) -> dict[str, Float[np.ndarray, "3 3"]]:
    """Joints of the left side: thigh and leg, shoulder girdle, elbow, hand, each group only where it moves."""
    turns: dict[str, np.ndarray] = {}
    leg, girdle, elbow, hand = moving
    if leg:
        order = "ZXY" if rng.random() < 0.5 else "XZY"
        angle = {"X": rng.uniform(-125, 25), "Y": rng.uniform(-40, 40), "Z": rng.uniform(-15, 50)}
        turns["hip"] = _turns_after(order, angle)
        turns["knee"] = _turns_after("XY", {"X": rng.uniform(0, 150), "Y": rng.uniform(-10, 10)})
        turns["ankle"] = _turn((rng.uniform(-35, 45), *rng.uniform(-15, 15, 2)))
        turns["foot"] = _turn((rng.uniform(-45, 0), 0, 0))
    if girdle:
        turns["collar"] = _turn((rng.uniform(-10, 10), rng.uniform(-20, 20), rng.uniform(-10, 35)))
        order = "YZX" if rng.random() < 0.7 else "ZYX"
        angle = {"X": rng.uniform(-70, 70), "Y": rng.uniform(-130, 40), "Z": rng.uniform(-90, 97)}
        turns["shoulder"] = _turns_after(order, angle)
    if elbow:
        twist = rng.uniform(-90, 90) * (rng.random() < 0.7)
        turns["elbow"] = _turns_after("YX", {"Y": rng.uniform(-155, 0), "X": twist})
    if hand:
        twist = rng.uniform(-90, 90) * (rng.random() < 0.6)
        turns["wrist"] = _turn((twist, 0, 0)) @ _turn((0, rng.uniform(-30, 30), rng.uniform(-70, 70)))
        turns["hand"] = _turn((0, 0, rng.uniform(-60, 10)))
    return turns


def _two_sided(left: Mapping[str, Degrees]) -> Turns:
    pose = _still()
    for name, degrees in left.items():
        pose[SMPL_INDEX[name if name in SMPL_INDEX else f"left_{name}"]] = _turn(degrees)
    rights = [index for index, name in enumerate(SMPL_JOINTS) if name.startswith("right")]
    pose[rights] = mirrored_poses(pose)[rights]
    return pose


def _still() -> Turns:
    return np.tile(np.eye(3), (len(SMPL_JOINTS), 1, 1))


def _turn(degrees: Degrees) -> Float[np.ndarray, "3 3"]:
    return Rotation.from_rotvec(degrees, degrees=True).as_matrix()


def _turns_after(order: str, degrees: Mapping[str, float]) -> Float[np.ndarray, "3 3"]:
    """Turns about the moving axes in this order."""
    return Rotation.from_euler(order, [degrees[axis] for axis in order], degrees=True).as_matrix()
