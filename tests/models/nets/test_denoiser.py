"""Laws of the denoiser, with weights drawn at random: mirrors, turns, even movement, rates, the shortest clips."""

from dataclasses import replace
from pathlib import Path

import pytest
import roma
import torch
from torch import Tensor

from models.errors import WeightsError
from models.kinematics import world_from_joints
from models.nets.denoiser import FRAMES, RATE_HZ, Denoiser
from models.nets.denoiser_file import load_denoiser, save_denoiser
from models.nets.inputs import MIRROR
from models.nets.steadier import Found, look, steady
from models.skeletons import SMPL_JOINTS, SMPL_MIRROR, SMPL_PARENTS


@pytest.fixture(scope="module")
def net() -> Denoiser:
    torch.manual_seed(3)
    drawn = Denoiser(width=32)
    torch.nn.init.normal_(drawn.exit.weight, std=0.05)
    torch.nn.init.normal_(drawn.exit.bias, std=0.3)
    return drawn.eval().requires_grad_(False)


def swinging(rate_hz: float = RATE_HZ, seconds: float = 3.0, shake_rad: float = 0.0) -> Found:
    """Every joint swings to and fro at its own pace, below 2 Hz, while the person walks in a bow."""
    random = torch.Generator().manual_seed(4)
    time_s = torch.arange(round(seconds * rate_hz) + 1, dtype=torch.float64) / rate_hz
    axis = 0.5 * torch.randn(24, 3, generator=random, dtype=torch.float64)
    pace, phase = torch.rand(2, 24, generator=random, dtype=torch.float64)
    angle = torch.sin(2 * torch.pi * (0.3 + pace) * time_s[:, None] + 6 * phase)
    local = roma.rotvec_to_rotmat(angle[..., None] * axis)
    if shake_rad:
        tremor = torch.randn(len(time_s), 24, 3, generator=random, dtype=torch.float64)
        local = local @ roma.rotvec_to_rotmat(shake_rad * tremor)
    root_m = torch.stack([time_s.sin(), 0.9 + 0 * time_s, 1.2 * time_s], dim=-1)
    confidence = torch.rand(24, generator=random, dtype=torch.float64).expand(len(time_s), 24)
    sight = torch.tensor([0.6, 0.0, -0.8], dtype=torch.float64)
    seen = torch.ones(len(time_s), dtype=torch.bool)
    return Found(rate_hz, world_from_joints(SMPL_PARENTS, local), root_m, confidence, seen, sight)


def off_rad(first: Tensor, second: Tensor) -> Tensor:
    return roma.rotmat_to_rotvec(first.mT @ second).norm(dim=-1)


def mirrored(found: Found) -> Found:
    flip, twin = torch.diag(torch.tensor(MIRROR, dtype=torch.float64)), list(SMPL_MIRROR)
    return replace(
        found,
        world_from_joint=flip @ found.world_from_joint[:, twin] @ flip,
        root_m=found.root_m @ flip,
        confidence=found.confidence[:, twin],
        sight=found.sight @ flip,
    )


def test_it_does_something(net: Denoiser) -> None:
    found = swinging()
    turns, root_m = steady(net, found)
    assert off_rad(turns, found.world_from_joint).mean() > 0.02
    assert (root_m - found.root_m).norm(dim=-1).mean() > 0.02


def test_what_a_mirror_shows_is_corrected_as_the_mirror_shows_it(net: Denoiser) -> None:
    found = swinging(shake_rad=0.1)
    flip = torch.diag(torch.tensor(MIRROR, dtype=torch.float64))
    turns, root_m = steady(net, found)
    seen, seen_m = steady(net, mirrored(found))
    torch.testing.assert_close(seen, flip @ turns[:, list(SMPL_MIRROR)] @ flip, atol=1e-5, rtol=0)
    torch.testing.assert_close(seen_m, root_m @ flip, atol=1e-5, rtol=0)


def test_it_does_not_matter_where_people_stand_and_which_way_they_look(net: Denoiser) -> None:
    found = swinging(shake_rad=0.1)
    turn = roma.rotvec_to_rotmat(torch.tensor([0.0, 2.1, 0.0], dtype=torch.float64))
    shift_m = torch.tensor([3.0, -1.0, 7.0], dtype=torch.float64)
    moved = replace(
        found,
        world_from_joint=turn @ found.world_from_joint,
        root_m=found.root_m @ turn.mT + shift_m,
        sight=turn @ found.sight,
    )
    turns, root_m = steady(net, found)
    moved_turns, moved_m = steady(net, moved)
    torch.testing.assert_close(moved_turns, turn @ turns, atol=1e-5, rtol=0)
    torch.testing.assert_close(moved_m, root_m @ turn.mT + shift_m, atol=1e-5, rtol=0)


def test_who_stands_still_or_turns_evenly_is_left_as_he_is(net: Denoiser) -> None:
    found = swinging()
    spin = torch.arange(len(found.root_m), dtype=torch.float64)[:, None] * torch.tensor([0.0, 0.1, 0.0])
    even = roma.rotvec_to_rotmat(spin)[:, None] @ found.world_from_joint[:1]
    for turns in (found.world_from_joint[:1].expand_as(even), even):
        kept, root_m = steady(net, replace(found, world_from_joint=turns))
        assert off_rad(kept, turns).max() < 1e-6
        assert (root_m - found.root_m).norm(dim=-1).max() < 1e-6


def test_all_of_the_fast_part_is_the_motion_as_it_was(net: Denoiser) -> None:
    silent = Denoiser(width=8)
    torch.nn.init.zeros_(silent.exit.bias)
    with torch.no_grad():
        silent.exit.bias.view(-1, 4)[:, 3] = 50.0
    found = swinging(shake_rad=0.2)
    turns, root_m = steady(silent.requires_grad_(False), found)
    assert off_rad(turns, found.world_from_joint).max() < 1e-5
    assert (root_m - found.root_m).norm(dim=-1).max() < 1e-6


@pytest.mark.parametrize("rate_hz", [24.0, 25.0, 50.0, 60.0, 120.0, 240.0])
def test_rates_agree_on_what_is_corrected(net: Denoiser, rate_hz: float) -> None:
    """Straight lines between frames of 24 Hz cut the tops off swings of 1.3 Hz by half a degree."""
    usual, usual_m = steady(net, swinging())
    other, other_m = steady(net, swinging(rate_hz))
    for second in (1.0, 2.0):
        here, there = round(second * rate_hz), round(second * RATE_HZ)
        assert off_rad(other[here], usual[there]).mean() < 0.025
        assert (other_m[here] - usual_m[there]).norm() < 0.02


def test_corrections_at_a_high_rate_are_as_smooth_as_at_the_windows_own(net: Denoiser) -> None:
    def bend(rate_hz: float) -> Tensor:
        turns, _ = steady(net, swinging(rate_hz))
        return roma.rotmat_to_rotvec(turns[:-1] @ turns[1:].mT).diff(dim=0).norm(dim=-1) * rate_hz**2

    assert bend(120.0).max() < 2 * bend(RATE_HZ).max()


def test_what_shakes_faster_than_the_windows_show_is_gone(net: Denoiser) -> None:
    found = swinging(240.0)
    wave = torch.sin(2 * torch.pi * 60 * torch.arange(len(found.root_m), dtype=torch.float64) / 240)
    buzz = roma.rotvec_to_rotmat(0.05 * wave[:, None, None] * torch.tensor([1.0, 0.0, 0.0]))
    shaken, _ = steady(net, replace(found, world_from_joint=buzz @ found.world_from_joint))
    calm, _ = steady(net, found)
    assert off_rad(shaken, calm)[60:-60].mean() < 0.005


def test_an_arm_that_strikes_is_left_as_it_was_found_and_the_other_is_not(net: Denoiser) -> None:
    found = swinging()
    time_s = torch.arange(len(found.root_m), dtype=torch.float64) / RATE_HZ
    swing = 0.8 * torch.sin(2 * torch.pi * 2 * time_s)
    thrust = roma.rotvec_to_rotmat(swing[:, None] * torch.tensor([0.0, 1.0, 0.0]))
    left = [joint for joint, name in enumerate(SMPL_JOINTS) if name in ("left_shoulder", "left_elbow", "left_wrist")]
    turns = found.world_from_joint[:1].expand(len(time_s), 24, 3, 3).clone()
    turns[:, left] = thrust[:, None] @ turns[:, left]
    kept, _ = steady(net, replace(found, world_from_joint=turns))
    assert off_rad(kept, turns)[20:-20, left].max() < 1e-5
    assert off_rad(kept, turns)[20:-20, SMPL_MIRROR[left[0]]].mean() > 0.01


@pytest.mark.parametrize("frames", [1, 2, 3, 31, FRAMES + 1])
def test_the_shortest_clips_stay_finite(net: Denoiser, frames: int) -> None:
    found = swinging(shake_rad=0.1)
    short = replace(
        found,
        world_from_joint=found.world_from_joint[:frames],
        root_m=found.root_m[:frames],
        confidence=found.confidence[:frames],
        observed=found.observed[:frames],
    )
    for rate_hz in (RATE_HZ, 24.0, 120.0):
        turns, root_m = steady(net, replace(short, rate_hz=rate_hz))
        assert turns.shape == (frames, 24, 3, 3)
        assert bool(turns.isfinite().all() and root_m.isfinite().all())
        torch.testing.assert_close(turns @ turns.mT, torch.eye(3, dtype=torch.float64).expand_as(turns))


def test_a_window_told_in_its_own_axes_smooths_and_keeps_what_it_took_away() -> None:
    found = swinging(shake_rad=0.1)
    every = torch.ones(1, FRAMES, dtype=torch.bool)
    window, axes = look(
        found.world_from_joint[None, :FRAMES], found.root_m[None, :FRAMES], found.confidence[None, :FRAMES],
        found.sight[None], every, every,
    )  # fmt: skip
    smooth = torch.stack([window.six[..., :3], window.six[..., 3:]], dim=-1)
    smooth = torch.cat([smooth, torch.linalg.cross(smooth[..., 0], smooth[..., 1])[..., None]], dim=-1)
    back = axes[:, None, None] @ roma.rotvec_to_rotmat(window.fast) @ smooth
    torch.testing.assert_close(back[0], found.world_from_joint[:FRAMES], atol=1e-6, rtol=0)
    found_turns = found.world_from_joint[:FRAMES]
    assert off_rad(smooth[0, 1:], smooth[0, :-1]).mean() < 0.7 * off_rad(found_turns[1:], found_turns[:-1]).mean()


def test_a_denoiser_in_a_file_is_read_back(tmp_path: Path) -> None:
    torch.manual_seed(1)
    drawn = Denoiser(width=16)
    save_denoiser(drawn, tmp_path / "net.safetensors")
    again = load_denoiser(tmp_path / "net.safetensors")
    for name, value in drawn.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value.half().float())


def test_what_holds_no_denoiser_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="holds no network"):
        load_denoiser(tmp_path / "net.safetensors")
