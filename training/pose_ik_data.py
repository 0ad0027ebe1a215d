"""Windows of true motion that a pose network learns from: re-timed, and now and then with another's arms."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Generator, Tensor

from models.nets.turns import from_six, to_six
from models.skeletons import SMPL_JOINTS
from training.mocap import TrueMotion, read_truth

VALIDATION: Final = ("cmu06", "cmu94", "cmu127")
"""Subjects of the train split that nothing is learned from."""


def _members(*endings: str) -> tuple[int, ...]:
    return tuple(joint for joint, name in enumerate(SMPL_JOINTS) if name.endswith(endings))


BACKWARDS: Final = frozenset({
    "cmu_60_06#0", "cmu_60_06#1", "cmu_60_06#2", "cmu_60_07#1", "cmu_01_12#1", "cmu_01_12#2", "cmu_01_13#0",
})  # fmt: skip
"""Clips whose rigs have a head, a foot or a wrist on backwards from beginning to end."""
EXCHANGED: Final = (
    _members("left_collar", "left_shoulder", "left_elbow", "left_wrist", "left_hand"),
    _members("right_collar", "right_shoulder", "right_elbow", "right_wrist", "right_hand"),
    _members("left_hip", "left_knee", "left_ankle", "left_foot"),
    _members("right_hip", "right_knee", "right_ankle", "right_foot"),
    _members("spine1", "spine2", "spine3"),
    _members("neck", "head"),
)
"""Parts that now and then move as another window's do."""
STRIDE: Final = (0.5, 3.0)
"""Range of a window's time step, in frames of the source; drawn evenly in its logarithm."""
EXCHANGED_SHARE: Final = 0.15
"""Of the windows, for each part."""


@dataclass(frozen=True, eq=False)
class Motions:
    """All motions end to end.

    Attributes:
        parent_from_joint: of every version; versions differ by what is drawn where the capture knows nothing.
        pelvis_m: of the mean body.
        start, length: of each clip.
    """

    parent_from_joint: Float[Tensor, "versions frames 24 3 3"]
    pelvis_m: Float[Tensor, "frames 3"]
    start: Int64[Tensor, " clips"]
    length: Int64[Tensor, " clips"]


@dataclass(frozen=True, eq=False)
class Windows:
    """Pieces of motion of equal length."""

    parent_from_joint: Float[Tensor, "windows frames 24 3 3"]
    pelvis_m: Float[Tensor, "windows frames 3"]


def read_motions(folder: Path, *, versions: int) -> tuple[Motions, Motions]:
    """What to learn from and what to validate on: whole people only, subject by subject.

    Args:
        versions: how many times to draw what the capture does not know; validation knows the first alone.

    Raises:
        InputError: the folder holds no motion, or one that cannot be read.
    """
    drawn = [read_truth(folder, pronation_seed=seed) for seed in range(versions + 1)]
    learned = [
        [m for m in motions if m.whole and m.subject not in VALIDATION and m.clip not in BACKWARDS]
        for motions in drawn[1:]
    ]
    held_out = [m for m in drawn[0] if m.whole and m.subject in VALIDATION]
    return join_motions(learned), join_motions([held_out])


def join_motions(versions: Sequence[Sequence[TrueMotion]]) -> Motions:
    """Lay motions end to end; the versions hold the same clips in the same order."""
    length = torch.tensor([len(motion.pelvis_m) for motion in versions[0]])
    joined = [np.concatenate([motion.parent_from_joint for motion in motions]) for motions in versions]
    return Motions(
        parent_from_joint=torch.from_numpy(np.stack(joined)).float(),
        pelvis_m=torch.from_numpy(np.concatenate([motion.pelvis_m for motion in versions[0]])).float(),
        start=length.cumsum(0) - length,
        length=length,
    )


def draw_windows(motions: Motions, count: int, frames: int, generator: Generator) -> Windows:
    """Random windows; a clip is as likely as it is long, and one that is too short is played slower or held."""
    clip = torch.multinomial(motions.length.double(), count, replacement=True, generator=generator)
    low, high = np.log(STRIDE)
    stride = (low + (high - low) * torch.rand(count, generator=generator)).exp()
    longest = (motions.length[clip] - 1).float()
    stride = torch.minimum(stride, (longest / (frames - 1)).clamp_min(STRIDE[0]))
    first = torch.rand(count, generator=generator) * (longest - stride * (frames - 1)).clamp_min(0)
    at = (first[:, None] + stride[:, None] * torch.arange(frames)).clamp(max=longest[:, None])
    version = torch.randint(len(motions.parent_from_joint), (count,), generator=generator)
    windows = _at_times(motions, clip, version, at)
    return Windows(_exchange_parts(windows.parent_from_joint, generator), windows.pelvis_m)


def _exchange_parts(
    local: Float[Tensor, "windows frames 24 3 3"], generator: Generator
) -> Float[Tensor, "windows frames 24 3 3"]:
    """New people from parts of others: what a joint's twist has to do with its own limb must not hang on the rest."""
    mixed, count = local.clone(), len(local)
    for part in EXCHANGED:
        taker = (torch.rand(count, generator=generator) < EXCHANGED_SHARE).nonzero()
        giver = (taker + torch.randint(1, count, taker.shape, generator=generator)) % count
        mixed[taker, :, torch.tensor(part)] = local[giver, :, torch.tensor(part)]
    return mixed


def all_windows(motions: Motions, frames: int) -> Windows:
    """Every clip cut into windows one after the other, without re-timing; ends that are too short are left out."""
    starts = [
        (clip, first)
        for clip, length in enumerate(motions.length.tolist())
        for first in range(0, length - frames + 1, frames)
    ]
    clip, first = torch.tensor(starts).unbind(-1)
    at = first[:, None].float() + torch.arange(frames)
    return _at_times(motions, clip, torch.zeros_like(clip), at)


def _at_times(
    motions: Motions,
    clip: Int64[Tensor, " windows"],
    version: Int64[Tensor, " windows"],
    at: Float[Tensor, "windows frames"],
) -> Windows:
    """Rotations and places between frames, in the line of their neighbours."""
    earlier = at.floor().long()
    later = torch.minimum(earlier + 1, motions.length[clip][:, None] - 1)
    share = at - earlier
    start = motions.start[clip][:, None]
    of = version[:, None]
    turns, places = motions.parent_from_joint, motions.pelvis_m
    six = torch.lerp(to_six(turns[of, start + earlier]), to_six(turns[of, start + later]), share[..., None, None])
    pelvis_m = torch.lerp(places[start + earlier], places[start + later], share[..., None])
    return Windows(from_six(six), pelvis_m)
