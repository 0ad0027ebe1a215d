"""The shape of a person, with its uncertainty, from noisy joints of a whole sequence or from lengths alone.

Maximum a posteriori (Gauss-Newton): betas are independent and of unit variance beforehand, the lengths between joints
that one bone holds together are normal about the body's, one value for the whole sequence. That is the first step of
inverse kinematics from joints, "shape from bone lengths", made to know how sure it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from models.bodies.body import Body, rest_joints
from models.shape import weighted_median
from models.skeletons import SMPL_PARENTS
from models.stature import height_evidence

RIGID_PAIRS: Final = tuple(
    (joint, other)
    for joint in range(len(SMPL_PARENTS))
    for other in range(joint)
    if SMPL_PARENTS[joint] in (other, SMPL_PARENTS[other])
)
"""Joints whose distance no pose changes: a joint and its parent, or two with the same parent."""

LEAST_SD_M: Final = 1e-3
"""A sequence tells no length better than this: joints are not where a body has them to the millimetre."""
EXPECTED_NOISE_M: Final = 0.015
EXPECTED_FRAMES: Final = 4
"""Spread of a length before it was seen, and how many frames that belief is worth."""
ROUNDS: Final = 6


@dataclass(frozen=True, eq=False)
class Shape:
    """Betas and how sure they are."""

    betas: Float[Tensor, " betas"]
    covariance: Float[Tensor, "betas betas"]


@dataclass(frozen=True, eq=False)
class Lengths:
    """Distances between pairs of joints.

    Attributes:
        pairs: joints of SMPL.
        length_m, sd_m: the distance and its standard deviation; infinite where nothing is known.
    """

    pairs: Sequence[tuple[int, int]]
    length_m: Float[Tensor, " pairs"]
    sd_m: Float[Tensor, " pairs"]


def shape_from_joints(
    body: Body,
    joints_m: Float[Tensor, "frames 24 3"],
    confidence: Float[Tensor, "frames 24"],
    height_m: float | None = None,
    expected_noise_m: float = EXPECTED_NOISE_M,
) -> Shape:
    """The most likely shape of somebody who moves.

    Args:
        joints_m: SMPL's joints in any frame of reference; what has no confidence may be NaN.
        confidence: 0 for a missing joint, else how much its frame counts against others.
        height_m: from sole to crown, where known.
        expected_noise_m: spread of a length before it was seen; 0 for joints that are exact.
    """
    return shape_from_lengths(body, measure_lengths(joints_m, confidence, expected_noise_m), height_m)


def shape_from_lengths(body: Body, lengths: Lengths, height_m: float | None = None) -> Shape:
    """The most likely shape of somebody of these lengths; arguments as in shape_from_joints."""
    ends, starts = (list(side) for side in zip(*lengths.pairs, strict=True))
    mean_m, shape_m = body.rest_joint_template_m, body.rest_joint_shape_m
    arm_m, arm_shape_m = mean_m[ends] - mean_m[starts], shape_m[ends] - shape_m[starts]
    betas, certainty = mean_m.new_zeros(body.beta_count), lengths.sd_m**-2
    unit = curvature = torch.eye(body.beta_count, dtype=mean_m.dtype, device=mean_m.device)
    for _ in range(ROUNDS):
        now_m = arm_m + arm_shape_m @ betas
        slope = torch.einsum("pc,pcb->bp", torch.nn.functional.normalize(now_m, dim=-1), arm_shape_m)
        gap_m = lengths.length_m - now_m.norm(dim=-1)
        curvature, pull = (slope * certainty) @ slope.T, slope @ (certainty * gap_m)
        tall_curvature, tall_pull = height_evidence(body, betas, height_m)
        curvature = curvature + tall_curvature + unit
        betas = betas + torch.linalg.solve(curvature, pull + tall_pull - betas)
    return Shape(betas, torch.linalg.inv(curvature))


def measure_lengths(
    joints_m: Float[Tensor, "frames 24 3"],
    confidence: Float[Tensor, "frames 24"],
    expected_noise_m: float = EXPECTED_NOISE_M,
) -> Lengths:
    """The distances of RIGID_PAIRS over a sequence: medians, freed of what noise adds to a distance.

    Noise of s metres along each axis between two points L apart makes their distance s^2 / L longer; s is the spread
    of the distance over the frames.
    """
    ends, starts = (list(side) for side in zip(*RIGID_PAIRS, strict=True))
    weight = torch.minimum(confidence[:, ends], confidence[:, starts])
    seen_m = (joints_m[:, ends] - joints_m[:, starts]).norm(dim=-1)
    seen_m = torch.where(weight > 0, seen_m, torch.zeros_like(seen_m))
    middle_m = weighted_median(seen_m, weight)
    frames = weight.sum(0) ** 2 / (weight**2).sum(0).clamp_min(1e-12)
    spread_m = 1.4826 * weighted_median((seen_m - middle_m).abs(), weight)
    noise_m2 = (frames * spread_m**2 + EXPECTED_FRAMES * expected_noise_m**2) / (frames + EXPECTED_FRAMES)
    sd_m = 1.25 * (noise_m2 / frames.clamp_min(1e-12)).sqrt() + LEAST_SD_M
    known = frames > 0
    length_m = torch.where(known, middle_m - spread_m**2 / middle_m.clamp_min(0.02), torch.zeros_like(middle_m))
    return Lengths(RIGID_PAIRS, length_m, torch.where(known, sd_m, torch.full_like(sd_m, torch.inf)))


def joint_distances(
    body: Body, betas: Float[Tensor, "*batch betas"], pairs: Sequence[tuple[int, int]]
) -> Float[Tensor, "*batch pairs"]:
    """How far joints are from each other at rest."""
    joints_m = rest_joints(body, betas)
    ends, starts = (list(side) for side in zip(*pairs, strict=True))
    return (joints_m[..., ends, :] - joints_m[..., starts, :]).norm(dim=-1)
