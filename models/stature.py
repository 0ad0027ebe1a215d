"""How tall a body of given betas is, and how a height that somebody gives joins a least-squares fit of the betas."""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from models.bodies.body import Body, rest_vertices

HEIGHT_SD_M: Final = 3e-3
"""How well a person's own figure is believed."""


def stature(body: Body, betas: Float[Tensor, " betas"]) -> Float[Tensor, ""]:
    """From sole to crown at rest, in metres."""
    return _stature(body, betas)[0]


def height_evidence(
    body: Body, betas: Float[Tensor, " betas"], height_m: float | None
) -> tuple[Float[Tensor, "betas betas"], Float[Tensor, " betas"]]:
    """What a height adds to the normal equations of a Gauss-Newton step: curvature and pull; zeros for None."""
    if height_m is None:
        return torch.zeros_like(torch.outer(betas, betas)), torch.zeros_like(betas)
    now_m, slope = _stature(body, betas)
    return torch.outer(slope, slope) / HEIGHT_SD_M**2, slope * (height_m - now_m) / HEIGHT_SD_M**2


def _stature(body: Body, betas: Tensor) -> tuple[Float[Tensor, ""], Float[Tensor, " betas"]]:
    """The height and how it changes with the betas."""
    up_m = rest_vertices(body, betas)[:, 1]
    crown, sole = int(up_m.argmax()), int(up_m.argmin())
    return up_m[crown] - up_m[sole], body.shape_m[crown, 1] - body.shape_m[sole, 1]
