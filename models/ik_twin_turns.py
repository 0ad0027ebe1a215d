"""What models/ik_kernels_turns.py does for one pose, in torch for many: limits of joints, drifts, small inverses."""

import roma
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from models.ik_limits import CONE, FREE, HINGE, limit_table
from models.rotations import shortest_arc, unit

Turn = Float[Tensor, "poses 3 3"]
Vector = Float[Tensor, "poses 3"]
Number = Float[Tensor, " poses"]


def row_of(joint: int) -> list[float]:
    """A joint's limits as numbers."""
    return limit_table()[joint].tolist()


def limit(joint: int, local: Turn) -> tuple[Turn, Number, Bool[Tensor, " poses"]]:
    """Rotations within the limits, how far bones moved, squared, and where anything was to be done."""
    row = row_of(joint)
    if row[0] == FREE:
        return local, torch.zeros_like(local[:, 0, 0]), torch.zeros_like(local[:, 0, 0], dtype=torch.bool)
    least = 1e-14 if local.dtype == torch.float64 else 1e-10
    bone = local.new_tensor(row[1:4]).expand(len(local), 3)
    way = (local @ bone[..., None])[..., 0]
    allowed = _allowed_way(row, way)
    moved = (allowed - way).square().sum(-1)
    bent = moved > least
    local = torch.where(bent[:, None, None], arc(way, allowed) @ local, local)
    swing = arc(bone, torch.where(bent[:, None], allowed, way))
    rest = swing.mT @ local
    twist = torch.atan2((_axial(rest) * bone).sum(-1), rest.diagonal(dim1=-2, dim2=-1).sum(-1) - 1)
    kept = into_range(twist, row[14], row[15])
    off = ((kept - twist) / 2).sin().abs() > least**0.5
    local = torch.where(off[:, None, None], swing @ roma.rotvec_to_rotmat(kept[:, None] * bone), local)
    return local, moved, bent | off


def arc(start: Vector, end: Vector) -> Turn:
    """The smallest turn between unit vectors."""
    least = torch.nn.functional.one_hot(start.abs().argmin(-1), 3).to(start)
    return shortest_arc(start, end, torch.linalg.cross(start, least))


def into_range(angle: Number, low: float, high: float) -> Number:
    """The nearest angle of a range on the circle."""
    middle = 0.5 * (low + high)
    off = angle - middle
    off = off - 2 * torch.pi * (off / (2 * torch.pi)).round()
    return middle + off.clamp(low - middle, high - middle)


def _allowed_way(row: list[float], way: Vector) -> Vector:
    if row[0] == CONE:
        cone = way.new_tensor(row[4:7]).expand(way.shape)
        along = (way * cone).sum(-1, keepdim=True)
        edge = row[7] * cone + (1 - row[7] ** 2) ** 0.5 * unit(way - along * cone)
        return torch.where(along >= row[7], way, edge)
    forward, back, aside = _hinge_parts(row, way)
    side = aside.clamp(-1, 1).asin().clamp(-row[13], row[13])
    bend = into_range(torch.atan2(forward, back), row[11], row[12])
    hinge, bone = way.new_tensor(row[8:11]), way.new_tensor(row[1:4])
    ahead = torch.linalg.cross(hinge, bone)
    in_plane = bend.cos()[:, None] * bone + bend.sin()[:, None] * ahead
    return side.cos()[:, None] * in_plane + side.sin()[:, None] * hinge


def _hinge_parts(row: list[float], way: Vector) -> tuple[Number, Number, Number]:
    """A direction along the way the hinge bends, along the bone, and along the hinge."""
    hinge, bone = way.new_tensor(row[8:11]), way.new_tensor(row[1:4])
    return tuple((way * axis).sum(-1) for axis in (torch.linalg.cross(hinge, bone), bone, hinge))  # pyright: ignore[reportReturnType]


def hinge_azimuth(joint: int, way: Vector) -> tuple[Number, Number]:
    """Where unit vectors lie about the bone, from the plane that a hinge bends in, and their sines to the bone."""
    forward, _, aside = _hinge_parts(row_of(joint), way)
    return torch.atan2(aside, forward), (forward.square() + aside.square()).sqrt()


def hinge_excess(joint: int, way: Vector) -> Number:
    """How far to turn the upper bone about itself for a hinge to allow where the lower bone points; 0 elsewhere."""
    row = row_of(joint)
    if row[0] != HINGE:
        return torch.zeros_like(way[:, 0])
    azimuth, sine = hinge_azimuth(joint, way)
    side, back = way.new_tensor(row[13]).sin(), way.new_tensor(-row[11]).sin()
    fine = ((sine * azimuth.sin()).abs() <= side) & (-sine * azimuth.cos() <= back)
    allowed = (0.97 * side / sine.clamp_min(1e-9)).clamp_max(1).asin()
    return torch.where(fine, torch.zeros_like(sine), azimuth - torch.where(azimuth > 0, allowed, -allowed))


def about(direction: Vector, angle: Number) -> Turn:
    """Turns by an angle about directions of any length."""
    return roma.rotvec_to_rotmat(angle[:, None] * unit(direction))


def drift_from(
    anchor: Float[Tensor, "poses 24 3 3"], local: Float[Tensor, "poses 24 3 3"]
) -> Float[Tensor, "poses 24 3"]:
    """Turn vectors from the anchors to rotations, in the joints' own axes."""
    away = anchor.mT @ local
    double = _axial(away)
    sine = double.norm(dim=-1, keepdim=True)
    angle = torch.atan2(sine, away.diagonal(dim1=-2, dim2=-1).sum(-1, keepdim=True) - 1)
    return torch.where(sine > 1e-9, angle / sine.clamp_min(1e-9), torch.full_like(sine, 0.5)) * double


def _axial(matrix: Tensor) -> Tensor:
    """Twice the axial vectors."""
    return torch.stack([matrix[..., i, k] - matrix[..., k, i] for i, k in ((2, 1), (0, 2), (1, 0))], dim=-1)


def cross_matrix(vector: Vector) -> Turn:
    """The matrices that take cross products with vectors."""
    x, y, z = vector.unbind(-1)
    nothing = torch.zeros_like(x)
    return torch.stack([nothing, -z, y, z, nothing, -x, -y, x, nothing], dim=-1).unflatten(-1, (3, 3))


def invert(matrix: Turn) -> Turn:
    """Of symmetric matrices."""
    first, second, third = matrix.unbind(-1)
    columns = (torch.linalg.cross(second, third), torch.linalg.cross(third, first), torch.linalg.cross(first, second))
    adjugate = torch.stack(columns, dim=-1)
    return adjugate / (first * adjugate[..., 0]).sum(-1)[..., None, None]
