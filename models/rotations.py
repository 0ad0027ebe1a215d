"""What the solvers need of rotations beyond roma: arcs, hinges, means with a prior, and the filling of gaps.

Rotations are matrices that act on column vectors; axes and hints are vectors of the same frame.
"""

import roma
import torch
from jaxtyping import Float
from torch import Tensor

TINY = 1e-12
"""Below this a squared length counts as zero: a micrometre squared."""


def unit(vector: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3"]:
    """The direction of a vector; zero where it has none."""
    squared = vector.square().sum(-1, keepdim=True)
    return torch.where(squared > TINY, vector * squared.clamp_min(TINY).rsqrt(), torch.zeros_like(vector))


def across(vector: Float[Tensor, "*batch 3"], axis: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3"]:
    """The part of a vector that is perpendicular to a unit axis."""
    return vector - (vector * axis).sum(-1, keepdim=True) * axis


def shortest_arc(
    start: Float[Tensor, "*batch 3"], end: Float[Tensor, "*batch 3"], hint: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch 3 3"]:
    """The smallest rotation that brings one direction onto another.

    Args:
        start, end: of any length; the identity where either is zero.
        hint: the axis of the half turn between antiparallel directions; must not be parallel to them.
    """
    start, end = unit(start), unit(end)
    both = start + end
    closeness = both.square().sum(-1, keepdim=True)
    arc = torch.cat([torch.linalg.cross(start, end), closeness / 2], dim=-1)
    half_turn = torch.cat([unit(across(hint, start)), torch.zeros_like(closeness)], dim=-1)
    missing = (start.square().sum(-1, keepdim=True) < 0.5) | (end.square().sum(-1, keepdim=True) < 0.5)
    still = torch.zeros_like(arc) + arc.new_tensor([0.0, 0.0, 0.0, 1.0])
    quaternion = torch.where(missing, still, torch.where(closeness < TINY, half_turn, arc))
    return roma.unitquat_to_rotmat(torch.nn.functional.normalize(quaternion, dim=-1, eps=0.0))


def rotation_about(axis: Float[Tensor, "*#batch 3"], angle_rad: Float[Tensor, "*#batch"]) -> Float[Tensor, "*out 3 3"]:
    """The rotation by an angle about a unit axis."""
    return roma.rotvec_to_rotmat(axis * angle_rad[..., None])


def angle_about(
    axis: Float[Tensor, "*batch 3"], start: Float[Tensor, "*batch 3"], end: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch"]:
    """The angle in radians, -pi..pi, by which start turns about a unit axis to point the way of end."""
    start, end = across(start, axis), across(end, axis)
    return torch.atan2((torch.linalg.cross(start, end) * axis).sum(-1), (start * end).sum(-1))


def twist_about(rotation: Float[Tensor, "*batch 3 3"], axis: Float[Tensor, "*#batch 3"]) -> Float[Tensor, "*batch"]:
    """The angle in radians, -pi..pi, of the twist about a unit axis: rotation = swing @ twist."""
    quaternion = roma.rotmat_to_unitquat(rotation)
    along = (quaternion[..., :3] * axis).sum(-1)
    half = torch.atan2(along, quaternion[..., 3])
    return torch.remainder(2 * half + torch.pi, 2 * torch.pi) - torch.pi


def part_way(
    start: Float[Tensor, "*batch 3 3"], end: Float[Tensor, "*batch 3 3"], share: float | Float[Tensor, "*batch"]
) -> Float[Tensor, "*batch 3 3"]:
    """The rotation at a share of the way from start to end, at constant angular velocity."""
    turn = roma.rotmat_to_rotvec(start.mT @ end)
    scaled = turn * share[..., None] if isinstance(share, Tensor) else turn * share
    return start @ roma.rotvec_to_rotmat(scaled)


def turn_onto(
    rest: Float[Tensor, "*#batch points 3"],
    seen: Float[Tensor, "*batch points 3"],
    weight: Float[Tensor, "*batch points"],
    prior: Float[Tensor, "*batch 3 3"] | None = None,
) -> Float[Tensor, "*batch 3 3"]:
    """The rotation that best brings vectors at rest onto the seen ones (Wahba's problem), drawn to a prior.

    Args:
        rest, seen: vectors, not points: take their mean off first, where only differences count.
        weight: of each vector.
        prior: a rotation that counts as much as three perpendicular vectors of square weight 1; without it
            collinear vectors leave the turn about them open, and some proper rotation is given.
    """
    spread = torch.einsum("...p,...pi,...pj->...ij", weight, seen, rest)
    rotation: Tensor = roma.special_procrustes(spread if prior is None else spread + prior)  # pyright: ignore[reportAssignmentType]
    return rotation
