"""Makes true motion as wrong as the pipeline's own: directions of bones, twists, confidence and the way of the pelvis.

The errors' sizes, their memory in time and what a joint shares with its parent were measured on drawn people whose
truth is known (training.measure_errors). A bone's direction is wrong along the line of sight above all, because one
camera hides depth; a bone across it is nearly right, and depth is squeezed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from models.nets.steadier import bone_directions
from models.rotations import rotation_about, shortest_arc
from models.skeletons import SMPL_JOINTS, SMPL_PARENTS

FILE: Final = Path(__file__).with_name("motion_errors.json")
KINDS: Final = ("across", "depth", "twist")
"""Of a unit vector along each bone, across the line of sight and along it; of the turn about the bone, radians."""
MEMORY_S: Final = (0.0, 1 / 30, 1 / 15, 2 / 15, 4 / 15)
"""Standard deviations of the Gaussians that make white noise into noise that remembers; 0 leaves it white."""
REACH_SD: Final = 3.5
ARMS: Final = ("shoulder", "elbow", "wrist", "hand")
LEGS: Final = ("hip", "knee", "ankle", "foot")

# How confidence goes with errors, as read off the same clips: a limb's log-odds of being seen, whose deviation is half
# constant over a clip, and how many times larger errors are for each unit that the log-odds fall.
LIMB_LOG_ODDS: Final = {"trunk": (4.5, 0.8), "leg": (3.2, 1.4), "arm": (3.5, 2.3)}
CONFIDENCE_MEMORY_S: Final = 0.5
GROWTH: Final = {"across": 0.17, "depth": 0.08, "twist": 0.08}
UNEVEN: Final = 0.4
"""Standard deviation of the logarithm of how much worse one limb of one clip is than another: the tails are heavy."""
JUMP_SHARE: Final = 0.08
"""Of limbs' seconds: an error that lasts is another from one moment on, as after it was hidden."""
SIGHT_PITCH_RAD: Final = (-0.08, 0.05)
"""Mean and deviation of the line of sight against the horizontal."""


@dataclass(frozen=True, eq=False)
class Regime:
    """What is wrong with motion that was found in one way.

    Attributes:
        depth_slope: what is left of a bone's extent along the line of sight.
        bias, sd: by kind and joint, of what is constant over a clip and of what changes.
        share: by kind, of the changing part's variance for each of MEMORY_S.
        with_parent: by kind, the correlation of a joint's error with its parent's.
        root_sd_m: of the pelvis' way about its mean error, across the line of sight and along it.
        root_share: as share, across and along.
        stretch: of the memories, which makes drawn errors as rough as found ones where the mixture alone does not.
        jump_s: how long an error that lasts takes to become another; an assumption.
    """

    depth_slope: Float[np.ndarray, " joints"]
    bias: Mapping[str, Float[np.ndarray, " joints"]]
    sd: Mapping[str, Float[np.ndarray, " joints"]]
    share: Mapping[str, Float[np.ndarray, " memories"]]
    with_parent: Mapping[str, float]
    root_sd_m: Float[np.ndarray, "2"]
    root_share: Float[np.ndarray, "2 memories"]
    stretch: float
    jump_s: float


@dataclass(frozen=True, eq=False)
class Shaken:
    """A motion that is wrong.

    Attributes:
        world_from_joint, root_m: as found.
        confidence: of every joint.
        sight: unit vector from the camera into the scene, in the world.
    """

    world_from_joint: Float[Tensor, "windows frames 24 3 3"]
    root_m: Float[Tensor, "windows frames 3"]
    confidence: Float[Tensor, "windows frames 24"]
    sight: Float[Tensor, "windows 3"]


@cache
def load_regimes(path: Path = FILE) -> Mapping[str, Regime]:
    """Read what was measured: `fitted` after the fit of a trajectory, `detector` solved frame by frame."""
    told = json.loads(path.read_text(encoding="utf-8"))["regimes"]

    def arrays(entry: Mapping[str, list[float]]) -> Mapping[str, np.ndarray]:
        return {kind: np.array(entry[kind]) for kind in KINDS}

    return {
        name: Regime(
            depth_slope=np.array(own["depth_slope"]),
            bias=arrays(own["bias"]),
            sd=arrays(own["sd"]),
            share=arrays(own["share"]),
            with_parent=own["with_parent"],
            root_sd_m=np.array(own["root_sd_m"]),
            root_share=np.array(own["root_share"]),
            stretch=own["stretch"],
            jump_s=own["jump_s"],
        )
        for name, own in told.items()
    }


def shake(
    world_from_joint: Float[Tensor, "windows frames 24 3 3"],
    root_m: Float[Tensor, "windows frames 3"],
    rate_hz: float,
    regime: Regime,
    generator: Generator,
    size: Float[Tensor, " windows"] | None = None,
) -> Shaken:
    """Make each window wrong in its own way.

    Args:
        size: factor on all errors of a window; 0 leaves it as it is.
    """
    count, frames = root_m.shape[:2]
    size = torch.ones(count) if size is None else size
    size = size.to(root_m)
    sight = _draw_sight(count, generator).to(root_m)
    log_odds = _draw_log_odds(count, frames, rate_hz, generator).to(root_m)
    found = world_from_joint
    error = {
        kind: _draw_errors(kind, 3 if kind == "across" else 1, log_odds, rate_hz, regime, generator)
        * size[:, None, None, None]
        for kind in KINDS
    }
    bone = torch.from_numpy(bone_directions()).to(found)
    true = (found @ bone[..., None])[..., 0]
    line = sight[:, None, None]
    deep = (true * line).sum(-1, keepdim=True)
    slope = 1 + (torch.from_numpy(regime.depth_slope).to(found) - 1) * size[:, None, None].clamp(max=1)
    across = error["across"] - (error["across"] * line).sum(-1, keepdim=True) * line
    seen = true + (deep * (slope[..., None] - 1) + error["depth"]) * line + across
    seen = torch.nn.functional.normalize(seen, dim=-1)
    found = rotation_about(seen, error["twist"][..., 0]) @ shortest_arc(true, seen, found[..., 0]) @ found
    return Shaken(
        world_from_joint=found,
        root_m=root_m + _draw_way(count, frames, rate_hz, sight, regime, generator) * size[:, None, None],
        confidence=torch.where(size[:, None, None] > 0, log_odds.sigmoid(), 1.0),
        sight=sight,
    )


def hide(
    count: int, frames: int, rate_hz: float, share: float, longest_s: float, generator: Generator
) -> Bool[Tensor, "windows frames"]:
    """Which frames are observed, when a share of the windows has one gap."""
    chance, place, length = torch.rand(3, count, generator=generator)
    long = 1 + (length * (longest_s * rate_hz - 1)).round()
    first = 1 + (place * (frames - 2 - long).clamp_min(0)).round()
    at = torch.arange(frames)
    gone = (at >= first[:, None]) & (at < (first + long)[:, None]) & (chance < share)[:, None]
    return ~gone | (at == 0) | (at == frames - 1)


def remembering(
    shape: tuple[int, ...], frames: int, rate_hz: float, share: Float[np.ndarray, " memories"], generator: Generator
) -> Float[Tensor, "*shape frames"]:
    """Noise of variance 1 with the given shares of its memories, frames last."""
    total = torch.zeros(*shape, frames)
    for memory_s, part in zip(MEMORY_S, share.tolist(), strict=True):
        if part > 0:
            kernel = _smoother(frames, memory_s * rate_hz)
            white = torch.randn(*shape, kernel.shape[0], generator=generator)
            total += part**0.5 * white @ kernel
    return total


@cache
def _smoother(frames: int, memory_frames: float) -> Float[Tensor, "longer frames"]:
    """Makes white noise of a longer stretch into noise that remembers, of the same variance."""
    reach = int(np.ceil(REACH_SD * memory_frames))
    away = np.arange(frames + 2 * reach)[:, None] - reach - np.arange(frames)
    kernel = np.exp(-0.5 * (away / memory_frames) ** 2) if memory_frames else (away == 0).astype(float)
    kernel[np.abs(away) > reach] = 0.0
    return torch.from_numpy(kernel / np.sqrt((kernel**2).sum(0))).float()


def _draw_sight(count: int, generator: Generator) -> Float[Tensor, "windows 3"]:
    yaw = 2 * torch.pi * torch.rand(count, generator=generator)
    pitch = SIGHT_PITCH_RAD[0] + SIGHT_PITCH_RAD[1] * torch.randn(count, generator=generator)
    return torch.stack([yaw.sin() * pitch.cos(), pitch.sin(), yaw.cos() * pitch.cos()], dim=-1)


@cache
def _limb_of() -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The limbs' kinds, and which limb each joint belongs to."""
    limbs = ("trunk", "leg", "leg", "arm", "arm")
    number: list[int] = []
    for name in SMPL_JOINTS:
        side = 1 if name.startswith("left") else 2
        number.append(side if name.endswith(LEGS) else side + 2 if name.endswith(ARMS) else 0)
    return limbs, tuple(number)


def _draw_log_odds(count: int, frames: int, rate_hz: float, generator: Generator) -> Float[Tensor, "windows frames 24"]:
    limbs, number = _limb_of()
    memory = _smoother(frames, CONFIDENCE_MEMORY_S * rate_hz)
    changing = torch.randn(count, len(limbs), memory.shape[0], generator=generator) @ memory
    constant = torch.randn(count, len(limbs), 1, generator=generator)
    mean, sd = torch.tensor([LIMB_LOG_ODDS[limb] for limb in limbs]).unbind(-1)
    odds = mean[:, None] + sd[:, None] * (constant + changing) / 2**0.5
    return odds[:, list(number)].transpose(1, 2)


def _draw_errors(
    kind: str, axes: int, log_odds: Tensor, rate_hz: float, regime: Regime, generator: Generator
) -> Float[Tensor, "windows frames 24 axes"]:
    """Errors of one kind for all joints."""
    count, frames, _ = log_odds.shape
    limbs, number = _limb_of()
    constant = _chained(torch.randn(count, 24, axes, 1, generator=generator), regime.with_parent[kind])
    changing = remembering((count, 24, axes), frames, rate_hz * regime.stretch, regime.share[kind], generator)
    changing = _chained(changing, regime.with_parent[kind])
    other = _chained(torch.randn(count, 24, axes, 1, generator=generator), regime.with_parent[kind])
    constant = torch.lerp(constant, other, _jumped(count, frames, rate_hz, regime.jump_s, generator)[:, :, None])
    bias, sd = (torch.from_numpy(size[kind]).float()[:, None, None] for size in (regime.bias, regime.sd))
    uneven = torch.randn(count, len(limbs), generator=generator) * UNEVEN
    factor = (uneven - UNEVEN**2).exp()[:, list(number), None, None]
    error = (bias * constant + sd * changing) * factor
    mean = torch.tensor([LIMB_LOG_ODDS[limbs[limb]][0] for limb in number]).to(log_odds)
    growth = ((mean - log_odds) * GROWTH[kind]).exp()
    return error.permute(0, 3, 1, 2).to(log_odds) * growth[..., None]


def _jumped(
    count: int, frames: int, rate_hz: float, lasts_s: float, generator: Generator
) -> Float[Tensor, "windows 24 frames"]:
    """0 before one drawn moment, 1 after it, for the joints of a limb at once; most windows have none."""
    limbs, number = _limb_of()
    per_frame = JUMP_SHARE / rate_hz
    moment = torch.rand(count, len(limbs), generator=generator).log() / np.log1p(-per_frame)
    since = torch.arange(frames) - moment[..., None]
    return (since / max(1.0, lasts_s * rate_hz) + 0.5).clamp(0, 1)[:, list(number)]


def _chained(own: Float[Tensor, "windows 24 axes frames"], with_parent: float) -> Tensor:
    """Unit noise that each joint shares with its parent in part."""
    mixed: list[Tensor] = []
    for joint, parent in enumerate(SMPL_PARENTS):
        fresh = own[:, joint]
        mixed.append(fresh if parent < 0 else with_parent * mixed[parent] + (1 - with_parent**2) ** 0.5 * fresh)
    return torch.stack(mixed, dim=1)


def _draw_way(
    count: int, frames: int, rate_hz: float, sight: Tensor, regime: Regime, generator: Generator
) -> Float[Tensor, "windows frames 3"]:
    across, along = (remembering((count, 3), frames, rate_hz, share, generator).mT for share in regime.root_share)
    across, along = across.to(sight), along.to(sight)
    line = sight[:, None]
    sd_across_m, sd_along_m = regime.root_sd_m.tolist()
    flat = across - (across * line).sum(-1, keepdim=True) * line
    return sd_across_m * flat + sd_along_m * along[..., :1] * line
