"""Axes that turn with the person: what a network sees of a frame is told in them, and so is what it answers."""

from typing import Final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from models.ik_wahba import align_rest
from models.nets.slots import trunk_slots

LIMB_SHARE: Final = 0.02
"""Weight of a point outside the trunk: it counts where the trunk is hidden, and settles what too few points leave open.
A constant of the design."""
TINY: Final = 1e-9


def human_axes(
    rest_m: Float[Tensor, "*#batch points 3"],
    points_m: Float[Tensor, "*batch points 3"],
    weight: Float[Tensor, "*batch points"],
) -> tuple[Float[Tensor, "*batch 3 3"], Float[Tensor, "*batch 3"]]:
    """The rotation that best brings the resting body onto the points, and where its pelvis then comes to lie.

    Args:
        rest_m: the points of the resting body relative to its pelvis.
        weight: 0 for a point that is missing.
    """
    total = weight.sum(-1, keepdim=True).clamp_min(TINY)
    share = (weight / total)[..., None]
    seen_m, own_m = (share * points_m).sum(-2), (share * rest_m).sum(-2)
    centred_m = torch.where(share > 0, points_m - seen_m[..., None, :], 0.0)
    turn = align_rest(rest_m - own_m[..., None, :], centred_m, share[..., 0])
    return turn, seen_m - (turn @ own_m[..., None])[..., 0]


def point_weight(slots: tuple[int, ...], confidence: Float[Tensor, "*batch points"]) -> Float[Tensor, "*batch points"]:
    """How much each point says about where the trunk is."""
    trunk = trunk_slots()
    return confidence * confidence.new_tensor([1.0 if slot in trunk else LIMB_SHARE for slot in slots])


def fill_axes(
    axes: tuple[Float[Tensor, "*batch frames 3 3"], Float[Tensor, "*batch frames 3"]],
    seen: Bool[Tensor, "*batch frames"],
    *,
    causal: bool,
) -> tuple[Float[Tensor, "*batch frames 3 3"], Float[Tensor, "*batch frames 3"]]:
    """Frames without a point take the axes of the last frame that has one, or else of the first one to come.

    Args:
        causal: frames to come are not asked; the axes before the first point stay as they are.
    """
    if bool(seen.all()):
        return axes
    own = torch.arange(seen.shape[-1], device=seen.device).expand(seen.shape)
    last = torch.where(seen, own, -1).cummax(-1).values
    first = own if causal else seen.int().argmax(-1, keepdim=True).expand(seen.shape)
    source = torch.where(last >= 0, last, first)
    turn = axes[0].gather(-3, source[..., None, None].expand(axes[0].shape))
    return turn, axes[1].gather(-2, source[..., None].expand(axes[1].shape))
