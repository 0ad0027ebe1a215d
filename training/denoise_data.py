"""Windows of true motion, and what they look like after the pipeline's errors: what the denoiser learns from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Generator, Tensor

from models.nets.denoiser import FRAMES, RATE_HZ, Window
from models.nets.inputs import MIRROR, MIRROR_SIX
from models.nets.steadier import look
from models.nets.turns import from_six, to_six, world_from_local
from models.skeletons import SMPL_MIRROR
from training.mocap import TrueMotion, read_truth
from training.motion_errors import Regime, hide, load_regimes, shake

VALIDATION: Final = ("cmu06", "cmu94", "cmu127")
"""Subjects of the train split that nothing is learned from."""
REGIMES: Final = ("fitted", "detector")
RETIMED: Final = 0.4
"""Share of the windows that are played faster or slower."""
TEMPO: Final = (0.7, 1.4)
CLEAN: Final = 0.1
"""Share of the windows that nothing is wrong with."""
SIZE: Final = (0.4, 1.3)
"""Range of the factor on all errors of a window."""
GAPS: Final = 0.25
LONGEST_GAP_S: Final = 0.5
CUT: Final = 0.25
"""Share of the windows that hang over an end of their clip."""


@dataclass(frozen=True, eq=False)
class Motions:
    """All motions end to end, at RATE_HZ.

    Attributes:
        pelvis_m: of the mean body.
        start, length: of each clip.
    """

    world_from_joint: Float[Tensor, "frames 24 3 3"]
    pelvis_m: Float[Tensor, "frames 3"]
    start: Int64[Tensor, " clips"]
    length: Int64[Tensor, " clips"]


@dataclass(frozen=True, eq=False)
class Lesson:
    """What the network sees, and the truth in the window's axes; the pelvis anywhere."""

    window: Window
    true: Float[Tensor, "windows frames 24 3 3"]
    true_m: Float[Tensor, "windows frames 3"]


def read_motions(folder: Path) -> tuple[Motions, Motions]:
    """What to learn from and what to validate on: whole people only, subject by subject.

    Raises:
        InputError: the folder holds no motion, or one that cannot be read.
    """
    whole = [motion for motion in read_truth(folder) if motion.whole and motion.rate_hz == RATE_HZ]
    return (
        join_motions([motion for motion in whole if motion.subject not in VALIDATION]),
        join_motions([motion for motion in whole if motion.subject in VALIDATION]),
    )


def join_motions(motions: Sequence[TrueMotion]) -> Motions:
    """Lay motions end to end."""
    length = torch.tensor([len(motion.pelvis_m) for motion in motions])
    local = torch.from_numpy(np.concatenate([motion.parent_from_joint for motion in motions])).float()
    return Motions(
        world_from_joint=world_from_local(local),
        pelvis_m=torch.from_numpy(np.concatenate([motion.pelvis_m for motion in motions])).float(),
        start=length.cumsum(0) - length,
        length=length,
    )


def even_windows(
    motions: Motions, count: int
) -> tuple[Float[Tensor, "windows frames 24 3 3"], Float[Tensor, "windows frames 3"]]:
    """Windows spread evenly over all clips that are long enough, as they were captured; orientations in the world."""
    starts = [
        start + first
        for start, length in zip(motions.start.tolist(), motions.length.tolist(), strict=True)
        for first in range(0, length - FRAMES + 1, FRAMES)
    ]
    chosen = np.array(starts)[np.linspace(0, len(starts) - 1, count).astype(int)]
    at = torch.from_numpy(chosen)[:, None] + torch.arange(FRAMES)
    return motions.world_from_joint[at], motions.pelvis_m[at]


def draw_lesson(motions: Motions, count: int, generator: Generator) -> Lesson:
    """Windows with errors of one regime, drawn anew."""
    true, true_m = draw_truth(motions, count, generator)
    lot = torch.rand(3, count, generator=generator)
    size = SIZE[0] + (SIZE[1] - SIZE[0]) * lot[0]
    size = torch.where(lot[1] < CLEAN, 0.0, size)
    regime = load_regimes()[REGIMES[int(torch.randint(len(REGIMES), (1,), generator=generator))]]
    observed = hide(count, FRAMES, RATE_HZ, GAPS, LONGEST_GAP_S, generator)
    return make_lesson(true, true_m, regime, size, observed, generator)


def make_lesson(
    true: Float[Tensor, "windows frames 24 3 3"],
    true_m: Float[Tensor, "windows frames 3"],
    regime: Regime,
    size: Float[Tensor, " windows"],
    observed: Bool[Tensor, "windows frames"],
    generator: Generator,
) -> Lesson:
    """Shake true windows, fill what was not observed, and hold the end of those that hang over one."""
    shaken = shake(true, true_m, RATE_HZ, regime, generator, size)
    there = _cut(len(true_m), true_m.shape[1], generator)
    observed = observed & there
    turns, places_m = _fill(shaken.world_from_joint, shaken.root_m, observed)
    window, axes = look(turns, places_m, shaken.confidence * observed[..., None], shaken.sight, there, observed)
    back = axes.mT[:, None]
    return Lesson(window, back[:, :, None] @ true, (back @ true_m[..., None])[..., 0])


def draw_truth(
    motions: Motions, count: int, generator: Generator
) -> tuple[Float[Tensor, "windows frames 24 3 3"], Float[Tensor, "windows frames 3"]]:
    """Random windows, half in a mirror; clips are as likely as they are long, and held at their end if too short."""
    clip = torch.multinomial(motions.length.double(), count, replacement=True, generator=generator)
    lot = torch.rand(3, count, generator=generator)
    tempo = TEMPO[0] * (TEMPO[1] / TEMPO[0]) ** lot[0]
    tempo = torch.where(lot[1] < RETIMED, tempo, 1.0)
    last = (motions.length[clip] - 1).float()
    first = lot[2] * (last - tempo * (FRAMES - 1)).clamp_min(0)
    first = torch.where(tempo == 1, first.floor(), first)
    at = torch.minimum(first[:, None] + tempo[:, None] * torch.arange(FRAMES), last[:, None])
    before = at.floor().long()
    after, share = torch.minimum(before + 1, last[:, None].long()), at - before
    start = motions.start[clip][:, None]
    turns, places = motions.world_from_joint, motions.pelvis_m
    six = torch.lerp(to_six(turns[start + before]), to_six(turns[start + after]), share[..., None, None])
    true_m = torch.lerp(places[start + before], places[start + after], share[..., None])
    flip = (torch.rand(count, generator=generator) < 0.5)[:, None, None]
    six = torch.where(flip[..., None], six[..., list(SMPL_MIRROR), :] * torch.tensor(MIRROR_SIX), six)
    return from_six(six), torch.where(flip, true_m * torch.tensor(MIRROR), true_m)


def _cut(count: int, frames: int, generator: Generator) -> Bool[Tensor, "windows frames"]:
    """Frames that the clip has: of some windows the first or the last part is missing."""
    chance, place, side = torch.rand(3, count, 1, generator=generator)
    gone = (chance < CUT) * place * (frames / 2)
    at = torch.arange(frames)
    return torch.where(side < 0.5, at >= gone, at < frames - gone)


def _fill(
    turns: Float[Tensor, "windows frames 24 3 3"], places_m: Float[Tensor, "windows frames 3"], observed: Tensor
) -> tuple[Tensor, Tensor]:
    """Unobserved frames in the line of their observed neighbours; held before the first and after the last."""
    if bool(observed.all()):
        return turns, places_m
    frames = torch.arange(observed.shape[1]).expand(observed.shape)
    before = torch.where(observed, frames, -1).cummax(1).values
    after = torch.where(observed, frames, observed.shape[1]).flip(1).cummin(1).values.flip(1)
    before, after = torch.where(before < 0, after, before), torch.where(after == observed.shape[1], before, after)
    share = (frames - before) / (after - before).clamp_min(1)
    row = torch.arange(len(turns))[:, None]
    six = torch.lerp(to_six(turns[row, before]), to_six(turns[row, after]), share[..., None, None].to(turns))
    filled_m = torch.lerp(places_m[row, before], places_m[row, after], share[..., None].to(places_m))
    keep = observed[..., None]
    return torch.where(keep[..., None, None], turns, from_six(six)), torch.where(keep, places_m, filled_m)
