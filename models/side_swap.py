"""When did a landmark detector take left for right?"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models.skeletons import LANDMARK_INDEX, LANDMARK_MIRROR

_PARTS: Final = ("shoulder", "elbow", "hip", "knee", "ankle")
_FOLLOWED: Final = [LANDMARK_INDEX[f"{side}_{part}"] for part in _PARTS for side in ("left", "right")]


@dataclass(frozen=True)
class SwapCosts:
    """What the two-state path pays; costs are shares of the person's size."""

    jump_limit: float = 0.3
    """A point that moves farther than this costs no more: it may be another fault."""
    switch: float = 0.02
    """For every change between right and swapped."""
    swapped_per_second: float = 0.12
    """For every second spent swapped: a detector is right far more often than not."""
    facing: float = 0.3
    """For every second in which feet and face contradict the sides of hips and shoulders outright."""
    forget_s: float = 0.5
    """After a gap as long as this continuity says nothing."""


def find_swaps(
    landmarks_px: Float[np.ndarray, "frames 33 2"],
    rough_m: Float[np.ndarray, "frames 33 3"],
    timestamps_s: Float[np.ndarray, " frames"],
    costs: SwapCosts,
) -> Bool[np.ndarray, " frames"]:
    """Frames whose left and right are the wrong way round, by the cheapest path through both states (Viterbi).

    Continuity of the landmarks says where the state changes; which of the states is the right one follows from feet
    and face (`facing_agreement`) and from the detector being right more often than not.

    Args:
        landmarks_px, rough_m: of frames in which the person was seen; both are label-swapped together, and depth keeps
            its sign, because the detector confuses names and not places.
    """
    if len(timestamps_s) < 2:
        return np.zeros(len(timestamps_s), dtype=bool)
    stay, change = _step_costs(landmarks_px, rough_m, costs)
    step_s = np.diff(timestamps_s)
    stay, change = np.where(step_s < costs.forget_s, (stay, change), 0.0)
    share_s = np.minimum(np.concatenate([step_s[:1], step_s]), 0.1)
    agreement = facing_agreement(rough_m)
    unary = np.stack(
        [share_s * costs.facing * np.maximum(-agreement, 0),
         share_s * (costs.facing * np.maximum(agreement, 0) + costs.swapped_per_second)], axis=1
    )  # fmt: skip
    return _cheapest_path(unary, stay, change)


def swap_sides(values: Float[np.ndarray, "frames 33 *rest"], where: Bool[np.ndarray, " frames"]):
    """The same landmarks with left and right exchanged in some frames."""
    return np.where(where.reshape(-1, *[1] * (values.ndim - 1)), values[:, list(LANDMARK_MIRROR)], values)


def facing_agreement(rough_m: Float[np.ndarray, "frames 33 3"]) -> Float[np.ndarray, " frames"]:
    """How well toes and nose lie on the front that hips and shoulders imply: 1 agrees, -1 contradicts, 0 cannot tell.

    Front is left-to-right crossed with up along the trunk; swapping the names turns its sign, while the direction
    from heel to toe and from ear to nose does not depend on the names.
    """

    def at(name: str) -> Float[np.ndarray, "frames 3"]:
        return rough_m[:, LANDMARK_INDEX[name]]

    across = at("left_shoulder") - at("right_shoulder") + at("left_hip") - at("right_hip")
    up = at("left_shoulder") + at("right_shoulder") - at("left_hip") - at("right_hip")
    front = _unit(np.cross(across, up))
    feet = at("left_foot_index") - at("left_heel") + at("right_foot_index") - at("right_heel")
    face = 2 * at("nose") - at("left_ear") - at("right_ear")
    return ((_unit(feet) + _unit(face)) * front).sum(axis=1) / 2


def _unit(vector: Float[np.ndarray, "frames 3"]) -> Float[np.ndarray, "frames 3"]:
    return vector / np.maximum(np.linalg.norm(vector, axis=1, keepdims=True), 1e-9)


def _step_costs(
    landmarks_px: Float[np.ndarray, "frames 33 2"], rough_m: Float[np.ndarray, "frames 33 3"], costs: SwapCosts
) -> tuple[Float[np.ndarray, " steps"], Float[np.ndarray, " steps"]]:
    """Mean jump from each frame to the next when the names are kept and when they are exchanged."""
    size_px = np.maximum(np.ptp(landmarks_px[:, 11:], axis=1).max(axis=1), 1.0)
    size_m = np.maximum(np.median(np.ptp(rough_m[:, 11:], axis=1).max(axis=1)), 0.1)
    flat = (landmarks_px - landmarks_px.mean(axis=1, keepdims=True)) / size_px[:, None, None]
    # Depth is what tells left from right when the person is seen from the side.
    place = np.concatenate([flat, rough_m[..., 2:] / size_m], axis=2)

    def jump(to: Float[np.ndarray, "frames 33 3"]) -> Float[np.ndarray, " steps"]:
        way = np.linalg.norm((to[1:] - place[:-1])[:, _FOLLOWED], axis=2)
        return np.minimum(way, costs.jump_limit).mean(axis=1)

    return jump(place), jump(place[:, list(LANDMARK_MIRROR)]) + costs.switch


def _cheapest_path(
    unary: Float[np.ndarray, "frames 2"], stay: Float[np.ndarray, " steps"], change: Float[np.ndarray, " steps"]
) -> Bool[np.ndarray, " frames"]:
    came_from_other = np.zeros(unary.shape, dtype=bool)
    total = unary[0].copy()
    for frame in range(1, len(unary)):
        kept, switched = total + stay[frame - 1], total[::-1] + change[frame - 1]
        came_from_other[frame] = switched < kept
        total = np.minimum(kept, switched) + unary[frame]
    state = np.zeros(len(unary), dtype=bool)
    state[-1] = total[1] < total[0]
    for frame in range(len(unary) - 1, 0, -1):
        state[frame - 1] = state[frame] ^ came_from_other[frame, int(state[frame])]
    return state
