"""Laws of the classical filters: what passes and what does not, constant turns, no delay, gaps, and one frame."""

from collections.abc import Callable

import numpy as np
import pytest
import roma
import torch

from models.errors import ConfigError
from models.filter_kinds import Filter, butterworth, filter_positions, filter_rotations, kalman, make_filter, one_euro

RATES = (24.0, 30.0, 60.0, 120.0, 240.0)
Maker = Callable[[float, float, int], Filter]
MAKERS: dict[str, Maker] = {
    "butterworth": lambda rate_hz, period_s, _: butterworth(rate_hz, period_s),
    "kalman": lambda rate_hz, period_s, frames: kalman(rate_hz, period_s, np.ones(frames, dtype=bool)),
    "one_euro": lambda rate_hz, period_s, _: one_euro(rate_hz, period_s),
}
every_filter = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def gain(make: Maker, rate_hz: float, periods: float, period_s: float = 0.4) -> float:
    """Of an oscillation so many times faster than the one at half power."""
    time_s = np.arange(round(12 * rate_hz)) / rate_hz
    wave = np.sin(2 * np.pi * time_s * periods / period_s)[:, None, None]
    smooth, middle = make(rate_hz, period_s, len(wave))(wave), slice(round(4 * rate_hz), round(8 * rate_hz))
    return float((smooth[middle] * wave[middle]).sum() / (wave[middle] ** 2).sum())


def wild(frames: int) -> torch.Tensor:
    turns = 0.3 * torch.randn(frames, 2, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return roma.rotvec_to_rotmat(turns)


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("name", ["butterworth", "kalman"])
def test_half_the_power_of_the_named_period_passes_at_every_rate(name: str, rate_hz: float) -> None:
    assert gain(MAKERS[name], rate_hz, 1.0) == pytest.approx(0.5**0.5, abs=0.03)
    assert gain(MAKERS[name], rate_hz, 0.2) > 0.99
    assert abs(gain(MAKERS[name], rate_hz, 3.0)) < 0.06


def test_one_euro_lets_more_pass_of_what_moves_fast() -> None:
    time_s = np.arange(240) / 60
    wave = np.sin(2 * np.pi * 3 * time_s)[:, None, None]
    small, large = (one_euro(60.0, 0.5)(size * wave) / size for size in (0.001, 3.0))
    assert np.abs(large).max() > 1.5 * np.abs(small[60:-60]).max()


@every_filter
def test_a_constant_turn_before_or_after_makes_no_difference(make: Maker) -> None:
    turns, (before, after) = wild(50), wild(1)[0]
    chosen = make(30.0, 0.3, 50)
    smooth = filter_rotations(turns, chosen)
    torch.testing.assert_close(filter_rotations(before @ turns @ after, chosen), before @ smooth @ after)
    assert not torch.allclose(smooth, turns, atol=1e-3)


@every_filter
def test_who_stands_still_or_glides_is_where_he_was(make: Maker) -> None:
    still = torch.tensor([1.0, 0.9, -2.0], dtype=torch.float64).expand(60, 3)
    torch.testing.assert_close(filter_positions(still, make(30.0, 0.3, 60)), still)
    glide = still + torch.arange(60, dtype=torch.float64)[:, None] / 30
    middle = slice(20, 40)
    assert (filter_positions(glide, make(30.0, 0.3, 60)) - glide)[middle].abs().max() < 0.02


@pytest.mark.parametrize("name", ["butterworth", "kalman"])
def test_time_may_run_backward(name: str) -> None:
    values = np.random.default_rng(2).normal(size=(90, 1, 3)).cumsum(axis=0)
    chosen = MAKERS[name](30.0, 0.4, 90)
    np.testing.assert_allclose(chosen(values[::-1])[::-1][15:-15], chosen(values)[15:-15], atol=0.05)


def test_kalman_passes_over_a_gap_whatever_stands_in_it() -> None:
    observed = np.ones(60, dtype=bool)
    observed[20:30] = False
    values = np.random.default_rng(2).normal(size=(60, 2, 3))
    spoiled = np.where(observed[:, None, None], values, 99.0)
    np.testing.assert_allclose(kalman(30.0, 0.3, observed)(spoiled), kalman(30.0, 0.3, observed)(values))


@every_filter
@pytest.mark.parametrize("frames", [1, 2, 5])
def test_the_shortest_clips_pass(make: Maker, frames: int) -> None:
    assert np.isfinite(make(30.0, 0.3, frames)(np.ones((frames, 2, 9)))).all()


def test_a_period_that_frames_cannot_show_changes_nothing() -> None:
    values = np.random.default_rng(2).normal(size=(60, 1, 3))
    np.testing.assert_array_equal(butterworth(30.0, 0.05)(values), values)


def test_filters_have_names() -> None:
    for name in MAKERS:
        make_filter(name, 30.0, 0.3, np.ones(5, dtype=bool))
    with pytest.raises(ConfigError, match="Choose from butterworth"):
        make_filter("median", 30.0, 0.3, np.ones(5, dtype=bool))
