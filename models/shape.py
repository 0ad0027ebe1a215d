"""The betas of a person from the lengths that stay constant, and his landmarks carried over to that body's lengths.

Lengths are those of a tree of landmarks with three middles added: mid-hip, mid-shoulder and the middle of the face.
"""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from models.anatomy import FACE_POINTS, HIP_POINTS, SHOULDER_POINTS, landmark_indices
from models.bodies.body import Body, pose_landmarks
from models.skeletons import LANDMARK_INDEX
from models.stature import height_evidence

MIDDLES: Final = (HIP_POINTS, SHOULDER_POINTS, FACE_POINTS)
_MID_HIP, _MID_SHOULDER, _MID_FACE = 33, 34, 35
_HANGS_ON: Final = {
    "elbow": "shoulder", "wrist": "elbow", "pinky": "wrist", "index": "wrist", "thumb": "wrist",
    "knee": "hip", "ankle": "knee", "heel": "ankle", "foot_index": "ankle",
}  # fmt: skip


def _tree() -> tuple[tuple[int, int], ...]:
    edges = [(_MID_SHOULDER, _MID_HIP), (_MID_FACE, _MID_SHOULDER)]
    edges += [(point, _MID_FACE) for point in FACE_POINTS]
    for name, point in list(LANDMARK_INDEX.items())[11:]:
        side, part = name.split("_", 1)
        middle = {"shoulder": _MID_SHOULDER, "hip": _MID_HIP}.get(part)
        edges.append((point, LANDMARK_INDEX[f"{side}_{_HANGS_ON[part]}"] if middle is None else middle))
    order = {child: rank for rank, (child, _) in enumerate(edges)}
    return tuple(sorted(edges, key=lambda edge: _depth(edge, dict(edges)) * 100 + order[edge[0]]))


def _depth(edge: tuple[int, int], parent_of: dict[int, int]) -> int:
    point, depth = edge[1], 0
    while point in parent_of:
        point, depth = parent_of[point], depth + 1
    return depth


LENGTHS: Final = _tree()
"""(end, start) of every length; starts come before the lengths that hang on them."""

RIGID_SD_M: Final = 0.02
"""How well a limb's length is known once it is averaged over a clip: the detector's bias stays."""
LOOSE_SD_M: Final = 0.05
"""The same for the trunk, which bends, and for face and hands, whose landmarks are rough."""
_JOINT_POINTS: Final = frozenset(
    point
    for name, point in LANDMARK_INDEX.items()
    if name.split("_", 1)[-1] in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
)
_FOOT_POINTS: Final = landmark_indices("left_heel", "right_heel", "left_foot_index", "right_foot_index")
_RIGID_POINTS: Final = _JOINT_POINTS | set(_FOOT_POINTS)
_CARRIED: Final = _JOINT_POINTS | {_MID_SHOULDER, _MID_FACE}
ROUNDS: Final = 5
"""Of Gauss-Newton; lengths are so nearly linear in betas that three would do."""


def lengths_of(landmarks_m: Float[Tensor, "*batch 33 3"]) -> Float[Tensor, "*batch lengths"]:
    """The lengths of LENGTHS in metres."""
    points_m = _with_middles(landmarks_m)
    ends, starts = zip(*LENGTHS, strict=True)
    return (points_m[..., ends, :] - points_m[..., starts, :]).norm(dim=-1)


def length_weights(confidence: Float[Tensor, "*batch 33"]) -> Float[Tensor, "*batch lengths"]:
    """How far to believe a length: as far as its less certain end."""
    middles = torch.stack([confidence[..., points].amin(-1) for points in MIDDLES], dim=-1)
    both = torch.cat([confidence, middles], dim=-1)
    ends, starts = zip(*LENGTHS, strict=True)
    return torch.minimum(both[..., ends], both[..., starts])


def fit_betas(
    body: Body,
    parent_from_joint: Float[Tensor, "frames 24 3 3"],
    length_m: Float[Tensor, "frames lengths"],
    weight: Float[Tensor, "frames lengths"],
    height_m: float | None = None,
) -> Float[Tensor, " betas"]:
    """The most likely betas, which are independent and of unit variance beforehand.

    Args:
        parent_from_joint: how the body stands when it is measured; lengths over a joint depend on it.
        length_m: lengths_of the person; only the weighted median difference over the frames counts.
        weight: of each length.
        height_m: from sole to crown, where known.
    """
    still = torch.zeros_like(parent_from_joint[:, 0, :, 0])
    zero = body.template_m.new_zeros(body.beta_count)
    base_m = pose_landmarks(body, zero, parent_from_joint, still)
    each = (body.beta_count, *parent_from_joint.shape)
    unit_m = pose_landmarks(body, _ones(body)[:, None], parent_from_joint.expand(each), still.expand((*each[:2], 3)))
    unit_m = unit_m - base_m
    betas = zero
    certainty = _length_sd(zero) ** -2 * (weight.sum(0) > 0)
    for _ in range(ROUNDS):
        landmarks_m = base_m + torch.einsum("b,bflc->flc", betas, unit_m)
        gap_m = weighted_median(length_m - lengths_of(landmarks_m), weight)
        slope = _length_slopes(landmarks_m, unit_m).mean(1)
        tall_curvature, tall_pull = height_evidence(body, betas, height_m)
        curvature = (slope * certainty) @ slope.T + tall_curvature + _ones(body)
        betas = betas + torch.linalg.solve(curvature, slope @ (certainty * gap_m) + tall_pull - betas)
    return betas


def length_ratios(
    body_m: Float[Tensor, "frames lengths"],
    person_m: Float[Tensor, "frames lengths"],
    weight: Float[Tensor, "frames lengths"],
) -> Float[Tensor, " lengths"]:
    """What a person's lengths must be multiplied with to be the body's: one number each for the whole clip.

    Lengths within face, hands and feet keep 1: they turn with their part and bend no joint.
    """
    ratio = (weighted_median(body_m, weight) / weighted_median(person_m, weight).clamp_min(1e-3)).clamp(0.5, 2.0)
    carried = torch.tensor([end in _CARRIED for end, _ in LENGTHS], device=ratio.device)
    return torch.where(carried & (weight.sum(0) > 0), ratio, torch.ones_like(ratio))


def carry_over(
    landmarks_m: Float[Tensor, "*batch 33 3"], ratio: Float[Tensor, " lengths"]
) -> Float[Tensor, "*batch 33 3"]:
    """Landmarks with the same directions and other lengths; mid-hip stays."""
    points_m = _with_middles(landmarks_m)
    carried = {_MID_HIP: points_m[..., _MID_HIP, :]}
    for (end, start), scale in zip(LENGTHS, ratio, strict=True):
        carried[end] = carried[start] + scale * (points_m[..., end, :] - points_m[..., start, :])
    return torch.stack([carried[point] for point in range(33)], dim=-2)


def weighted_median(
    value: Float[Tensor, "frames columns"], weight: Float[Tensor, "frames columns"]
) -> Float[Tensor, " columns"]:
    """The lower weighted median of each column; its least value where nothing weighs."""
    ordered, order = value.sort(dim=0)
    share = weight.gather(0, order).cumsum(0)
    middle = (share >= share[-1:] / 2).to(torch.int64).argmax(0)
    return ordered.gather(0, middle[None])[0]


def _with_middles(landmarks_m: Tensor) -> Tensor:
    middles = [landmarks_m[..., points, :].mean(-2) for points in MIDDLES]
    return torch.cat([landmarks_m, torch.stack(middles, dim=-2)], dim=-2)


def _ones(body: Body) -> Float[Tensor, "betas betas"]:
    return torch.eye(body.beta_count, dtype=body.template_m.dtype, device=body.template_m.device)


def _length_slopes(landmarks_m: Tensor, unit_m: Tensor) -> Float[Tensor, "betas frames lengths"]:
    points_m, moved_m = _with_middles(landmarks_m), _with_middles(unit_m)
    ends, starts = zip(*LENGTHS, strict=True)
    way = torch.nn.functional.normalize(points_m[..., ends, :] - points_m[..., starts, :], dim=-1)
    return (way * (moved_m[..., ends, :] - moved_m[..., starts, :])).sum(-1)


def _length_sd(like: Tensor) -> Float[Tensor, " lengths"]:
    return like.new_tensor([RIGID_SD_M if end in _RIGID_POINTS else LOOSE_SD_M for end, _ in LENGTHS])
