"""How sure each coordinate is: as sure as the least sure of the joints that show it."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models.osim.model import Model
from models.skeletons import SMPL_INDEX

_TRUNK: Final = {
    "pelvis": "pelvis left_hip right_hip",
    "torso": "pelvis spine3 neck",
    "lumbar": "pelvis spine3 neck",
    "head": "neck head",
}
_LIMBS: Final = {
    "femur": "hip knee",
    "tibia": "hip knee ankle",
    "talus": "knee ankle foot",
    "calcn": "knee ankle foot",
    "toes": "ankle foot",
    "clavicle": "collar shoulder",
    "humerus": "shoulder elbow",
    "ulna": "shoulder elbow wrist",
    "radius": "elbow wrist hand",
    "hand": "wrist hand",
}


def _evidence() -> Mapping[str, list[int]]:
    shown = {body: [SMPL_INDEX[joint] for joint in joints.split()] for body, joints in _TRUNK.items()}
    for body, joints in _LIMBS.items():
        for side in ("left", "right"):
            shown[f"{body}_{side[0]}"] = [SMPL_INDEX[f"{side}_{joint}"] for joint in joints.split()]
    return shown


EVIDENCE: Final = _evidence()
"""Joints that show how a body lies against the one that carries it."""


def coordinate_confidence(
    model: Model, joint_confidence: Float[np.ndarray, "frames 24"], observed: Bool[np.ndarray, " frames"]
) -> Float[np.ndarray, "frames coordinates"]:
    """0..1 for each coordinate; 0 where nobody was seen. A body without a known name is as sure as its carrier."""
    evidence: dict[str, list[int]] = {}
    sure = np.zeros((len(observed), len(model.coordinates)))
    for branch in model.tree:
        joints = EVIDENCE.get(branch.moved) or evidence.get(branch.carrier) or list(SMPL_INDEX.values())
        evidence[branch.moved] = joints
        for coordinate in branch.joint.coordinates:
            sure[:, model.coordinate_index[coordinate.name]] = joint_confidence[:, joints].min(axis=1)
    return np.where(observed[:, None], sure, 0.0)
