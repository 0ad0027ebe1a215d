"""Left and right the same in every camera: a detector that confuses them does so in one view and not in the next."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models.cameras.calibration import CalibratedCamera
from models.cameras.epipolar import distance_px
from models.skeletons import LANDMARK_INDEX, LANDMARK_MIRROR

_PARTS: Final = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_SIDED: Final = [LANDMARK_INDEX[f"{side}_{part}"] for part in _PARTS for side in ("left", "right")]
LIMIT: Final = 0.1
"""Share of the person's size beyond which a distance counts no more."""
SWITCH: Final = 0.05
"""Price of every change between agreeing and contradicting views, in units of that size."""
CONTRARY: Final = 0.002
"""Price of every moment spent contradicting: where rays cannot tell, the views agree."""


def contradictions(
    first_px: Float[np.ndarray, "moments 33 2"],
    second_px: Float[np.ndarray, "moments 33 2"],
    size_px: float,
    cameras: Sequence[CalibratedCamera],
) -> Bool[np.ndarray, " moments"]:
    """Moments in which one of two views has left and right the wrong way round; which one, the rays do not say.

    Args:
        first_px, second_px: of one person, without distortion; NaN where not seen.
        size_px: his height on the pictures.
    """
    kept = _cost(first_px, second_px, size_px, cameras)
    exchanged = _cost(first_px, second_px[:, list(LANDMARK_MIRROR)], size_px, cameras) + CONTRARY
    return _cheapest(np.stack([kept, exchanged], axis=1))


def _cost(
    first_px: np.ndarray, second_px: np.ndarray, size_px: float, cameras: Sequence[CalibratedCamera]
) -> Float[np.ndarray, " moments"]:
    miss = np.abs(distance_px(first_px[:, _SIDED], second_px[:, _SIDED], cameras[0], cameras[1])) / size_px
    return np.minimum(np.nan_to_num(miss), LIMIT).mean(axis=1)


def _cheapest(cost: Float[np.ndarray, "moments 2"]) -> Bool[np.ndarray, " moments"]:
    """The second state where the cheapest path through both takes it (Viterbi)."""
    total = np.zeros(2)
    came = np.zeros((len(cost), 2), dtype=int)
    for moment, own in enumerate(cost):
        stay, change = total, total[::-1] + SWITCH
        came[moment] = np.where(change < stay, [1, 0], [0, 1])
        total = np.minimum(stay, change) + own
    state, states = int(total.argmin()), np.zeros(len(cost), dtype=bool)
    for moment in range(len(cost) - 1, -1, -1):
        states[moment] = state == 1
        state = int(came[moment, state])
    return states
