"""Which distances between the detector's landmarks a body keeps, and how well."""

from typing import Final

import numpy as np
from jaxtyping import Float

from models.skeletons import LANDMARK_INDEX, LANDMARKS
from models.trajectory_terms import Skeleton

_SIDED: Final = {
    "trunk": ("shoulder", "hip", 0.025),
    "upper_arm": ("shoulder", "elbow", 0.007),
    "forearm": ("elbow", "wrist", 0.007),
    "little_finger": ("wrist", "pinky", 0.007),
    "index_finger": ("wrist", "index", 0.007),
    "thumb": ("wrist", "thumb", 0.010),
    "palm": ("pinky", "index", 0.010),
    "thigh": ("hip", "knee", 0.007),
    "shin": ("knee", "ankle", 0.007),
    "heel": ("ankle", "heel", 0.007),
    "instep": ("ankle", "foot_index", 0.007),
    "sole": ("heel", "foot_index", 0.007),
}
"""Ends and tolerance in metres: how far the landmarks of one bone may really come together or move apart."""

_ACROSS: Final = {
    "shoulders": ("left_shoulder", "right_shoulder", 0.012),
    "hips": ("left_hip", "right_hip", 0.007),
    "ears": ("left_ear", "right_ear", 0.007),
}

SOLVED: Final = ("nose", "left_ear", "right_ear", *LANDMARKS[11:])
"""Landmarks that move on their own; the rest of the face is carried along by nose and ears."""

SOLVED_INDEX: Final = np.array([LANDMARK_INDEX[name] for name in SOLVED])
LENGTHS: Final = (*_SIDED, *_ACROSS, "face", "trunk_diagonal")
"""Names of the lengths; both sides of the body share one."""


def _bones() -> tuple[tuple[str, str, str, float], ...]:
    sided = [(name, f"{s}_{a}", f"{s}_{b}", tol) for name, (a, b, tol) in _SIDED.items() for s in ("left", "right")]
    across = [(name, a, b, tol) for name, (a, b, tol) in _ACROSS.items()]
    face = [("face", "nose", f"{side}_ear", 0.007) for side in ("left", "right")]
    pairs = (("left_shoulder", "right_hip"), ("right_shoulder", "left_hip"))
    return (*sided, *across, *face, *(("trunk_diagonal", a, b, 0.025) for a, b in pairs))


def make_skeleton() -> Skeleton:
    """The bones among the `SOLVED` landmarks; relations: every landmark and the middle of the hips, then the bones."""
    bones = _bones()
    pair = np.array([[SOLVED.index(a), SOLVED.index(b)] for _, a, b, _ in bones])
    one = np.eye(len(SOLVED))
    from_hips = one - (one[SOLVED.index("left_hip")] + one[SOLVED.index("right_hip")]) / 2
    return Skeleton(
        pair=pair,
        length_index=np.array([LENGTHS.index(name) for name, *_ in bones]),
        tolerance_m=np.array([tolerance for *_, tolerance in bones]),
        relation=np.concatenate([from_hips, one[pair[:, 0]] - one[pair[:, 1]]]),
    )


STATURE_PER_CHAIN: Final = 1.38
"""Stature over the sum of trunk, thigh and shin of a fitted skeleton, such that the distance from the camera comes out
right: mean of eight drawn clips of free bodies of known stature, standard deviation 0.03. The bodies' own landmarks
give 1.319 (sixty random betas, 0.009); fitted bones are 5 % short because a detector's depth is compressed."""


def stature(length_m: Float[np.ndarray, " lengths"]) -> float:
    """Stature in metres that fitted lengths, in the order of `LENGTHS`, imply."""
    return STATURE_PER_CHAIN * float(sum(length_m[LENGTHS.index(name)] for name in ("trunk", "thigh", "shin")))
