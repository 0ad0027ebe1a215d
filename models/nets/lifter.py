"""The network that lifts: what the linear map of the detector's metres still lacks, and how sure that is.

One frame with about a second before and after it. All layers see a frame and, apart from it, its mirror image; the
answer is the mean of both, so that a mirrored film gives mirrored landmarks exactly.
"""

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from models.nets.lifter_inputs import INPUTS, input_mirror
from models.skeletons import LANDMARK_INDEX, LANDMARK_MIRROR, LANDMARKS

STEP_S: Final = 1 / 15
"""Between the frames that the network joins."""
DILATIONS: Final = (1, 2, 4, 8)
REACH: Final = sum(DILATIONS)
"""Frames to either side that an answer depends on."""
MOST_M: Final = 0.06
LIMB_SHARE: Final = 0.4
"""See `bounded` and `less_of_limbs`; chosen on films of held-out subjects (docs/lifting.md)."""
LOG_SD_RANGE: Final = (-5.5, -0.5)
FIRST_LOG_SD: Final = (-3.5, -2.8)
"""Of the logarithm of a deviation in metres: bounds, and where training begins across the look and along it."""
OF_LANDMARK: Final = 5
"""Numbers that a landmark gets: what to add, and the logarithms of two deviations."""
_ARM: Final = ("elbow", "wrist", "pinky", "index", "thumb")
_LEG: Final = ("knee", "ankle", "heel", "foot_index")


def _start(name: str) -> int:
    """The shoulder or hip of a limb's landmark; of any other the landmark itself."""
    side, _, part = name.partition("_")
    start = "shoulder" if part in _ARM else "hip" if part in _LEG else part
    return LANDMARK_INDEX[f"{side}_{start}" if part else name]


_BODY: Final = slice(11, 33)
_HIPS: Final = [LANDMARK_INDEX["left_hip"], LANDMARK_INDEX["right_hip"]]
_START: Final = tuple(_start(name) for name in LANDMARKS)
_SIGNS: Final = (-1.0, 1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network says of every frame, in the axes of the look.

    Attributes:
        added_m: to the linearly mapped shape.
        log_sd: logarithm of the standard deviation in metres of each coordinate across the look and along it.
    """

    added_m: Float[Tensor, "*batch frames 33 3"]
    log_sd: Float[Tensor, "*batch frames 33 2"]


class Lifter(nn.Module):
    """A layer for each frame, four that join frames farther and farther apart with one for each frame after, an answer.

    Args:
        width: of all features.
        dropout: while training.
    """

    input_mean: Tensor
    input_scale: Tensor
    mirror_order: Tensor
    mirror_sign: Tensor
    most_m: Tensor
    limb_share: Tensor

    def __init__(self, width: int = 256, dropout: float = 0.2) -> None:
        super().__init__()
        self.plan = {"width": width}
        order, sign = input_mirror()
        self.register_buffer("input_mean", torch.zeros(INPUTS))
        self.register_buffer("input_scale", torch.ones(INPUTS))
        self.register_buffer("most_m", torch.tensor(MOST_M))
        self.register_buffer("limb_share", torch.tensor(LIMB_SHARE))
        self.register_buffer("mirror_order", torch.tensor(order), persistent=False)
        self.register_buffer("mirror_sign", torch.tensor(sign), persistent=False)
        self.entry = nn.Linear(INPUTS + 1, width)
        self.joins = nn.ModuleList(_Join(width, dilation, dropout) for dilation in DILATIONS)
        self.norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, 33 * OF_LANDMARK)
        nn.init.normal_(self.last.weight, std=1e-3)
        with torch.no_grad():
            self.last.bias.copy_(torch.tensor((0.0, 0.0, 0.0, *FIRST_LOG_SD)).repeat(33))

    def forward(
        self, inputs: Float[Tensor, "*batch frames inputs"], seen: Bool[Tensor, "*batch frames"]
    ) -> Float[Tensor, "*batch frames 33 5"]:
        """One-sided and unbounded: what `answer_both` averages over a frame and its mirror image, as numbers.

        Args:
            inputs: models.nets.lifter_inputs; whatever stands where nobody was seen.
        """
        known = seen[..., None]
        given = torch.where(known, (inputs - self.input_mean) * self.input_scale, 0.0).clamp(-8, 8)
        features = self.entry(torch.cat([given, known.to(given.dtype)], dim=-1))
        for join in self.joins:
            features = join(features)
        return self.last(self.norm(features)).unflatten(-1, (33, OF_LANDMARK))

    def mirrored(self, inputs: Float[Tensor, "*batch frames inputs"]) -> Float[Tensor, "*batch frames inputs"]:
        """The same looks at the same person in a mirror."""
        return inputs[..., self.mirror_order] * self.mirror_sign


class _Join(nn.Module):
    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = nn.LayerNorm(width)
        self.three = nn.Linear(3 * width, width)
        self.one = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.one.weight, std=0.02)
        nn.init.zeros_(self.one.bias)

    def forward(self, features: Float[Tensor, "*batch frames width"]) -> Float[Tensor, "*batch frames width"]:
        normed = self.norm(features)
        frames = normed.shape[-2]
        padded = nn.functional.pad(normed, (0, 0, self.dilation, self.dilation))
        taps = [padded[..., shift : shift + frames, :] for shift in (0, self.dilation, 2 * self.dilation)]
        inner = self.dropout(nn.functional.gelu(self.three(torch.cat(taps, dim=-1))))
        return features + self.dropout(self.one(inner))


def answer_both(
    net: Lifter, inputs: Float[Tensor, "*batch frames inputs"], seen: Bool[Tensor, "*batch frames"]
) -> Answer:
    """The mean of what the network says of the looks and, turned back, of their mirror image."""
    own = net(inputs, seen)
    twin = net(net.mirrored(inputs), seen)[..., list(LANDMARK_MIRROR), :] * own.new_tensor(_SIGNS)
    both = as_answer((own + twin) / 2)
    return Answer(less_of_limbs(bounded(both.added_m, net.most_m), net.limb_share), both.log_sd)


def as_answer(numbers: Float[Tensor, "*batch frames 33 5"]) -> Answer:
    """What a network's numbers mean."""
    return Answer(numbers[..., :3], numbers[..., 3:].clamp(*LOG_SD_RANGE))


def bounded(
    added_m: Float[Tensor, "*batch frames 33 3"], most_m: Float[Tensor, ""]
) -> Float[Tensor, "*batch frames 33 3"]:
    """What is added, about the mid-hip, shrunk such that the root mean square of a frame's body stays below `most_m`.

    What is far from the linear map is more often wrong: a network that sees a motion unlike any it learned is sure
    enough to bend both legs of a runner.
    """
    wanted_m = added_m - added_m[..., _HIPS, :].mean(-2, keepdim=True)
    square = wanted_m[..., _BODY, :].square().sum(-1).mean(-1)
    return wanted_m * (1 + square / most_m**2).rsqrt()[..., None, None]


def less_of_limbs(
    added_m: Float[Tensor, "*batch frames 33 3"], share: Float[Tensor, ""]
) -> Float[Tensor, "*batch frames 33 3"]:
    """What is added to arms and legs: what their shoulder or hip is given, and a share of the rest.

    Where the trunk points carries over to people and motions that nothing was learned from; how a limb bends does less.
    """
    # the start of anything but a limb is itself, and nothing is left to share
    start_m = added_m[..., list(_START), :]
    return start_m + share * (added_m - start_m)
