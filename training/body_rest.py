"""How a person in Anny's A-pose comes to stand in a T-pose, and where the 24 joints then are.

Where the 24 joints lie in the body (bones are Anny's, by the name of the joint at their upper end):

- hip: Anny's are 0.224 m apart at a stature of 1.72 m; living hip centres are nearer. Bell, Pedersen & Brand (1990)
  find them 14 % of the pelvic (inter-ASIS) width medial of each ASIS, 72 % of it apart; with a width of 0.23 m that
  is 0.166 m, so they move toward the middle by the factor 0.74. The width is an assumption.
- shoulder, elbow: Anny's own.
- knee: between the femoral epicondyles, whose height is 0.283 of stature (ANSUR II, Gordon et al. 2014: men 491.7 of
  1756 mm, women 465.9 of 1628). Anny's bones meet at 0.298, above the patella; 6 % down the shank is the epicondyles'
  height, in the middle of the knee's section within 4 mm.
- ankle: between the malleoli, at 0.040 of stature (ANSUR II's lateral malleolus: men 72.9 mm, women 62.7). Anny's
  bones meet at 0.045; 18 % of the way down to the toes' joints is the malleoli's height.
- wrist: Anny's bones meet level with the styloids, 0.110 of stature from the tip of the middle finger, which is ANSUR
  II's hand length. The centre is between lunate and capitate, taken to be 15 % of the way to the knuckles (assumed).
- collar: the sternoclavicular joint, about which clavicle and shoulder really turn.
- pelvis: between the mid-hip and the joint L5/S1, near the second sacral vertebra and the centre of mass.
- spine1, spine2, spine3: L4/L5, T12/L1 and T8/T9, so that the lumbar part bends about two joints and the stiff rib
  cage about one. Heights by an assumed lumbar column of 0.19 m and thoracic of 0.28 m between L5/S1 and C7/T1.
- neck: C7/T1. head: the atlanto-occipital joint, below and between the ears.
- foot: mean of the five metatarsophalangeal joints. hand: mean of the four knuckles.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.skeletons import SMPL_JOINTS
from training.body_people import People

SIDES: Final = {"left": ("L", 1.0), "right": ("R", -1.0)}
HIP_SPACING: Final = 0.74
KNEE_DOWN, ANKLE_DOWN, WRIST_OUT = 0.06, 0.18, 0.15
"""Shares of the way to the next joint by which these lie beyond the joint of Anny's bones."""
CLAVICLE_RISE_RAD: Final = np.radians(9.0)
"""Share of the girdle in lifting the arm from 45 degrees to 90; about a third of it, the rest is the upper arm's."""
THIGH_SPREAD_RAD: Final = np.radians(2.0)
"""Legs that hang straight down would run into each other on heavy persons."""
SPINE_LEAN_RAD: Final = {"spine04": -0.017, "spine03": -0.035, "spine02": -0.052, "neck01": -0.026, "head": 0.0}
"""Anny stoops: these bring C7 back above the sacrum and leave the head upright (assumed posture)."""

People3 = Float[np.ndarray, "people 3"]
Turns = Float[np.ndarray, "people 3 3"]


class Bones:
    """Bone ends by name, so that formulas read like anatomy."""

    def __init__(self, names: Sequence[str], heads_m: Float[np.ndarray, "people bones 3"]) -> None:
        self._index = {name: index for index, name in enumerate(names)}
        self._heads_m = heads_m

    def __getitem__(self, name: str) -> People3:
        return self._heads_m[:, self._index[name]]

    def mean(self, names: Sequence[str]) -> People3:
        """The middle of several."""
        return np.mean([self[name] for name in names], axis=0)


def stand_in_t_pose(
    people: People,
) -> tuple[Float[np.ndarray, "people vertices 3"], Float[np.ndarray, "people bones 3"]]:
    """Skin and bone heads of everyone in a T-pose that faces +Z, posed by Anny's own bone weights."""
    heads_m = _with_narrow_hips(people)
    world_from_bone = _bone_turns(people, heads_m)
    posed_m = np.empty_like(heads_m)
    for bone, parent in enumerate(people.parents):
        if parent < 0:
            posed_m[:, bone] = heads_m[:, bone]
        else:
            bone_m = heads_m[:, bone] - heads_m[:, parent]
            posed_m[:, bone] = posed_m[:, parent] + _turned(world_from_bone[:, parent], bone_m)
    shift_m = posed_m - _turned(world_from_bone, heads_m)
    affine = np.concatenate([world_from_bone, shift_m[..., None]], axis=-1).reshape(*heads_m.shape[:2], 12)
    skin_m = np.empty_like(people.skin_m)
    for person, rest_m in enumerate(people.skin_m):
        blended = (people.bone_weight @ affine[person]).reshape(-1, 3, 4)
        skin_m[person] = _turned(blended[..., :3], rest_m) + blended[..., 3]
    return skin_m, posed_m


def place_joints_in_people(
    names: Sequence[str], heads_m: Float[np.ndarray, "people bones 3"]
) -> Float[np.ndarray, "people 24 3"]:
    """The 24 joints of everyone in T-pose, as the head of this file describes them."""
    bones = Bones(names, heads_m)
    mid_hip_m = bones.mean(["upperleg01.L", "upperleg01.R"])
    joints: dict[str, People3] = {
        "pelvis": (mid_hip_m + bones["spine04"]) / 2,
        "spine1": (bones["spine04"] + bones["spine03"]) / 2,
        "spine2": 0.74 * bones["spine02"] + 0.26 * bones["spine01"],
        "spine3": bones["spine01"],
        "neck": bones["neck01"],
        "head": bones["head"],
    }
    for side, (end, _) in SIDES.items():
        toes_m = bones.mean([f"toe{toe}-1.{end}" for toe in range(1, 6)])
        knuckles_m = bones.mean([f"finger{finger}-1.{end}" for finger in range(2, 6)])
        joints |= {
            f"{side}_hip": bones[f"upperleg01.{end}"],
            f"{side}_knee": _beyond(bones[f"lowerleg01.{end}"], bones[f"foot.{end}"], KNEE_DOWN),
            f"{side}_ankle": bones[f"foot.{end}"] + ANKLE_DOWN * (toes_m - bones[f"foot.{end}"]) * (0, 1, 0),
            f"{side}_foot": toes_m,
            f"{side}_collar": bones[f"clavicle.{end}"],
            f"{side}_shoulder": bones[f"upperarm01.{end}"],
            f"{side}_elbow": bones[f"lowerarm01.{end}"],
            f"{side}_wrist": _beyond(bones[f"wrist.{end}"], knuckles_m, WRIST_OUT),
            f"{side}_hand": knuckles_m,
        }
    return np.stack([joints[name] for name in SMPL_JOINTS], axis=1)


def _beyond(here_m: People3, there_m: People3, share: float) -> People3:
    return here_m + share * (there_m - here_m)


def _with_narrow_hips(people: People) -> Float[np.ndarray, "people bones 3"]:
    heads_m = people.heads_m.copy()
    for end, _ in SIDES.values():
        heads_m[:, people.bone_names.index(f"upperleg01.{end}"), 0] *= HIP_SPACING
    return heads_m


def _bone_turns(people: People, heads_m: Float[np.ndarray, "people bones 3"]) -> Float[np.ndarray, "people bones 3 3"]:
    """World rotation of every bone; a bone without a rule follows its parent."""
    bones = Bones(people.bone_names, heads_m)
    upright = np.broadcast_to(np.eye(3), (len(heads_m), 3, 3))
    rules: dict[str, Turns] = {
        name: _turn(np.array([1.0, 0, 0]), np.full(len(heads_m), angle_rad))
        for name, angle_rad in SPINE_LEAN_RAD.items()
    }
    for end, outward in SIDES.values():
        rules |= _leg_turns(bones, end, outward) | _arm_turns(bones, end, outward)
    turns: list[Turns] = []
    for name, parent in zip(people.bone_names, people.parents, strict=True):
        turns.append(rules.get(name, turns[parent] if parent >= 0 else upright))
    return np.stack(turns, axis=1)


def _leg_turns(bones: Bones, end: str, outward: float) -> dict[str, Turns]:
    """Thigh and shank straight down, the foot level and pointing ahead."""
    thigh = _swing(
        bones[f"lowerleg01.{end}"] - bones[f"upperleg01.{end}"],
        np.array([outward * np.sin(THIGH_SPREAD_RAD), -np.cos(THIGH_SPREAD_RAD), 0]),
    )
    shank_m = bones[f"foot.{end}"] - bones[f"lowerleg01.{end}"]
    shank = _swing(_turned(thigh, shank_m), np.array([0.0, -1, 0])) @ thigh
    toe_m = bones[f"toe2-1.{end}"] - bones[f"foot.{end}"]
    yaw_rad = -np.arctan2(toe_m[:, 0], toe_m[:, 2])
    return {
        f"upperleg01.{end}": thigh,
        f"lowerleg01.{end}": shank,
        f"foot.{end}": _turn(np.array([0.0, 1, 0]), yaw_rad),
    }


def _arm_turns(bones: Bones, end: str, outward: float) -> dict[str, Turns]:
    """The arm straight out, the elbow ready to bend forward, the palm down; twist spread along the bones."""
    out = np.array([outward, 0, 0])
    people = len(bones[f"wrist.{end}"])
    clavicle = _turn(np.array([0, 0, 1.0]), np.full(people, outward * CLAVICLE_RISE_RAD))
    upper_m = bones[f"lowerarm01.{end}"] - bones[f"upperarm01.{end}"]
    fore_m = bones[f"wrist.{end}"] - bones[f"lowerarm01.{end}"]
    raised = _swing(_turned(clavicle, upper_m), out) @ clavicle
    hinge = np.cross(_turned(raised, upper_m), _turned(raised, fore_m))
    upper_twist_rad = _angle_about(out, hinge, np.array([0, -outward, 0]))
    upper = _turn(out, upper_twist_rad) @ raised
    fore = _swing(_turned(upper, fore_m), out) @ upper
    hand = _swing(_turned(fore, bones[f"finger3-1.{end}"] - bones[f"wrist.{end}"]), out) @ fore
    knuckles_m = _turned(hand, bones[f"finger2-1.{end}"] - bones[f"finger5-1.{end}"])
    fore_twist_rad = _angle_about(out, knuckles_m, np.array([0, 0, 1.0]))
    return {
        f"clavicle.{end}": clavicle,
        f"upperarm01.{end}": _turn(out, 0.5 * upper_twist_rad) @ raised,
        f"upperarm02.{end}": upper,
        f"lowerarm01.{end}": _turn(out, 0.15 * fore_twist_rad) @ fore,
        f"lowerarm02.{end}": _turn(out, 0.6 * fore_twist_rad) @ fore,
        f"wrist.{end}": _turn(out, fore_twist_rad) @ hand,
    }


def _turned(turn: np.ndarray, vector: np.ndarray) -> np.ndarray:
    return np.einsum("...ij,...j->...i", turn, vector)


def _turn(axis: Float[np.ndarray, " 3"], angle_rad: Float[np.ndarray, " people"]) -> Turns:
    return Rotation.from_rotvec(axis * angle_rad[:, None]).as_matrix()


def _swing(source: People3, target: Float[np.ndarray, " 3"]) -> Turns:
    """The shortest rotation that lays each source along the target; they are never opposite here."""
    source = source / np.linalg.norm(source, axis=-1, keepdims=True)
    target = target / np.linalg.norm(target)
    axis = np.cross(source, target)
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    angle_rad = np.arctan2(sine, (source @ target)[:, None])
    return Rotation.from_rotvec(axis / np.maximum(sine, 1e-12) * angle_rad).as_matrix()


def _angle_about(
    axis: Float[np.ndarray, " 3"], source: People3, target: Float[np.ndarray, " 3"]
) -> Float[np.ndarray, " people"]:
    """Angle about a unit axis that turns each source toward the target, both seen along the axis."""
    flat = source - (source @ axis)[:, None] * axis
    return np.arctan2(np.cross(flat, target) @ axis, flat @ target)
