"""The network that guesses a pose: one frame at a time, with a glance at its neighbours, and exactly mirror-symmetric.

It knows a left side only. All layers see the frame and its mirror image; left limbs are read from the one, right limbs
from the other, the trunk from the mean of both. Turning the world changes nothing, as all that goes in is told in
human-centric axes.
"""

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.nets.entry import IDENTITY_SIX, Entry
from models.nets.inputs import MIRROR_SIX, Frames
from models.nets.mixers import MIXERS, Block
from models.nets.parts import COUNTS, assemble
from models.nets.turns import from_six

LOG_SD_RANGE: Final = (-6.0, 1.0)
OF_JOINT: Final = 9
"""Numbers that a joint gets: rotation 6, trust in the pose before, logarithms of swing and twist deviation."""
SIGNS: Final = (*MIRROR_SIX, 1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Belief:
    """What a network says of every frame.

    Attributes:
        axes_from_joint: orientations in the human-centric axes.
        log_swing_sd, log_twist_sd: of each joint's rotation against its parent in radians, about each axis across its
            bone and along it.
        log_noise_factor: of the points' noise to the disagreement of the bones.
    """

    axes_from_joint: Float[Tensor, "*batch frames 24 3 3"]
    log_swing_sd: Float[Tensor, "*batch frames 24"]
    log_twist_sd: Float[Tensor, "*batch frames 24"]
    log_noise_factor: Float[Tensor, "*batch frames"]


class PoseNet(nn.Module):
    """Layers: the entry, blocks, a mixer of frames, blocks, heads by part.

    Args:
        mixer: one of models.nets.mixers.MIXERS.
        width: of all features.
        head_width: of the layer between the features and a part's answer.
        blocks: before the mixer and after it.
    """

    def __init__(self, mixer: str = "glance", width: int = 256, head_width: int = 128, blocks: int = 2) -> None:
        super().__init__()
        self.plan = {"mixer": mixer, "width": width, "head_width": head_width, "blocks": blocks}
        self.entry = Entry(width)
        self.early = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.mixer = MIXERS[mixer](width)
        self.late = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.straight = nn.Linear(width, sum(COUNTS) * OF_JOINT)
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, head_width * len(COUNTS))
        self.heads = nn.ModuleList(nn.Linear(head_width, count * OF_JOINT) for count in COUNTS)
        self.noise_head = nn.Linear(head_width, 1)
        for head in (*self.heads, self.noise_head, self.straight):
            assert isinstance(head, nn.Linear)
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)

    def forward(self, frames: Frames) -> Belief:
        features = self.early(self.entry(frames))
        features = self.late(self.mixer(features, frames.around))
        parts = nn.functional.silu(self.inner(self.norm(features))).chunk(len(COUNTS), dim=-1)
        answers = torch.cat([head(part) for head, part in zip(self.heads, parts, strict=True)], dim=-1)
        answers = answers + self.straight(features)
        numbers = assemble(answers.unflatten(-1, (-1, OF_JOINT)), answers.new_tensor(SIGNS))
        six = numbers[..., :6] + numbers.new_tensor(IDENTITY_SIX)
        if frames.before is not None and frames.before_kind is not None:
            trust = numbers[..., 6:7].sigmoid() * (frames.before_kind > 0)[..., None, None]
            six = torch.lerp(six, frames.before, trust)
        log_sd = numbers[..., 7:].clamp(*LOG_SD_RANGE)
        return Belief(
            axes_from_joint=from_six(six),
            log_swing_sd=log_sd[..., 0],
            log_twist_sd=log_sd[..., 1],
            log_noise_factor=self.noise_head(parts[0]).mean((-2, -1)),
        )
