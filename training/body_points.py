"""Where named points of the skin lie on a mesh, and a first guess of the detector's landmarks from anatomy."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from models.skeletons import LANDMARKS, SMPL_INDEX

FINGERS: Final = ("thumb", "index", "middle", "ring", "pinky")
POINTS: Final = 8
LIMB_JOINTS: Final = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
KNUCKLE: Final = 0.55
"""The detector's finger points lie at the knuckles, about this far from the wrist to the tip."""


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
    right = {name.replace("l", "r", 1) if name[0] == "l" else "R" + name[1:]: int(mirror[v]) for name, v in left.items()}
    seam = np.flatnonzero((np.abs(skin_m[:, 0]) < 1e-6) & (np.abs(skin_m[:, 1] - eye_m[1] + 0.04) < 0.04))
    return left | right | {"nose": int(seam[np.argmax(skin_m[seam, 2])])}


def guess_landmarks(
    skin_m: Float[np.ndarray, "vertices 3"],
    joint_regressor: Float[np.ndarray, "24 vertices"],
    names: Mapping[str, int],
) -> tuple[Int[np.ndarray, "33 points"], Float[np.ndarray, "33 points"]]:
    """Limb joints from their regressor's largest shares, everything else from the nearest point of the skin."""
    vertex, weight = np.zeros((len(LANDMARKS), POINTS), np.int64), np.zeros((len(LANDMARKS), POINTS))
    for row, landmark in enumerate(LANDMARKS):
        side, _, part = landmark.partition("_")
        if part in LIMB_JOINTS:
            vertex[row] = np.argsort(-joint_regressor[SMPL_INDEX[landmark]])[:POINTS]
            weight[row] = joint_regressor[SMPL_INDEX[landmark]][vertex[row]]
        elif part in FINGERS:
            tip = names[f"{side[0]}{part}"]
            wrist = np.argsort(-joint_regressor[SMPL_INDEX[f"{side}_wrist"]])[: POINTS - 1]
            vertex[row] = [tip, *wrist]
            share = joint_regressor[SMPL_INDEX[f"{side}_wrist"]][wrist]
            weight[row] = [KNUCKLE, *((1 - KNUCKLE) * share / share.sum())]
        else:
            vertex[row, 0] = np.argmin(np.linalg.norm(skin_m - _face_or_foot(landmark, skin_m, names), axis=1))
            weight[row, 0] = 1
    return vertex, weight / weight.sum(axis=1, keepdims=True)


def _face_or_foot(
    landmark: str, skin_m: Float[np.ndarray, "vertices 3"], names: Mapping[str, int]
) -> Float[np.ndarray, " 3"]:
    """Distances between points of a grown-up's face, in metres."""
    right = "right" in landmark
    outward = -1.0 if right else 1.0
    eye_m = skin_m[names["reye" if right else "leye"]]
    match landmark.replace("left_", "").replace("right_", "").replace("_left", "").replace("_right", ""):
        case "nose":
            return skin_m[names["nose"]]
        case "eye":
            return eye_m
        case "eye_inner":
            return eye_m - (0.015 * outward, 0, 0)
        case "eye_outer":
            return eye_m + (0.017 * outward, 0, -0.008)
        case "ear":
            return skin_m[names["rear" if right else "lear"]]
        case "mouth":
            return skin_m[names["nose"]] + (0.025 * outward, -0.038, -0.017)
        case "heel":
            return skin_m[names["RHeel" if right else "LHeel"]]
        case _:
            return skin_m[names["RBigToe" if right else "LBigToe"]]
