"""Three filters that animators and biomechanists know: Butterworth, One-Euro, and Kalman's with a second pass backward.

All leave slow movements where they are in time. A period is of the oscillation that keeps half its power. Values may
have any trailing axes; rotations are filtered as matrices, entry by entry, and brought back to the nearest rotation,
which commutes with constant turns on either side. Gaps have been filled before; Kalman's passes over them.
"""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
import roma
import torch
from jaxtyping import Bool, Float
from scipy import signal
from torch import Tensor

from models.errors import ConfigError

HALF: Final = math.sqrt(math.sqrt(2) - 1) ** 0.5
"""1 / (1 + x^4) is 1 / sqrt(2) here: the gain of two passes of second order, and of the smoother at its bend."""
ONE_EURO_SPEED_S: Final = 1.0
"""Period of the first-order filter of the speed; Casiez et al. 2012 recommend 1 Hz."""
UNKNOWN: Final = 1e6
"""Variance of the first state, in that of the noise."""
EAGERNESS: Final = 2.0
"""Hz by which One-Euro's cutoff rises for each unit of speed a second; radians and metres alike."""

Series = Float[np.ndarray, "frames groups channels"]
Filter = Callable[[Series], Series]
"""Channels of one group belong together: a joint's nine numbers, a point's three."""


def make_filter(name: str, rate_hz: float, period_s: float, observed: Bool[np.ndarray, " frames"]) -> Filter:
    """The filter of a name.

    Raises:
        ConfigError: there is none.
    """
    match name:
        case "butterworth":
            return butterworth(rate_hz, period_s)
        case "one_euro":
            return one_euro(rate_hz, period_s)
        case "kalman":
            return kalman(rate_hz, period_s, observed)
        case _:
            raise ConfigError(f"no filter called {name!r}", "choose from butterworth, one_euro, kalman")


def filter_positions(position_m: Float[Tensor, "frames 3"], chosen: Filter) -> Float[Tensor, "frames 3"]:
    """The way of a point, or any three numbers that may be averaged."""
    series = position_m[:, None].cpu().numpy().astype(np.float64)
    return torch.from_numpy(chosen(series)[:, 0].copy()).to(position_m)


def filter_rotations(
    rotation: Float[Tensor, "frames joints 3 3"], chosen: Filter
) -> Float[Tensor, "frames joints 3 3"]:
    """Rotations, each joint on its own."""
    series = rotation.flatten(-2).cpu().numpy().astype(np.float64)
    smooth = torch.from_numpy(chosen(series).copy()).to(rotation).unflatten(-1, (3, 3))
    nearest: Tensor = roma.special_procrustes(smooth)  # pyright: ignore[reportAssignmentType]
    return nearest


def butterworth(rate_hz: float, period_s: float) -> Filter:
    """Second order, forward and backward (Winter 2009); does nothing where the period is below what frames show."""
    share = 2 / (HALF * period_s * rate_hz)

    def run(values: np.ndarray) -> np.ndarray:
        if share >= 1 or len(values) < 2:
            return values
        sections = signal.butter(2, share, output="sos")
        room = min(len(values) - 1, round(2 * period_s * rate_hz) + 8)
        return signal.sosfiltfilt(sections, values, axis=0, padlen=room)

    return run


def one_euro(rate_hz: float, period_s: float, eagerness_hz: float = EAGERNESS) -> Filter:
    """First order, with a cutoff that rises with speed (Casiez et al. 2012), once forward and once backward.

    Args:
        period_s: at rest.
        eagerness_hz: for each unit a second; the channels of a group share one speed, the length of theirs together.
    """

    def once(values: np.ndarray) -> np.ndarray:
        smooth = np.empty_like(values)
        smooth[0], speed = values[0], np.zeros(values.shape[1:])
        keep_speed = _share(1 / ONE_EURO_SPEED_S, rate_hz)
        for frame in range(1, len(values)):
            speed = speed + keep_speed * ((values[frame] - smooth[frame - 1]) * rate_hz - speed)
            cutoff_hz = 1 / period_s + eagerness_hz * np.linalg.norm(speed, axis=-1, keepdims=True)
            smooth[frame] = smooth[frame - 1] + _share(cutoff_hz, rate_hz) * (values[frame] - smooth[frame - 1])
        return smooth

    return lambda values: once(once(values)[::-1])[::-1]


def kalman(rate_hz: float, period_s: float, observed: Bool[np.ndarray, " frames"]) -> Filter:
    """Constant velocity pushed about by white acceleration, smoothed backward (Rauch, Tung and Striebel 1965)."""
    step_s = 1 / rate_hz
    move = np.array([[1.0, step_s], [0.0, 1.0]])
    bend_s = period_s * HALF / (2 * math.pi)
    push = np.array([[step_s**3 / 3, step_s**2 / 2], [step_s**2 / 2, step_s]]) / (bend_s**4 * rate_hz)

    def run(values: np.ndarray) -> np.ndarray:
        flat = values.reshape(len(values), -1)
        first = int(np.argmax(observed))
        state, spread = np.stack([flat[first], np.zeros(flat.shape[1])]), np.diag([1.0, 1 / bend_s**2]) * UNKNOWN
        states: list[np.ndarray] = []
        spreads: list[np.ndarray] = []
        for frame, value in enumerate(flat):
            if frame:
                state, spread = move @ state, move @ spread @ move.T + push
            if observed[frame]:
                gain = spread[:, :1] / (spread[0, 0] + 1)
                state, spread = state + gain * (value - state[0]), spread - gain * spread[:1]
            states.append(state)
            spreads.append(spread)
        for frame in range(len(flat) - 2, -1, -1):
            ahead = move @ spreads[frame] @ move.T + push
            back = spreads[frame] @ move.T @ np.linalg.inv(ahead)
            states[frame] = states[frame] + back @ (states[frame + 1] - move @ states[frame])
        return np.stack([state[0] for state in states]).reshape(values.shape)

    return run


def _share(cutoff_hz: float | np.ndarray, rate_hz: float) -> float | np.ndarray:
    """Of the new value, in a first-order filter."""
    turn = 2 * math.pi * cutoff_hz / rate_hz
    return turn / (turn + 1)
