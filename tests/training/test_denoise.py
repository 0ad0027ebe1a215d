"""The lessons of the denoiser: errors are as large as was measured, the truth costs nothing, runs can be taken up."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator

from models.nets.denoiser import FRAMES, RATE_HZ, Denoiser
from models.nets.denoiser_file import load_denoiser
from tests.training.toy_wave import wave
from training import denoise
from training.denoise import Args, train
from training.denoise_data import Lesson, Motions, draw_lesson, draw_truth, even_windows, join_motions, make_lesson
from training.denoise_loss import denoise_loss, joints_of, small_turn
from training.measure_errors import memory_shares
from training.motion_errors import MEMORY_S, hide, load_regimes, remembering, shake

MOTIONS = join_motions([wave(frames=120), wave("another wave", frames=40)])
STILL = torch.eye(3).expand(200, FRAMES, 24, 3, 3)


def generator() -> Generator:
    return Generator().manual_seed(0)


def shaken(regime: str, size: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    found = shake(
        STILL, torch.zeros(200, FRAMES, 3), RATE_HZ, load_regimes()[regime], generator(), torch.full((200,), size)
    )
    return found.world_from_joint, found.root_m


def lesson(size: float) -> Lesson:
    true, true_m = even_windows(MOTIONS, 1)
    sizes, seen = torch.full((1,), size), torch.ones(1, FRAMES, dtype=torch.bool)
    return make_lesson(true, true_m, load_regimes()["fitted"], sizes, seen, generator())


@pytest.mark.parametrize("regime", ["fitted", "detector"])
def test_no_error_at_all_leaves_motion_as_it_is(regime: str) -> None:
    turns, way_m = shaken(regime, size=0.0)
    torch.testing.assert_close(turns, STILL, atol=1e-5, rtol=0)
    assert way_m.abs().max() == 0


def test_the_same_generator_makes_the_same_errors() -> None:
    for first, second in zip(shaken("fitted"), shaken("fitted"), strict=True):
        torch.testing.assert_close(first, second, atol=0, rtol=0)


def test_the_way_is_as_wrong_as_was_measured_and_along_the_line_of_sight_above_all() -> None:
    regime = load_regimes()["fitted"]
    still_m = torch.zeros(200, FRAMES, 3)
    found = shake(STILL, still_m, RATE_HZ, regime, generator())
    along = (found.root_m * found.sight[:, None]).sum(-1)
    assert float(along.std()) == pytest.approx(float(regime.root_sd_m[1]), rel=0.1)
    assert float((found.root_m - along[..., None] * found.sight[:, None]).norm(dim=-1).mean()) < 0.03


def test_frame_by_frame_solutions_shake_more_than_fitted_ones() -> None:
    bend = [shaken(regime)[0].diff(n=2, dim=1).norm(dim=(-2, -1)).mean() for regime in ("fitted", "detector")]
    assert bend[1] > 1.5 * bend[0]


@pytest.mark.parametrize("memory", range(len(MEMORY_S)))
def test_noise_has_variance_1_and_remembers_for_as_long_as_it_should(memory: int) -> None:
    share = np.eye(len(MEMORY_S))[memory]
    noise = remembering((4000,), 40, RATE_HZ, share, generator())
    assert float(noise.var()) == pytest.approx(1.0, abs=0.05)
    lag = 4
    kept = float((noise[:, lag:] * noise[:, :-lag]).mean())
    known = np.exp(-((lag / RATE_HZ / (2 * max(MEMORY_S[memory], 1e-9))) ** 2))
    assert kept == pytest.approx(known, abs=0.05)


def test_the_memories_of_drawn_noise_are_found_again() -> None:
    share = np.array([0.1, 0.0, 0.3, 0.6, 0.0])
    series = [own.numpy().T for own in remembering((20, 60), 120, RATE_HZ, share, generator())]
    np.testing.assert_allclose(memory_shares(series), share, atol=0.12)


def test_gaps_never_hide_the_ends() -> None:
    observed = hide(500, FRAMES, RATE_HZ, 1.0, 0.5, generator())
    assert bool(observed[:, [0, -1]].all())
    gone = (~observed).sum(1)
    assert gone.min() >= 1
    assert gone.max() <= 15


def test_the_true_motion_costs_next_to_nothing() -> None:
    clean = lesson(0.0)
    loss, figures = denoise_loss(clean, clean.window.fast, clean.window.fast_m)
    assert figures["mm"] < 0.01
    assert float(loss) < 1e-3
    assert denoise_loss(lesson(1.0), clean.window.fast, clean.window.fast_m)[1]["mm"] > 10


def test_a_small_turn_is_the_exponential_and_has_a_gradient_at_nothing() -> None:
    vector = torch.tensor([[0.3, -1.2, 0.7], [0.0, 0.0, 0.0]], dtype=torch.float64, requires_grad=True)
    exact = torch.matrix_exp(torch.stack([_cross(row) for row in vector.detach()]))
    torch.testing.assert_close(small_turn(vector).detach(), exact, atol=1e-6, rtol=0)
    small_turn(vector).sum().backward()
    assert vector.grad is not None
    assert bool(vector.grad.isfinite().all())


def test_bones_keep_their_lengths() -> None:
    turned = joints_of(draw_truth(MOTIONS, 2, generator())[0])
    still = joints_of(torch.eye(3).expand(24, 3, 3))
    child, parent = 18 - 1, 16 - 1  # left elbow and shoulder; the pelvis has no row
    length = (turned[..., child, :] - turned[..., parent, :]).norm(dim=-1)
    torch.testing.assert_close(length, (still[child] - still[parent]).norm().expand_as(length))


def test_windows_of_short_clips_are_held_and_all_are_finite() -> None:
    short: Motions = join_motions([wave("short", frames=20)])
    drawn = draw_lesson(short, 8, generator())
    assert bool(drawn.window.six.isfinite().all())
    torch.testing.assert_close(drawn.true[:, -1], drawn.true[:, -2])


def test_a_run_learns_is_saved_and_taken_up_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denoise, "WINDOWS", 2)
    monkeypatch.setattr(denoise, "CHECKED", 1)
    monkeypatch.setattr(denoise, "read_motions", lambda _: (MOTIONS, MOTIONS))
    train(Args(mocap=tmp_path, out=tmp_path, minutes=0.005))
    first = torch.load(tmp_path / "denoiser.checkpoint.pt", weights_only=True)
    assert first["step"] >= 1
    train(Args(mocap=tmp_path, out=tmp_path, minutes=0.01, resume=True))
    second = torch.load(tmp_path / "denoiser.checkpoint.pt", weights_only=True)
    assert second["step"] > first["step"]
    assert isinstance(load_denoiser(tmp_path / "denoiser.safetensors"), Denoiser)


def _cross(vector: torch.Tensor) -> torch.Tensor:
    x, y, z = vector.tolist()
    return torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=vector.dtype)
