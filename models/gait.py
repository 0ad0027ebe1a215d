"""What walking is made of: heel-strikes and toe-offs, steps and strides, cadence and speed, curves over a cycle.

Events are read off positions alone, as Zeni, Richards and Higginson (2008) do: a heel strikes when it is farthest
ahead of the pelvis, a toe leaves when it is farthest behind. Their method is for straight walking; who turns, stands
or moves on the spot gets no gait, and the reason. No event is taken from the first or last frame.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from jaxtyping import Float

Side = Literal["right", "left"]
SIDES: Final[tuple[Side, Side]] = ("right", "left")
SHORTEST_TRAVEL_M: Final = 1.0
"""About a stride: who travels less shows no cycle. An assumption."""
LEAST_STRAIGHT: Final = 0.8
"""Share of the way that leads ahead. An assumption."""
LEAST_SWING: Final = 0.2
"""A foot that swings less than this, in lengths of the leg, makes no step. An assumption."""
LONGEST_STEP_S: Final = 1.2
"""Between heel-strikes farther apart the person stood. An assumption."""
FACING_SLACK_RAD: Final = np.pi / 4
"""Who faces farther from where he goes walks sideways or backward."""
CYCLE_POINTS: Final = 101


@dataclass(frozen=True, eq=False)
class Walker:
    """What gait is read from. Ground frame, metres: x is the direction of progression, y is up.

    Attributes:
        timestamps_s: rising.
        pelvis_m: its origin.
        heel_m: of the right, then the left foot.
        toe_m: likewise.
        leg_m: length of the leg.
    """

    timestamps_s: Float[np.ndarray, " frames"]
    pelvis_m: Float[np.ndarray, "frames 3"]
    heel_m: Float[np.ndarray, "frames 2 3"]
    toe_m: Float[np.ndarray, "frames 2 3"]
    leg_m: float


@dataclass(frozen=True)
class Event:
    """A moment, found between frames by a parabola through three."""

    side: Side
    kind: Literal["heel_strike", "toe_off"]
    time_s: float


@dataclass(frozen=True)
class Step:
    """From the other foot's heel-strike to this foot's; lengths between the heels, each where it struck."""

    side: Side
    start_s: float
    end_s: float
    length_m: float
    width_m: float


@dataclass(frozen=True)
class Stride:
    """From a foot's heel-strike to its next; stance_share is NaN where no toe-off was seen between."""

    side: Side
    start_s: float
    end_s: float
    length_m: float
    stance_share: float


@dataclass(frozen=True)
class Gait:
    """What was found, in order of time; all empty where there is no gait, and `absence` says why.

    Attributes:
        cadence_per_min: steps a minute.
        speed_m_s: of the pelvis during these steps.
    """

    events: tuple[Event, ...] = ()
    steps: tuple[Step, ...] = ()
    strides: tuple[Stride, ...] = ()
    cadence_per_min: float = float("nan")
    speed_m_s: float = float("nan")
    absence: str = ""


def find_gait(walker: Walker) -> Gait:
    """Read a walk; nothing is made up where there is none."""
    absence = _no_walk(walker)
    if absence:
        return Gait(absence=absence)
    swing_m = LEAST_SWING * walker.leg_m
    events: list[Event] = []
    for k, side in enumerate(SIDES):
        ahead_m = walker.heel_m[:, k, 0] - walker.pelvis_m[:, 0]
        behind_m = walker.pelvis_m[:, 0] - walker.toe_m[:, k, 0]
        events += [Event(side, "heel_strike", t) for t in _peaks(walker.timestamps_s, ahead_m, swing_m)]
        events += [Event(side, "toe_off", t) for t in _peaks(walker.timestamps_s, behind_m, swing_m)]
    events.sort(key=lambda event: event.time_s)
    strikes = [event for event in events if event.kind == "heel_strike"]
    steps = [
        _step(walker, a, b) for a, b in pairwise(strikes) if a.side != b.side and b.time_s - a.time_s <= LONGEST_STEP_S
    ]
    if not steps:
        return Gait(absence="no two heel-strikes of different feet follow each other")
    offs = [event for event in events if event.kind == "toe_off"]
    walked_s = sum(step.end_s - step.start_s for step in steps)
    passed_m = sum(_at(walker, walker.pelvis_m, s.end_s)[0] - _at(walker, walker.pelvis_m, s.start_s)[0] for s in steps)
    return Gait(
        events=tuple(events),
        steps=tuple(steps),
        strides=tuple(_strides(walker, strikes, offs)),
        cadence_per_min=60 * len(steps) / walked_s,
        speed_m_s=float(passed_m / walked_s),
    )


def over_cycle(
    timestamps_s: Float[np.ndarray, " frames"], values: Float[np.ndarray, "frames columns"], stride: Stride
) -> Float[np.ndarray, "101 columns"]:
    """Values at 0, 1, ... 100 per cent of a stride, on straight lines between frames."""
    times_s = np.linspace(stride.start_s, stride.end_s, CYCLE_POINTS)
    return np.column_stack([np.interp(times_s, timestamps_s, column) for column in values.T])


def heading_rad(pelvis_m: Float[np.ndarray, "frames 3"], facing: Float[np.ndarray, "frames 3"]) -> float:
    """Where a person goes, as an angle from +x toward -z about the vertical y; where he looks if he goes nowhere.

    Turning the world by minus this angle lays the heading on +x.

    Args:
        pelvis_m: its way.
        facing: where the front of the pelvis points in each frame; any length but zero.

    Returns:
        The direction of travel, if he travels at least `SHORTEST_TRAVEL_M`, mostly straight and facing that way within
        `FACING_SLACK_RAD`. Else the mean direction that he faces, or 0 if he faces all around alike.
    """
    level = facing[:, [0, 2]] / np.linalg.norm(facing, axis=1, keepdims=True)
    looks = level.mean(axis=0)
    way = pelvis_m[-1, [0, 2]] - pelvis_m[0, [0, 2]]
    if np.linalg.norm(way) >= SHORTEST_TRAVEL_M and _straightness(pelvis_m) >= LEAST_STRAIGHT:
        along = way @ looks / max(float(np.linalg.norm(way) * np.linalg.norm(looks)), 1e-12)
        if along > np.cos(FACING_SLACK_RAD):
            looks = way
    return float(np.arctan2(-looks[1], looks[0])) if np.linalg.norm(looks) > 1e-3 else 0.0


def _no_walk(walker: Walker) -> str:
    """Why this cannot be a walk; empty if it can."""
    travel_m = float(walker.pelvis_m[-1, 0] - walker.pelvis_m[0, 0])
    if travel_m < SHORTEST_TRAVEL_M:
        return f"the person travels {travel_m:.2f} m ahead, less than {SHORTEST_TRAVEL_M:g} m"
    straight = _straightness(walker.pelvis_m)
    if straight < LEAST_STRAIGHT:
        return f"the way is not straight: {straight:.0%} of it lead ahead, less than {LEAST_STRAIGHT:.0%}"
    return ""


def _straightness(pelvis_m: Float[np.ndarray, "frames 3"]) -> float:
    """Distance between both ends over the length of the way. Only sixteen points count: a pelvis sways as it goes."""
    level = pelvis_m[:, [0, 2]]
    points = level[np.unique(np.linspace(0, len(level) - 1, 16).round().astype(int))]
    length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
    return float(np.linalg.norm(points[-1] - points[0])) / max(length, 1e-12)


def _peaks(
    timestamps_s: Float[np.ndarray, " frames"], value_m: Float[np.ndarray, " frames"], least_m: float
) -> list[float]:
    """Times of maxima before which the value rose, and after which it fell, by at least `least_m`."""
    found: list[float] = []
    top, bottom, rising = 0, 0, False
    for k, value in enumerate(value_m):
        if rising:
            if value > value_m[top]:
                top = k
            elif value < value_m[top] - least_m:
                found.append(_summit(timestamps_s, value_m, top))
                bottom, rising = k, False
        elif value < value_m[bottom]:
            bottom = k
        elif value > value_m[bottom] + least_m:
            top, rising = k, True
    return found


def _summit(timestamps_s: Float[np.ndarray, " frames"], value_m: Float[np.ndarray, " frames"], top: int) -> float:
    """Time of the top of the parabola through a maximum and its neighbours; `top` is never at an end."""
    before, here, after = value_m[top - 1 : top + 2]
    bend = before - 2 * here + after
    shift = 0.0 if bend == 0 else 0.5 * (before - after) / bend
    return float(timestamps_s[top] + shift * (timestamps_s[top + 1] - timestamps_s[top - 1]) / 2)


def _step(walker: Walker, before: Event, strike: Event) -> Step:
    here, there = (_heel_at(walker, event) for event in (strike, before))
    length_m, width_m = float(here[0] - there[0]), float(abs(here[2] - there[2]))
    return Step(strike.side, before.time_s, strike.time_s, length_m, width_m)


def _strides(walker: Walker, strikes: list[Event], offs: list[Event]) -> list[Stride]:
    found: list[Stride] = []
    for side in SIDES:
        mine = [event for event in strikes if event.side == side]
        for start, end in pairwise(mine):
            if end.time_s - start.time_s > 2 * LONGEST_STEP_S:
                continue
            between = [off.time_s for off in offs if off.side == side and start.time_s < off.time_s < end.time_s]
            share = (between[0] - start.time_s) / (end.time_s - start.time_s) if between else float("nan")
            length_m = float(_heel_at(walker, end)[0] - _heel_at(walker, start)[0])
            found.append(Stride(side, start.time_s, end.time_s, length_m, share))
    return sorted(found, key=lambda stride: stride.start_s)


def _heel_at(walker: Walker, event: Event) -> Float[np.ndarray, "3"]:
    return _at(walker, walker.heel_m[:, SIDES.index(event.side)], event.time_s)


def _at(walker: Walker, points_m: Float[np.ndarray, "frames 3"], time_s: float) -> Float[np.ndarray, "3"]:
    return np.array([np.interp(time_s, walker.timestamps_s, column) for column in points_m.T])
