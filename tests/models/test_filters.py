"""Laws of the smoothing: what passes, what does not, what never counts."""

import numpy as np
import pytest
import roma
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from models.filters import fill_positions, fill_rotations, smooth_positions, smooth_rotations, smoothing_stencil

SIXTH = 1 / 6


def gappy(frames: int = 60) -> np.ndarray:
    observed = np.ones(frames, dtype=bool)
    observed[[0, 1, 20, 22, *range(30, 45), frames - 1]] = False
    return observed


def spin(frames: int, axis: Tensor, step_rad: float) -> Tensor:
    angle = torch.arange(frames, dtype=torch.float64) * step_rad
    return roma.rotvec_to_rotmat(angle[:, None] * axis)


def wild(frames: int) -> Tensor:
    steps = torch.randn(frames, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return roma.rotvec_to_rotmat(steps * 0.3)


def gain(rate_hz: int, frequency_hz: float, period_s: float) -> float:
    time_s = torch.arange(20 * rate_hz, dtype=torch.float64) / rate_hz
    wave = torch.sin(2 * torch.pi * frequency_hz * time_s)
    smooth = smooth_positions(wave, smoothing_stencil(np.ones(len(wave), dtype=bool), rate_hz, period_s))
    middle = slice(5 * rate_hz, 15 * rate_hz)
    return float((smooth[middle] * wave[middle]).sum() / wave[middle].square().sum())


@pytest.mark.parametrize("observed", [np.ones(60, dtype=bool), gappy()])
def test_what_moves_evenly_is_unchanged_at_the_ends_and_beside_gaps_too(observed: np.ndarray) -> None:
    stencil = smoothing_stencil(observed, 30, SIXTH)
    line = torch.arange(60, dtype=torch.float64)[:, None] * torch.tensor([1.0, -2.0, 0.0]) + 3
    torch.testing.assert_close(smooth_positions(line, stencil), line)
    turning = spin(60, torch.tensor([0.6, 0.0, 0.8], dtype=torch.float64), 0.11)
    torch.testing.assert_close(smooth_rotations(turning, stencil), turning)


def test_a_parabola_is_unchanged() -> None:
    curve = (torch.arange(40, dtype=torch.float64) - 11).square()
    torch.testing.assert_close(smooth_positions(curve, smoothing_stencil(np.ones(40, dtype=bool), 30, 0.3)), curve)


@pytest.mark.parametrize("rate_hz", [30, 60, 120])
@pytest.mark.parametrize(("ratio", "low", "high"), [(0.2, 0.995, 1.001), (1.0, 0.69, 0.73), (2.5, -0.02, 0.02)])
def test_the_gain_depends_on_the_period_and_not_on_the_frame_rate(
    rate_hz: int, ratio: float, low: float, high: float
) -> None:
    assert low < gain(rate_hz, ratio * 5.0, period_s=0.2) < high


def test_small_rotations_are_damped_like_numbers() -> None:
    time_s = torch.arange(300, dtype=torch.float64) / 60
    angle = 1e-3 * torch.sin(2 * torch.pi * 6 * time_s)
    stencil = smoothing_stencil(np.ones(300, dtype=bool), 60, SIXTH)
    axis = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    smooth = roma.rotmat_to_rotvec(smooth_rotations(roma.rotvec_to_rotmat(angle[:, None] * axis), stencil))
    torch.testing.assert_close(smooth[:, 1], smooth_positions(angle, stencil), atol=1e-9, rtol=0)


def test_smoothing_has_no_delay_so_time_may_run_backward() -> None:
    rotation, observed = wild(60), gappy()
    forward = smooth_rotations(rotation, smoothing_stencil(observed, 30, SIXTH))
    backward = smooth_rotations(rotation.flip(0), smoothing_stencil(observed[::-1].copy(), 30, SIXTH))
    torch.testing.assert_close(forward, backward.flip(0))


def test_smoothing_does_not_depend_on_the_frame_of_reference() -> None:
    rotation, turn = wild(60), wild(2)
    stencil = smoothing_stencil(gappy(), 30, SIXTH)
    torch.testing.assert_close(
        smooth_rotations(turn[0] @ rotation @ turn[1], stencil), turn[0] @ smooth_rotations(rotation, stencil) @ turn[1]
    )


def test_unobserved_frames_weigh_nothing() -> None:
    observed = gappy()
    stencil = smoothing_stencil(observed, 30, SIXTH)
    spoiled = wild(60)
    spoiled[~torch.from_numpy(observed)] = torch.eye(3, dtype=torch.float64)
    torch.testing.assert_close(
        smooth_rotations(spoiled, stencil)[observed], smooth_rotations(wild(60), stencil)[observed]
    )


def test_unobserved_frames_keep_their_own_value() -> None:
    observed, rotation = gappy(), wild(60)
    smooth = smooth_rotations(rotation, smoothing_stencil(observed, 30, SIXTH))
    torch.testing.assert_close(smooth[~observed], rotation[~observed])


def test_a_lone_sighting_keeps_its_value() -> None:
    observed = np.zeros(30, dtype=bool)
    observed[7] = True
    value = torch.arange(30, dtype=torch.float64)
    assert smooth_positions(value, smoothing_stencil(observed, 30, SIXTH))[7] == pytest.approx(7)


def test_gaps_turn_evenly_between_their_neighbours_and_hold_at_the_ends() -> None:
    observed, rotation = gappy(), wild(60)
    filled = fill_rotations(rotation, observed)
    torch.testing.assert_close(filled[observed], rotation[observed])
    torch.testing.assert_close(filled[:2], rotation[2].expand(2, 3, 3))
    torch.testing.assert_close(filled[-1], rotation[-2])
    steps = Rotation.from_matrix((filled[29:45].mT @ filled[30:46]).numpy()).as_rotvec()
    np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-12)


def test_gaps_in_positions_are_straight_lines() -> None:
    observed = gappy()
    position = torch.arange(60, dtype=torch.float64)[:, None].expand(60, 3)
    filled = fill_positions(torch.where(torch.from_numpy(observed)[:, None], position, torch.nan), observed)
    torch.testing.assert_close(filled[2:-1], position[2:-1])
    torch.testing.assert_close(filled[:2], position[2].expand(2, 3))
