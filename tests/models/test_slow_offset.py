"""The offset between two accounts of a motion against the dense normal equations."""

import pytest
import torch
from torch import Tensor

from models.slow_offset import Slowness, find_offset

SLOWNESS = Slowness(constant_sd=0.5, drift_sd=0.2, drift_frames=15.0)


def _dense(seen: Tensor, precision: Tensor, slowness: Slowness) -> Tensor:
    """The mean of a Gaussian process with the same covariance."""
    away = torch.arange(len(seen), dtype=seen.dtype)
    keep = torch.exp(-(away[:, None] - away).abs() / slowness.drift_frames)
    covariance = slowness.constant_sd**2 + slowness.drift_sd**2 * keep
    seen_here = precision > 0
    noise = torch.diag(1 / precision[seen_here])
    gain = torch.linalg.solve(covariance[seen_here][:, seen_here] + noise, seen[seen_here])
    return covariance[:, seen_here] @ gain


@pytest.mark.parametrize("frames", [1, 2, 40])
def test_the_offset_is_the_mean_of_the_posterior(frames: int) -> None:
    generator = torch.Generator().manual_seed(frames)
    seen = torch.randn(3, frames, generator=generator, dtype=torch.float64)
    precision = torch.rand(3, frames, generator=generator, dtype=torch.float64) * 30
    precision[:, 1::3] = 0
    found = find_offset(seen, precision, SLOWNESS)
    for row in range(3):
        torch.testing.assert_close(found[row], _dense(seen[row], precision[row], SLOWNESS))


def test_a_constant_is_found_under_noise_and_what_is_not_seen_does_not_count() -> None:
    generator = torch.Generator().manual_seed(0)
    seen = 0.7 + 0.3 * torch.randn(400, generator=generator, dtype=torch.float64)
    seen[::2] = 1e3
    precision = torch.full((400,), 1 / 0.3**2, dtype=torch.float64)
    precision[::2] = 0
    assert (find_offset(seen, precision, SLOWNESS) - 0.7).abs().max() < 0.25
    torch.testing.assert_close(find_offset(seen, torch.zeros_like(seen), SLOWNESS), torch.zeros_like(seen))
