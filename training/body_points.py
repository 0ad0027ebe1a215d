"""Where named points of the skin lie on a mesh, and a first guess of the detector's landmarks from anatomy."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from models.bodies.landmark_transfer import POINTS, carriers_of
from models.skeletons import LANDMARKS, SMPL_INDEX

FINGERS: Final = ("thumb", "index", "middle", "ring", "pinky")
NEARBY: Final = 200
LIMB_JOINTS: Final = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
FACE_AND_FEET: Final = {
    "nose": ("nose", (0, 0, 0)),
    "eye": ("{small}eye", (0, 0, 0)),
    "eye_inner": ("{small}eye", (-0.015, 0, 0)),
    "eye_outer": ("{small}eye", (0.017, 0, -0.008)),
    "ear": ("{small}ear", (0, 0, 0)),
    "mouth": ("nose", (0.025, -0.038, -0.017)),
    "heel": ("{large}Heel", (0, 0, 0)),
    "foot_index": ("{large}BigToe", (0, 0, 0)),
}
"""A named vertex and how far from it the landmark lies on a grown-up's left side, in metres."""
KNUCKLE: Final = 0.55
"""The detector's finger points lie at the knuckles, about this far from the wrist to the tip."""

CARRIERS: Final = {
    "shoulder": "collar", "elbow": "shoulder", "wrist": "elbow", "pinky": "wrist", "index": "wrist", "thumb": "wrist",
    "hip": "pelvis", "knee": "hip", "ankle": "knee", "heel": "ankle", "foot_index": "ankle",
}  # fmt: skip
"""Which joint carries a landmark of the limbs, before the detector was asked."""


def name_vertices(
    skin_m: Float[np.ndarray, "vertices 3"],
    bone_names: Sequence[str],
    bone_weight: Float[np.ndarray, "vertices bones"],
    mirror: Int[np.ndarray, " vertices"],
) -> Mapping[str, int]:
    """The vertices that smplx asks for by name (`vertex_ids`)."""

    def farthest(bones: Sequence[str], direction: tuple[float, float, float]) -> int:
        weight = bone_weight[:, [bone_names.index(bone) for bone in bones]].sum(axis=1)
        near = np.flatnonzero(weight > min(0.4, 0.9 * weight.max()))
        return int(near[np.argmax(skin_m[near] @ direction)])

    left = {f"l{name}": farthest([f"finger{n}-3.L"], (1, 0, 0.3 * (n == 1))) for n, name in enumerate(FINGERS, 1)}
    left |= {
        "leye": farthest(["eye.L"], (0, 0, 1)),
        "LBigToe": farthest(["toe1-2.L"], (0, 0, 1)),
        "LSmallToe": farthest(["toe5-2.L", "toe5-3.L"], (0.3, 0, 1)),
        "LHeel": farthest(["foot.L"], (0, -0.3, -1)),
    }
    eye_m = skin_m[left["leye"]]
    level = np.flatnonzero(np.abs(skin_m[:, 1] - eye_m[1] + 0.015) < 0.03)
    left["lear"] = int(level[np.argmax(skin_m[level, 0])])
    right = {
        name.replace("l", "r", 1) if name[0] == "l" else "R" + name[1:]: int(mirror[v]) for name, v in left.items()
    }
    seam = np.flatnonzero((np.abs(skin_m[:, 0]) < 1e-6) & (np.abs(skin_m[:, 1] - eye_m[1] + 0.04) < 0.04))
    return left | right | {"nose": int(seam[np.argmax(skin_m[seam, 2])])}


def guess_landmarks(
    skin_m: Float[np.ndarray, "vertices 3"],
    joints_m: Float[np.ndarray, "24 3"],
    names: Mapping[str, int],
) -> tuple[Int[np.ndarray, "33 points"], Float[np.ndarray, "33 points"]]:
    """Limb joints as a mean of the skin about them, everything else as the nearest point of the skin."""
    vertex, weight = np.zeros((len(LANDMARKS), POINTS), np.int64), np.zeros((len(LANDMARKS), POINTS))
    for row, landmark in enumerate(LANDMARKS):
        side, _, part = landmark.partition("_")
        if part in LIMB_JOINTS:
            vertex[row], weight[row] = _around(joints_m[SMPL_INDEX[landmark]], skin_m)
        elif part in FINGERS:
            tip_m, wrist_m = skin_m[names[f"{side[0]}{part}"]], joints_m[SMPL_INDEX[f"{side}_wrist"]]
            vertex[row], weight[row] = _around(KNUCKLE * tip_m + (1 - KNUCKLE) * wrist_m, skin_m)
        else:
            vertex[row, 0] = np.argmin(np.linalg.norm(skin_m - _face_or_foot(landmark, skin_m, names), axis=1))
            weight[row, 0] = 1
    return vertex, weight / weight.sum(axis=1, keepdims=True)


def guess_carriers() -> Int[np.ndarray, " 33"]:
    """The joint that carries each landmark: the bone above for those of the limbs, the head for the face."""
    joints: list[int] = []
    for landmark in LANDMARKS:
        side, _, part = landmark.partition("_")
        carrier = CARRIERS.get(part, "head")
        joints.append(SMPL_INDEX.get(f"{side}_{carrier}", SMPL_INDEX.get(carrier, SMPL_INDEX["head"])))
    return np.array(joints)


def _around(
    point_m: Float[np.ndarray, " 3"], skin_m: Float[np.ndarray, "vertices 3"]
) -> tuple[Int[np.ndarray, " points"], Float[np.ndarray, " points"]]:
    """A few vertices near a point inside the body, with shares whose mean is the point."""
    return carriers_of(point_m, skin_m, np.argsort(np.linalg.norm(skin_m - point_m, axis=1))[:NEARBY])


def _face_or_foot(
    landmark: str, skin_m: Float[np.ndarray, "vertices 3"], names: Mapping[str, int]
) -> Float[np.ndarray, " 3"]:
    words = landmark.split("_")
    right = "right" in words
    pattern, offset_m = FACE_AND_FEET["_".join(word for word in words if word not in ("left", "right"))]
    near = pattern.format(small="r" if right else "l", large="R" if right else "L")
    return skin_m[names[near]] + np.array(offset_m) * (-1 if right else 1, 1, 1)
