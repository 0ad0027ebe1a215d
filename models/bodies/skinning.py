"""How skin follows the joints: pose correctives at rest, then linear blending of four joints a vertex.

Single precision on a CPU without gradients runs compiled (models/bodies/skinning_kernels.py); everything else is the
same sum as matrix products in torch.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import torch
from jaxtyping import Float, Int64
from torch import Tensor

JOINTS: Final = 24
CHUNK: Final = 64
"""Frames at a time: what they need in between stays near the processor."""


@dataclass(frozen=True, eq=False)
class Skin:
    """What is constant about a skin.

    Attributes:
        template_m, shape_m: at rest, for all betas zero and for one unit of each beta.
        joint, weight: the four joints that move a vertex and their shares.
        corrective_vertex: the vertex that a corrective moves, ascending.
        corrective_joint: the joint whose rotation it answers; never the root.
        corrective_m: movement at rest for each entry of that joint's rotation matrix less the identity, row by row.
    """

    template_m: Float[Tensor, "vertices 3"]
    shape_m: Float[Tensor, "vertices 3 betas"]
    joint: Int64[Tensor, "vertices 4"]
    weight: Float[Tensor, "vertices 4"]
    corrective_vertex: Int64[Tensor, " correctives"]
    corrective_joint: Int64[Tensor, " correctives"]
    corrective_m: Float[Tensor, "correctives 3 9"]

    @cached_property
    def matrix(self) -> Float[Tensor, "vertices 24"]:
        """The shares of the joints, dense."""
        dense = self.weight.new_zeros(len(self.weight), JOINTS)
        return dense.scatter_add(1, self.joint, self.weight)

    @cached_property
    def pose_shape_m(self) -> Float[Tensor, "vertices 3 207"]:
        """The correctives, dense: what SMPL's files call posedirs."""
        dense = self.template_m.new_zeros(len(self.template_m), JOINTS, 3, 9)
        dense[self.corrective_vertex, self.corrective_joint] = self.corrective_m
        return dense[:, 1:].transpose(1, 2).flatten(2)

    @cached_property
    def corrective_order(self) -> Int64[Tensor, " correctives"]:
        """The correctives sorted by the joint that they answer."""
        return self.corrective_joint.argsort(stable=True)

    @cached_property
    def corrective_of_joint(self) -> list[tuple[int, Tensor]]:
        """Joints that have correctives, ascending, each with its matrix (3 for each corrective, 9)."""
        joint, count = self.corrective_joint[self.corrective_order].unique_consecutive(return_counts=True)
        parts = self.corrective_m[self.corrective_order].split(count.tolist())
        return [(number, part.flatten(0, 1)) for number, part in zip(joint.tolist(), parts, strict=True)]

    @cached_property
    def corrective_start(self) -> Int64[Tensor, " bounds"]:
        """Where each vertex's correctives begin, and at last where they end."""
        return torch.searchsorted(
            self.corrective_vertex, torch.arange(len(self.template_m) + 1, device=self.corrective_vertex.device)
        )

    def only(self, vertices: Int64[Tensor, " chosen"]) -> "Skin":
        """The skin of some vertices."""
        first, behind = self.corrective_start[vertices], self.corrective_start[vertices + 1]
        count = behind - first
        owner = torch.repeat_interleave(torch.arange(len(vertices), device=count.device), count)
        within = torch.arange(len(owner), device=count.device) - (count.cumsum(0) - count)[owner]
        chosen = first[owner] + within
        return replace(
            self,
            template_m=self.template_m[vertices],
            shape_m=self.shape_m[vertices],
            joint=self.joint[vertices],
            weight=self.weight[vertices],
            corrective_vertex=owner,
            corrective_joint=self.corrective_joint[chosen],
            corrective_m=self.corrective_m[chosen],
        )


def move_skin(
    skin: Skin,
    betas: Float[Tensor, "*#batch betas"],
    parent_from_joint: Float[Tensor, "*batch 24 3 3"],
    world_from_rest: Float[Tensor, "*batch 24 3 4"],
) -> Float[Tensor, "*batch vertices 3"]:
    """The posed skin in the world.

    Args:
        betas: shape; one for all or one for each of the batch.
        parent_from_joint: rotation matrices, which the correctives answer.
        world_from_rest: what moves a point that a joint alone carries from rest to its place in the world.
    """
    batch = parent_from_joint.shape[:-3]
    given = (betas, parent_from_joint, world_from_rest)
    frames = (
        _frames_of_betas(betas, batch),
        parent_from_joint.reshape(-1, JOINTS, 9),
        world_from_rest.reshape(-1, JOINTS, 3, 4),
    )
    moved = _move_compiled(skin, *frames) if _may_compile(skin, *given) else _move_in_torch(skin, *frames)
    return moved.reshape(*batch, len(skin.template_m), 3)


def _frames_of_betas(betas: Tensor, batch: torch.Size) -> Float[Tensor, "frames betas"]:
    """One row for all frames where the same numbers serve all, else a row for each."""
    if all(size == 1 or stride == 0 for size, stride in zip(betas.shape[:-1], betas.stride()[:-1], strict=True)):
        return betas[(0,) * (betas.ndim - 1)][None]
    return betas.expand(*batch, -1).reshape(-1, betas.shape[-1])


def _may_compile(skin: Skin, *tensors: Tensor) -> bool:
    plain = all(tensor.device.type == "cpu" and tensor.dtype == torch.float32 for tensor in (*tensors, skin.weight))
    return plain and not (torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors))


def _move_in_torch(
    skin: Skin,
    betas: Float[Tensor, "#frames betas"],
    turn: Float[Tensor, "frames 24 9"],
    world_from_rest: Float[Tensor, "frames 24 3 4"],
) -> Float[Tensor, "frames vertices 3"]:
    """Frames stand last, so that each product is one of large matrices."""
    moved = [
        _move_chunk(skin, betas if len(betas) == 1 else betas[start : start + CHUNK], *chunk)
        for start in range(0, len(turn), CHUNK)
        for chunk in [(turn[start : start + CHUNK], world_from_rest[start : start + CHUNK])]
    ]
    return torch.cat(moved) if moved else turn.new_zeros(0, len(skin.template_m), 3)


def _move_chunk(skin: Skin, betas: Tensor, turn: Tensor, world_from_rest: Tensor) -> Tensor:
    frames = len(turn)
    rest_m = _rest_of_frames(skin, betas).expand(-1, -1, frames)
    if len(skin.corrective_vertex):
        feature = _feature(turn).permute(1, 2, 0)
        answer_m = torch.cat([matrix @ feature[joint] for joint, matrix in skin.corrective_of_joint])
        rest_m = rest_m.index_add(0, skin.corrective_vertex[skin.corrective_order], answer_m.view(-1, 3, frames))
    blended = (skin.matrix @ world_from_rest.permute(1, 3, 2, 0).flatten(1)).view(-1, 4, 3, frames)
    moved = blended[:, 3]
    for axis in range(3):
        moved = torch.addcmul(moved, blended[:, axis], rest_m[:, axis, None])
    return moved.permute(2, 0, 1)


def _move_compiled(
    skin: Skin,
    betas: Float[Tensor, "#frames betas"],
    turn: Float[Tensor, "frames 24 9"],
    world_from_rest: Float[Tensor, "frames 24 3 4"],
) -> Float[Tensor, "frames vertices 3"]:
    from models.bodies.skinning_kernels import LANES, place_vertices  # noqa: PLC0415 - numba loads for 0.6 s

    moved = turn.new_empty(len(turn), len(skin.template_m), 3)
    feature = _feature(turn)
    constant = (skin.joint, skin.weight, skin.corrective_start, skin.corrective_joint, skin.corrective_m)
    fixed = tuple(tensor.contiguous().numpy() for tensor in constant)
    for start in range(0, len(turn), LANES):
        chunk = slice(start, start + LANES)
        rest_m = _rest_of_frames(skin, betas if len(betas) == 1 else _lanes_last(betas[chunk], LANES).T)
        place_vertices(
            fixed,
            rest_m.detach().contiguous().numpy(),
            _lanes_last(feature[chunk], LANES).numpy(),
            _lanes_last(world_from_rest[chunk].flatten(2), LANES).numpy(),
            moved[chunk].numpy(),
        )
    return moved


def _rest_of_frames(skin: Skin, betas: Float[Tensor, "frames betas"]) -> Float[Tensor, "vertices 3 frames"]:
    return torch.addmm(skin.template_m.reshape(-1, 1), skin.shape_m.flatten(0, 1), betas.T).unflatten(0, (-1, 3))


def _feature(turn: Float[Tensor, "frames 24 9"]) -> Float[Tensor, "frames 24 9"]:
    """What correctives are linear in."""
    return turn - torch.eye(3, dtype=turn.dtype, device=turn.device).flatten()


def _lanes_last(frames: Tensor, lanes: int) -> Tensor:
    """Frames as the last axis, filled up with zeros."""
    filled = frames.new_zeros(*frames.shape[1:], lanes)
    filled[..., : len(frames)] = frames.detach().movedim(0, -1)
    return filled
