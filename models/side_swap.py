"""When did a landmark detector take left for right?"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models.skeletons import LANDMARK_INDEX, LANDMARK_MIRROR

_PARTS: Final = ("shoulder", "elbow", "hip", "knee", "ankle")
_FOLLOWED: Final = [LANDMARK_INDEX[f"{side}_{part}"] for part in _PARTS for side in ("left", "right")]

LONGEST_LAG: Final = 4
"""Frames from one on the path to the next, at most."""


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
    leave_out: float = 0.1
    """For every frame that the path passes over."""
    forget_s: float = 0.5
    """After a gap as long as this continuity says nothing."""


@dataclass(frozen=True, eq=False)
class Sides:
    """What became of left and right.

    Attributes:
        swapped: the names are the wrong way round.
        torn: fits neither way with its neighbours, as when two beliefs were averaged; better not believed at all.
    """

    swapped: Bool[np.ndarray, " frames"]
    torn: Bool[np.ndarray, " frames"]


def find_swaps(
    landmarks_px: Float[np.ndarray, "frames 33 2"],
    rough_m: Float[np.ndarray, "frames 33 3"],
    timestamps_s: Float[np.ndarray, " frames"],
    costs: SwapCosts,
) -> Sides:
    """Tell which frames have left and right exchanged, by the cheapest path through both states (Viterbi).

    Continuity of the landmarks says where the state changes; which of the states is the right one follows from feet
    and face (`facing_agreement`) and from the detector being right more often than not. The path may leave out a few
    frames at a price, or one frame that is neither would break the chain.

    Args:
        landmarks_px, rough_m: of frames in which the person was seen; both are label-swapped together, and depth keeps
            its sign, because the detector confuses names and not places.
    """
    place = _places(landmarks_px, rough_m)
    steps = [_step_costs(place, timestamps_s, lag, costs) for lag in range(1, min(LONGEST_LAG, len(place) - 1) + 1)]
    share_s = np.minimum(np.diff(timestamps_s, prepend=timestamps_s[0]), 0.1)
    agreement = facing_agreement(rough_m)
    right = costs.facing * np.maximum(-agreement, 0)
    wrong = costs.facing * np.maximum(agreement, 0) + costs.swapped_per_second
    return _cheapest_path(share_s[:, None] * np.stack([right, wrong], axis=1), steps, costs.leave_out)


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


def _places(
    landmarks_px: Float[np.ndarray, "frames 33 2"], rough_m: Float[np.ndarray, "frames 33 3"]
) -> Float[np.ndarray, "frames 33 3"]:
    """Where the landmarks are about the person, in units of his size; depth tells left from right in a side view."""
    size_px = np.maximum(np.ptp(landmarks_px[:, 11:], axis=1).max(axis=1), 1.0)
    size_m = np.maximum(np.median(np.ptp(rough_m[:, 11:], axis=1).max(axis=1)), 0.1)
    flat = (landmarks_px - landmarks_px.mean(axis=1, keepdims=True)) / size_px[:, None, None]
    return np.concatenate([flat, rough_m[..., 2:] / size_m], axis=2)


def _step_costs(
    place: Float[np.ndarray, "frames 33 3"], timestamps_s: Float[np.ndarray, " frames"], lag: int, costs: SwapCosts
) -> tuple[list[float], list[float]]:
    """Mean jump from each frame to the one `lag` later when the names are kept and when they are exchanged."""

    def jump(to: Float[np.ndarray, "frames 33 3"]) -> Float[np.ndarray, " steps"]:
        way = np.linalg.norm((to[lag:] - place[:-lag])[:, _FOLLOWED], axis=2)
        return np.minimum(way, costs.jump_limit).mean(axis=1)

    known = timestamps_s[lag:] - timestamps_s[:-lag] < costs.forget_s
    otherwise = 0.0 if lag == 1 else np.inf
    stay = np.where(known, jump(place), otherwise)
    change = np.where(known, jump(place[:, list(LANDMARK_MIRROR)]) + costs.switch, otherwise)
    return stay.tolist(), change.tolist()


def _cheapest_path(
    unary: Float[np.ndarray, "frames 2"], steps: list[tuple[list[float], list[float]]], leave_out: float
) -> Sides:
    """Viterbi over frames and both states, where a step may pass over frames."""
    count = len(unary)
    total: list[tuple[float, float]] = []
    came: list[tuple[tuple[int, int], tuple[int, int]]] = []
    for frame, own in enumerate(unary.tolist()):
        ways = [
            (
                total[frame - lag][before] + step[before != state][frame - lag] + leave_out * (lag - 1) + own[state],
                (lag, before),
                state,
            )
            for lag, step in enumerate(steps[:frame], start=1)
            for before in (0, 1)
            for state in (0, 1)
        ]
        begun = [(leave_out * frame + own[state], (frame + 1, state), state) for state in (0, 1)]
        best = [min((way for way in [*begun, *ways] if way[2] == state), key=lambda way: way[0]) for state in (0, 1)]
        total.append((best[0][0], best[1][0]))
        came.append((best[0][1], best[1][1]))
    ends = [
        (total[frame][state] + leave_out * (count - 1 - frame), frame, state)
        for frame in range(max(0, count - LONGEST_LAG), count)
        for state in (0, 1)
    ]
    _, frame, state = min(ends)
    swapped, torn = np.zeros(count, dtype=bool), np.ones(count, dtype=bool)
    swapped[frame:] = state == 1
    while frame >= 0:
        torn[frame] = False
        lag, before = came[frame][state]
        swapped[max(frame - lag + 1, 0) : frame + 1] = state == 1
        frame, state = frame - lag, before
    return Sides(swapped, torn)
