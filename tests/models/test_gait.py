"""Gait: a walk made of known numbers gives them back; others get none; headings follow the world's turns."""

from dataclasses import replace

import numpy as np
import pytest

from models.gait import Gait, Walker, find_gait, heading_rad, over_cycle

CYCLE_S, SPEED, STANCE_PHASE = 1.1, 1.3, 0.62


def walker(seconds: float = 5.0, rate_hz: float = 50.0, speed: float = SPEED) -> Walker:
    """Heels farthest ahead at 0.25 (right) and 0.8 s (left) of each cycle, toes farthest behind 0.62 cycles later."""
    t = np.arange(0, seconds, 1 / rate_hz)
    pelvis = np.column_stack([speed * t, 0.9 + 0 * t, 0.02 * np.sin(2 * np.pi * t / CYCLE_S)])
    heel, toe = np.zeros((len(t), 2, 3)), np.zeros((len(t), 2, 3))
    for k, strike_s in enumerate((0.25, 0.25 + CYCLE_S / 2)):
        heel[:, k, 0] = pelvis[:, 0] + 0.35 * np.cos(2 * np.pi * (t - strike_s) / CYCLE_S)
        toe[:, k, 0] = pelvis[:, 0] + 0.1 - 0.35 * np.cos(2 * np.pi * (t - strike_s - STANCE_PHASE * CYCLE_S) / CYCLE_S)
        heel[:, k, 2] = toe[:, k, 2] = 0.07 - 0.14 * k
    return Walker(t, pelvis, heel, toe, 0.85)


@pytest.mark.parametrize("rate_hz", [30.0, 60.0, 200.0])
def test_a_known_walk_gives_its_numbers_back(rate_hz: float) -> None:
    gait = find_gait(walker(rate_hz=rate_hz))
    assert gait.absence == ""
    assert gait.cadence_per_min == pytest.approx(120 / CYCLE_S, rel=1e-3)
    assert gait.speed_m_s == pytest.approx(SPEED, rel=1e-3)
    assert [step.length_m for step in gait.steps] == pytest.approx([SPEED * CYCLE_S / 2] * len(gait.steps), abs=3e-3)
    assert [step.width_m for step in gait.steps] == pytest.approx([0.14] * len(gait.steps))
    assert [stride.length_m for stride in gait.strides] == pytest.approx(
        [SPEED * CYCLE_S] * len(gait.strides), abs=3e-3
    )
    assert [stride.stance_share for stride in gait.strides] == pytest.approx([0.62] * len(gait.strides), abs=2e-3)


def test_heels_strike_when_they_are_made_to() -> None:
    strikes = [e.time_s for e in find_gait(walker()).events if e.kind == "heel_strike" and e.side == "right"]
    assert strikes == pytest.approx(0.25 + CYCLE_S * np.arange(len(strikes)), abs=1e-3)
    assert len(strikes) == 5


def test_right_and_left_are_told_apart() -> None:
    this = walker()
    other = replace(this, heel_m=this.heel_m[:, ::-1], toe_m=this.toe_m[:, ::-1])
    swap = {"right": "left", "left": "right"}
    mirrored = [replace(event, side=swap[event.side]) for event in find_gait(other).events]
    assert mirrored == list(find_gait(this).events)


def test_time_runs_from_anywhere() -> None:
    this = walker()
    late = find_gait(replace(this, timestamps_s=this.timestamps_s + 7))
    assert [e.time_s - 7 for e in late.events] == pytest.approx([e.time_s for e in find_gait(this).events])


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        (walker(speed=0.0), "travels 0.00 m ahead"),
        (walker(speed=-1.0), "travels -4.98 m ahead"),
        (walker(seconds=0.9), "no two heel-strikes"),
        (replace(walker(), heel_m=walker().pelvis_m[:, None] + np.zeros((2, 3))), "no two heel-strikes"),
    ],
)
def test_who_does_not_walk_gets_no_gait_and_the_reason(who: Walker, reason: str) -> None:
    gait = find_gait(who)
    assert reason in gait.absence
    assert replace(gait, absence="") == pytest.approx(Gait()) or (not gait.events and np.isnan(gait.speed_m_s))


def test_who_turns_gets_no_gait() -> None:
    this = walker()
    angle = np.linspace(0, 1.5 * np.pi, len(this.timestamps_s))
    circle = np.column_stack([np.sin(angle), 0.9 + 0 * angle, np.cos(angle)]) * 4
    circle[:, 0] += np.linspace(0, 6, len(angle))
    assert "not straight" in find_gait(replace(this, pelvis_m=circle)).absence


def test_a_rest_between_steps_is_no_step() -> None:
    this = walker()
    half = len(this.timestamps_s) // 2
    times = this.timestamps_s.copy()
    times[half:] += 3.0
    gait = find_gait(replace(this, timestamps_s=times))
    assert max(step.end_s - step.start_s for step in gait.steps) < 1.2
    assert max(stride.end_s - stride.start_s for stride in gait.strides) < 2.4
    assert gait.cadence_per_min == pytest.approx(120 / CYCLE_S, rel=1e-2)


def test_a_curve_over_the_cycle_starts_and_ends_with_the_stride() -> None:
    this = walker(rate_hz=500.0)
    stride = find_gait(this).strides[0]
    curve = over_cycle(this.timestamps_s, this.heel_m[:, 0, :1] - this.pelvis_m[:, :1], stride)
    assert curve[:, 0] == pytest.approx(0.35 * np.cos(2 * np.pi * np.linspace(0, 1, 101)), abs=1e-3)


@pytest.mark.parametrize("degrees", [-170.0, -90.0, 0.0, 35.0, 120.0])
@pytest.mark.parametrize("travel_m", [0.0, 3.0])
def test_the_heading_turns_with_the_world(degrees: float, travel_m: float) -> None:
    turn = np.radians(degrees)
    ahead = np.array([np.cos(turn), 0, -np.sin(turn)])
    way = np.linspace(0, travel_m, 20)[:, None] * ahead + [1, 2, 3]
    looks = np.tile(ahead, (20, 1)) + np.random.default_rng(0).normal(size=(20, 3)) * [0, 0.1, 0]
    assert np.degrees(heading_rad(way, looks)) == pytest.approx(degrees)


def test_who_walks_sideways_or_backward_heads_where_he_looks() -> None:
    way = np.linspace(0, 3, 20)[:, None] * np.array([1.0, 0, 0])
    for looks in ([-1.0, 0, 0.1], [0, 0, -1.0]):
        heading = heading_rad(way, np.tile(looks, (20, 1)))
        assert heading == pytest.approx(np.arctan2(-looks[2], looks[0]))


def test_who_looks_all_around_has_the_heading_zero() -> None:
    angle = np.linspace(0, 2 * np.pi, 41)[:-1]
    assert heading_rad(np.zeros((40, 3)), np.column_stack([np.cos(angle), 0 * angle, np.sin(angle)])) == 0
