"""The person in a BVH: which joints he has, in metres, Y up.

Names are tried first, then the shape of the tree. The unit is guessed from the length of the legs, and only where no
two units would make a grown person of it; which way is up is read off the motion.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from models.bvh.names import limbs_by_names
from models.bvh.reader import Bvh, pose_bvh_joints
from models.bvh.topology import limbs_by_topology
from models.bvh.tree import Limbs, Tree, tree_of
from models.errors import InputError

UNIT_M: Final[Mapping[str, float]] = {
    "metres": 1.0,
    "inches": 0.0254,
    "CMU's 0.45 inch": 0.0254 / 0.45,
    "centimetres": 0.01,
    "millimetres": 0.001,
}
"""Units that files use. CMU's database counts in inches over 0.45 (its ASF files say so)."""

LEG_M: Final = (0.6, 1.1)
"""Thigh and shin of grown people together, with room to spare; no length fits two of the units above."""

STANDING: Final = 0.7
"""Mean share of the way from ankles to shoulders that lies along an axis when people stand along it."""

SIDES: Final = ("left", "right")
LONG_BONES: Final = (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
SHORTEST: Final = 1e-3
"""Two joints nearer than this share of the longest bone are one."""


@dataclass(frozen=True, eq=False)
class Source:
    """A person and his motion.

    Attributes:
        joint: index by the SMPL tree's name; foot, collar, hand and head of a side may be missing.
        spine: joints from above the pelvis up to the one that carries the arms; empty where the pelvis carries them.
        neck: joints from above that one up to below the head.
        joints_m: places in the world, metres, Y up.
        world_from_joint: orientations, in the same world.
        rest: places with all rotations zero, in the file's unit and axes.
        toe_tip: where each foot points in the ankle's frame, by side; zero where the file does not say.
        unit_m: how long the file's unit is.
        frame_time_s: time between two frames.
    """

    joint: Mapping[str, int]
    spine: tuple[int, ...]
    neck: tuple[int, ...]
    joints_m: Float[np.ndarray, "frames joints 3"]
    world_from_joint: Float[np.ndarray, "frames joints 3 3"]
    rest: Float[np.ndarray, "joints 3"]
    toe_tip: Mapping[str, Float[np.ndarray, " 3"]]
    unit_m: float
    frame_time_s: float

    def places_m(self, name: str) -> Float[np.ndarray, "frames 3"]:
        """Where a joint is."""
        return self.joints_m[:, self.joint[name]]

    def turns(self, name: str) -> Float[np.ndarray, "frames 3 3"]:
        """How a joint is turned."""
        return self.world_from_joint[:, self.joint[name]]

    def middle_m(self, part: str) -> Float[np.ndarray, "frames 3"]:
        """Between the left and the right joint."""
        return (self.places_m(f"left_{part}") + self.places_m(f"right_{part}")) / 2

    def across_m(self, part: str) -> Float[np.ndarray, "frames 3"]:
        """From the right to the left joint."""
        return self.places_m(f"left_{part}") - self.places_m(f"right_{part}")


def find_person(bvh: Bvh, unit_m: float | None = None, up: str = "auto") -> Source:
    """Recognise the person in a file.

    Args:
        unit_m: length of the file's unit; None guesses it from the legs.
        up: y, z, or auto.

    Raises:
        InputError: no two legs and two arms are found, one of their bones has no length, or the unit cannot be guessed.
    """
    tree = tree_of(bvh)
    joints, turns = pose_bvh_joints(bvh)
    limbs = limbs_by_names(tree) or limbs_by_topology(tree, joints)
    if limbs is None:
        raise InputError(
            f"no person with two legs and two arms is found among the joints {', '.join(tree.names[:12])}",
            "name the joints as one of the presets of export.joint_names does",
        )
    joint, spine, neck = _trunk(tree, limbs)
    _require_bones(joints, joint, tree.names)
    y_up = _turn_to_y_up(_standing_axis(joints, joint, up))
    scale_m = _unit_m(joints, joint) if unit_m is None else unit_m
    return Source(
        joint=joint,
        spine=spine,
        neck=neck,
        joints_m=joints @ y_up.T * scale_m,
        world_from_joint=y_up @ turns,
        rest=_zero_pose(bvh),
        toe_tip=_toe_tips(bvh, joint),
        unit_m=scale_m,
        frame_time_s=bvh.frame_time_s,
    )


def _zero_pose(bvh: Bvh) -> Float[np.ndarray, "joints 3"]:
    rest = np.zeros((len(bvh.joints), 3))
    for index, parent in enumerate(bvh.parents):
        if parent >= 0:
            rest[index] = rest[parent] + bvh.position[0, index]
    return rest


def _trunk(tree: Tree, limbs: Limbs) -> tuple[Mapping[str, int], tuple[int, ...], tuple[int, ...]]:
    """All joints by name, the spine's and the neck's."""
    joint = dict(limbs.joint)
    pelvis = tree.meeting(joint["left_hip"], joint["right_hip"])
    chest = tree.meeting(joint["left_shoulder"], joint["right_shoulder"])
    # in some rigs pelvis and spine hang side by side on a common root
    spine = tree.path(tree.meeting(pelvis, chest), chest) or ((chest,) if chest != pelvis else ())
    head = joint.get("head", _unnamed_head(tree, joint, chest))
    neck = tree.path(chest, head)[:-1] if head is not None and chest in tree.above(head) else ()
    joint |= {"pelvis": pelvis, "spine3": chest} | ({} if head is None else {"head": head})
    return joint, spine, neck


def _unnamed_head(tree: Tree, joint: Mapping[str, int], chest: int) -> int | None:
    """The second joint of what the chest carries between the arms, or the first where there is one only."""
    arms = {index for side in SIDES for index in (joint[f"{side}_shoulder"], *tree.above(joint[f"{side}_shoulder"]))}
    legs = {index for side in SIDES for index in (joint[f"{side}_hip"], *tree.above(joint[f"{side}_hip"]))}
    free = [child for child in tree.children[chest] if child not in arms | legs]
    if not free:
        return None
    neck = max(free, key=lambda child: len(tree.below(child)))
    return tree.children[neck][0] if tree.children[neck] else neck


def _toe_tips(bvh: Bvh, joint: Mapping[str, int]) -> dict[str, np.ndarray]:
    tips: dict[str, np.ndarray] = {}
    for side in SIDES:
        end_site = bvh.joints[joint[f"{side}_ankle"]].end_site or (0.0, 0.0, 0.0)
        toe = joint.get(f"{side}_foot")
        tips[side] = np.array(end_site) if toe is None else bvh.position[0, toe]
    return tips


def _require_bones(
    joints: Float[np.ndarray, "frames joints 3"], joint: Mapping[str, int], names: tuple[str, ...]
) -> None:
    """A bone without length has no direction to follow."""
    pairs = [(f"{side}_{a}", f"{side}_{b}") for side in SIDES for a, b in LONG_BONES]
    pairs += [(f"left_{part}", f"right_{part}") for part in ("hip", "shoulder")]
    spans = np.array([np.linalg.norm(joints[:, joint[a]] - joints[:, joint[b]], axis=-1).min() for a, b in pairs])
    if spans.min() <= SHORTEST * spans.max():
        start, end = (names[joint[name]] for name in pairs[int(spans.argmin())])
        raise InputError(f"{start!r} and {end!r} lie in the same place", "export the skeleton with its real bones")


def _unit_m(joints: Float[np.ndarray, "frames joints 3"], joint: Mapping[str, int]) -> float:
    """The unit in which the legs are a grown person's."""
    pairs = [(f"{side}_{a}", f"{side}_{b}") for side in SIDES for a, b in LONG_BONES[:2]]
    bones = [np.linalg.norm(joints[:, joint[a]] - joints[:, joint[b]], axis=-1) for a, b in pairs]
    leg = float(np.median(bones, axis=1).sum()) / 2
    fitting = [unit_m for unit_m in UNIT_M.values() if LEG_M[0] <= leg * unit_m <= LEG_M[1]]
    if len(fitting) != 1:
        raise InputError(
            f"the legs are {leg:.4g} long, which is a grown person's in none of {', '.join(UNIT_M)}",
            "give the length of the file's unit in metres with --retarget.unit-m, such as 0.01 for centimetres",
        )
    return fitting[0]


def _standing_axis(joints: Float[np.ndarray, "frames joints 3"], joint: Mapping[str, int], up: str) -> str:
    """Y as the format has it, unless people stand along Z."""
    if up != "auto":
        return up
    high = joints[:, joint["left_shoulder"]] + joints[:, joint["right_shoulder"]]
    low = joints[:, joint["left_ankle"]] + joints[:, joint["right_ankle"]]
    standing = np.mean((high - low) / np.linalg.norm(high - low, axis=-1, keepdims=True).clip(1e-12), axis=0)
    return "z" if standing[2] > STANDING and abs(standing[1]) < standing[2] / 2 else "y"


def _turn_to_y_up(axis: str) -> Float[np.ndarray, "3 3"]:
    """Z becomes Y and Y becomes -Z where Z is up."""
    return np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]) if axis == "z" else np.eye(3)
