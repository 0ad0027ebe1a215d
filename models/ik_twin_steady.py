"""What models/ik_kernels_steady.py does, in torch, for CUDA and to be checked against: all sequences frame by frame."""

import torch
from jaxtyping import Float
from torch import Tensor

from models.ik_kernels_steady import (
    EVEN_M,
    FLOOR_M,
    LEAST_FREE,
    OUTLIER_SD,
    PASSES,
    RIDGE,
    SLACK_M,
    TAIL,
    THIRD,
    UNSURE_M,
)

Bands = tuple[Tensor, Tensor, Tensor]


def noise_in_time(
    points_m: Float[Tensor, "sequences frames points 3"], confidence: Float[Tensor, "sequences frames points"]
) -> Float[Tensor, " sequences"]:
    """Infinite where no four frames in a row are seen."""
    third_m = points_m[:, 3:] - points_m[:, :-3] + 3 * (points_m[:, 1:-2] - points_m[:, 2:-1])
    seen = confidence > 0
    whole = seen[:, 3:] & seen[:, 2:-1] & seen[:, 1:-2] & seen[:, :-3]
    squared = third_m.double().square().sum(-1).masked_fill(~whole, torch.nan).flatten(1)
    return (squared.nanquantile(0.5, dim=-1) / THIRD).sqrt().nan_to_num(torch.inf)


def steady_in_torch(
    points_m: Float[Tensor, "sequences frames points 3"],
    confidence: Float[Tensor, "sequences frames points"],
    noise_m: Float[Tensor, " sequences"],
    bend_m: Float[Tensor, " points"],
) -> tuple[Float[Tensor, "sequences frames points 3"], Float[Tensor, "sequences frames points"]]:
    """Places, and what each counts."""
    places, noise_2, bend_2 = points_m.double(), noise_m.square()[:, None, None], bend_m.square()
    given = confidence.double() * bend_2 / (noise_2 + FLOOR_M**2)
    seen, bends = given, torch.ones_like(given[:, 2:])
    path, bands = lay_path(places, seen, bends)
    for _ in range(PASSES - 1):
        miss = (path - places).square().sum(-1)
        free = (1 - seen * bands[0]).clamp_min(LEAST_FREE)
        seen = given / (1 + miss / (free * OUTLIER_SD**2 * (noise_2 + SLACK_M**2))).square()
        own, near, far = bands
        total = own[:, :-2] + 4 * own[:, 1:-1] + own[:, 2:] + 2 * far[:, :-2] - 4 * (near[:, :-2] + near[:, 1:-1])
        bend = (path[:, :-2] - 2 * path[:, 1:-1] + path[:, 2:]).square().sum(-1)
        bends = (TAIL + 3) / (TAIL + bend / bend_2 + 3 * total)
        path, bands = lay_path(places, seen, bends)
    variance = bands[0] * bend_2
    usual = variance.masked_fill(confidence <= 0, torch.nan).flatten(1).nanquantile(0.5, dim=-1).nan_to_num(0.0)
    known = variance < UNSURE_M**2
    sure = ((usual[:, None, None] + EVEN_M**2) / (variance + EVEN_M**2)).clamp(max=1)
    return torch.where(known[..., None], path, 0.0).float(), torch.where(known, sure, 0.0).float()


def lay_path(
    places: Float[Tensor, "sequences frames points 3"],
    seen: Float[Tensor, "sequences frames points"],
    bends: Float[Tensor, "sequences triples points"],
) -> tuple[Float[Tensor, "sequences frames points 3"], Bands]:
    """The path and the three bands of its covariance, given what seen places and bends count."""
    diagonal, first, second = _factor(seen, bends)
    frames = seen.shape[1]
    path: list[Tensor] = []
    for f in range(frames):
        value = seen[:, f, :, None] * places[:, f]
        if f >= 1:
            value = value - first[f - 1][..., None] * path[f - 1]
        if f >= 2:
            value = value - second[f - 2][..., None] * path[f - 2]
        path.append(value)
    none = torch.zeros_like(seen[:, 0])
    own, near = ([none] * (frames + 2) for _ in range(2))
    far = [none] * frames
    path += [torch.zeros_like(path[0])] * 2
    for f in reversed(range(frames)):
        back = first[f][..., None] * path[f + 1] + second[f][..., None] * path[f + 2]
        path[f] = path[f] / diagonal[f][..., None] - back
        near[f] = -first[f] * own[f + 1] - second[f] * near[f + 1]
        far[f] = -first[f] * near[f + 1] - second[f] * own[f + 2]
        own[f] = 1 / diagonal[f] - first[f] * near[f] - second[f] * far[f]
    bands = (torch.stack(own[:frames], dim=1), torch.stack(near[:frames], dim=1), torch.stack(far, dim=1))
    return torch.stack(path[:frames], dim=1), bands


def _factor(seen: Tensor, bends: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """A's diagonal factor and the two bands below it, frame by frame; the bands end in zeros."""
    frames = seen.shape[1]
    padded = torch.nn.functional.pad(bends, (0, 0, 2, 2))
    whole = seen + RIDGE + padded[:, 2:] + 4 * padded[:, 1:-1] + padded[:, :-2]
    beside = -2 * (padded[:, 2:] + padded[:, 1:-1])
    diagonal: list[Tensor] = []
    first: list[Tensor] = []
    second: list[Tensor] = []
    for f in range(frames):
        own, next_ = whole[:, f], beside[:, f]
        if f >= 1:
            own = own - first[f - 1].square() * diagonal[f - 1]
            next_ = next_ - second[f - 1] * diagonal[f - 1] * first[f - 1]
        if f >= 2:
            own = own - second[f - 2].square() * diagonal[f - 2]
        diagonal.append(own)
        first.append(next_ / own)
        second.append(padded[:, 2 + f] / own)
    return diagonal, first, second
