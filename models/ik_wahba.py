"""The rotation that best brings vectors at rest onto seen ones (Wahba 1965): in closed form, for batches of any shape.

On the CPU compiled, elsewhere the same steps in torch; without gradients. models.rotations.turn_onto does it by
singular values, a hundred times slower.
"""

import torch
from jaxtyping import Float
from torch import Tensor

SQRT_3 = 3**0.5
NEWTON_STEPS = 24
"""Two roots that nearly meet are approached by halves: 2^-24 is beyond what single precision tells apart."""


def align_rest(
    rest: Float[Tensor, "*#batch points 3"],
    seen: Float[Tensor, "*batch points 3"],
    weight: Float[Tensor, "*batch points"],
    prior: Float[Tensor, "*batch 3 3"] | None = None,
) -> Float[Tensor, "*batch 3 3"]:
    """Rotations R for which R @ rest comes nearest to seen.

    Args:
        rest, seen: vectors; take the means off first where only differences count.
        weight: of each vector; all zero gives the prior, or the identity.
        prior: a rotation, times half the inverse of its variance in square radians where weights are inverse variances
            of vectors; without it the turn about collinear vectors is open, and some rotation is given.
    """
    spread = (seen * weight[..., None]).mT @ rest
    return best_turn(spread if prior is None else spread + prior)


@torch.no_grad()
def best_turn(spread: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation with the greatest trace of its transpose times the given matrix."""
    if spread.device.type == "cpu":
        from models.ik_kernels import turn_onto_each  # noqa: PLC0415 - numba loads for 0.6 s

        flat = spread.double().reshape(-1, 3, 3).contiguous()
        rotation = torch.empty_like(flat)
        turn_onto_each(flat.numpy(), rotation.numpy())
        return rotation.to(spread.dtype).view(spread.shape)
    return best_turn_in_torch(spread.double()).to(spread.dtype)


def best_turn_in_torch(spread: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3 3"]:
    """The slow twin of the compiled function, for any device: QUEST (Shuster and Oh 1981), without dividing."""
    size = spread.square().sum((-2, -1), keepdim=True)
    scaled = spread * size.clamp_min(1e-48).rsqrt()
    axis = torch.stack([scaled[..., i, k] - scaled[..., k, i] for i, k in ((2, 1), (0, 2), (1, 0))], dim=-1)
    both = scaled + scaled.mT
    trace = scaled.diagonal(dim1=-2, dim2=-1).sum(-1)
    shift = _largest_root(trace, both, axis) + trace
    matrix = shift[..., None, None] * torch.eye(3, dtype=spread.dtype, device=spread.device) - both
    minors = _adjugate(matrix)
    vector = (minors @ axis[..., None])[..., 0]
    scalar = (matrix[..., 0, :] * minors[..., :, 0]).sum(-1, keepdim=True)
    quaternion = torch.cat([vector, scalar], dim=-1)
    clear = quaternion.square().sum(-1, keepdim=True) > 1e-24
    return _rotation(torch.where(clear, quaternion, _half_turn(minors, matrix)))


def _largest_root(trace: Tensor, both: Tensor, axis: Tensor) -> Tensor:
    """The largest eigenvalue of Davenport's matrix, from above by Newton's rule."""
    minors = _adjugate(both)
    det = (both[..., 0, :] * minors[..., :, 0]).sum(-1)
    turned = (both @ axis[..., None])[..., 0]
    a = trace.square() - minors.diagonal(dim1=-2, dim2=-1).sum(-1)
    b = trace.square() + axis.square().sum(-1)
    linear = det + (axis * turned).sum(-1)
    constant = a * b + linear * trace - turned.square().sum(-1)
    root = torch.full_like(trace, SQRT_3)
    for _ in range(NEWTON_STEPS):
        slope = (4 * root * root - 2 * (a + b)) * root - linear
        value = ((root * root - (a + b)) * root - linear) * root + constant
        root = torch.where(slope > 1e-14, root - (value / slope.clamp_min(1e-14)).clamp_min(0), root)
    return root


def _adjugate(matrix: Tensor) -> Tensor:
    """Of symmetric matrices."""
    first, second, third = matrix.unbind(-1)
    columns = [torch.linalg.cross(second, third), torch.linalg.cross(third, first), torch.linalg.cross(first, second)]
    return torch.stack(columns, dim=-1)


def _half_turn(minors: Tensor, matrix: Tensor) -> Tensor:
    """Where only half turns are left: about the one axis that is open, or about one across the one that is closed."""
    axis, closed = _longest(minors), _longest(matrix)
    least = torch.nn.functional.one_hot(closed.abs().argmin(-1), 3).to(closed)
    across = torch.linalg.cross(closed, least)
    vector = torch.where(minors.diagonal(dim1=-2, dim2=-1).amax(-1, keepdim=True) > 1e-6, axis, across)
    still = vector.square().sum(-1, keepdim=True) < 1e-12
    return torch.cat([torch.where(still, torch.zeros_like(vector), vector), still.to(vector)], dim=-1)


def _longest(symmetric: Tensor) -> Tensor:
    """The column with the greatest diagonal entry."""
    chosen = symmetric.diagonal(dim1=-2, dim2=-1).argmax(-1)
    return symmetric.gather(-1, chosen[..., None, None].expand(*symmetric.shape[:-1], 1))[..., 0]


def _rotation(quaternion: Tensor) -> Tensor:
    """From x, y, z, w of any length but zero."""
    x, y, z, w = torch.nn.functional.normalize(quaternion, dim=-1, eps=0.0).unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
        2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
        2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))
