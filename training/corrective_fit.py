"""How examples of posed skin become skinning weights and pose correctives.

First the four joints of a vertex and their shares are refitted, so that plain blending comes as near as it can; then
what is left is regressed on the rotations of the joints nearby. Left and right are fitted as one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import nnls
from torch import Tensor

from models.bodies.body import Body, rest_vertices, world_from_rest
from models.skeletons import SMPL_MIRROR, SMPL_PARENTS
from training.body_symmetry import find_mirror
from training.pose_extremes import mirrored_poses

CHILDREN: Final = tuple(
    tuple(child for child, parent in enumerate(SMPL_PARENTS) if parent == joint) for joint in range(len(SMPL_PARENTS))
)
FELT_SHARE: Final = 0.01
"""A joint with less of a vertex is not asked."""
INFLUENCES: Final = 4
WEIGHT_INERTIA_M2: Final = 3e-5
"""How much squared error old weights may cost before they give way."""
SUM_WEIGHT: Final = 1e3
RIDGE: Final = 3e-4
"""Times the sum of the examples' importance; rotation matrices have entries of about 1, correctives of centimetres."""
FAINT_M: Final = 1.5e-3
"""A corrective whose entries are together smaller than this is left out."""
FLIP: Final = torch.tensor([-1.0, 1, 1])


@dataclass(frozen=True, eq=False)
class Examples:
    """Skin as it should be, the pelvis at rest.

    Attributes:
        importance: what an example's squared error counts.
    """

    betas: Float[Tensor, "examples betas"]
    parent_from_joint: Float[Tensor, "examples 24 3 3"]
    skin_m: Float[Tensor, "examples vertices 3"]
    importance: Float[Tensor, " examples"]


def fit_skin(body: Body, examples: Examples) -> Body:
    """The body with weights and correctives that bring its skin near the examples and their mirror images."""
    mirror = torch.from_numpy(find_mirror(body.template_m.numpy()))
    both = _with_mirror_images(examples, mirror)
    body = _with_weights(body, _fit_weights(body, both, mirror))
    strong = _strong(_fit_correctives(body, both, mirror, _felt_joints(body)))
    corrective_m = _fit_correctives(body, both, mirror, strong)
    vertex, joint = torch.nonzero(_strong(corrective_m), as_tuple=True)
    chosen_m = corrective_m[vertex, joint].to(body.template_m.dtype)
    return replace(body, corrective_vertex=vertex, corrective_joint=joint, corrective_m=chosen_m)


def _strong(corrective_m: Float[Tensor, "vertices 24 3 9"]) -> Tensor:
    return corrective_m.flatten(2).norm(dim=-1) > FAINT_M


def _with_mirror_images(examples: Examples, mirror: Tensor) -> Examples:
    turned = torch.from_numpy(mirrored_poses(examples.parent_from_joint.numpy()))
    return Examples(
        betas=torch.cat([examples.betas, examples.betas]),
        parent_from_joint=torch.cat([examples.parent_from_joint, turned]),
        skin_m=torch.cat([examples.skin_m, examples.skin_m[:, mirror] * FLIP]),
        importance=torch.cat([examples.importance, examples.importance]),
    )


def _with_weights(body: Body, weight: Float[Tensor, "vertices 24"]) -> Body:
    share, joint = weight.topk(INFLUENCES, dim=1)
    return replace(body, skin_joint=joint, skin_weight=share / share.sum(dim=1, keepdim=True))


def _felt_joints(body: Body) -> Tensor:
    """Which joints a vertex may answer: those that move it and the next ones down the limb, whose twist it shares."""
    felt = body.skin_matrix > FELT_SHARE
    below = torch.zeros_like(felt)
    for joint, children in enumerate(CHILDREN):
        for child in children:
            below[:, child] |= felt[:, joint]
    felt = felt | below
    felt[:, 0] = False
    return felt


def _fit_weights(body: Body, examples: Examples, mirror: Tensor) -> Float[Tensor, "vertices 24"]:
    """Shares that are positive and sum to 1, by least squares, held toward the present ones."""
    moves = _moves(body, examples)
    rest_m, root = rest_vertices(body, examples.betas), examples.importance.sqrt()
    known, fitted = body.skin_matrix, torch.zeros_like(body.skin_matrix)
    inertia = WEIGHT_INERTIA_M2 * float(examples.importance.sum())
    for vertex in _left(mirror):
        near = set(torch.nonzero(known[vertex] > FELT_SHARE)[:, 0].tolist())
        near |= {other for joint in near for other in (*CHILDREN[joint], max(SMPL_PARENTS[joint], 0))}
        chosen = sorted(near)
        carried_m = (moves[:, chosen, :, :3] @ rest_m[:, vertex, None, :, None])[..., 0] + moves[:, chosen, :, 3]
        carried = (carried_m * root[:, None, None]).transpose(1, 2).flatten(0, 1)
        wanted = (examples.skin_m[:, vertex] * root[:, None]).flatten()
        share = _shares(carried, wanted.to(carried.dtype), known[vertex, chosen], inertia)
        fitted[vertex, chosen] = torch.from_numpy(share)
    return _both_sides(fitted, mirror, lambda left: left[:, list(SMPL_MIRROR)])


def _shares(carried: Tensor, wanted: Tensor, known: Tensor, inertia: float) -> Float[np.ndarray, " joints"]:
    gram, aim = carried.T @ carried, carried.T @ wanted
    heavy = SUM_WEIGHT * float(gram.diagonal().mean())
    gram = gram + inertia * torch.eye(len(gram), dtype=gram.dtype) + heavy
    root = torch.linalg.cholesky(gram)
    half = torch.linalg.solve_triangular(root, (aim + inertia * known + heavy)[:, None], upper=False)
    share, _ = nnls(root.T.numpy(), half[:, 0].numpy())
    return share / share.sum()


def _fit_correctives(body: Body, examples: Examples, mirror: Tensor, kept: Tensor) -> Float[Tensor, "vertices 24 3 9"]:
    """Ridge regression of the error of the posed skin, vertex by vertex."""
    left = _left(mirror)
    moves, rest_m = _moves(body, examples).float(), rest_vertices(body, examples.betas)[:, left].float()
    blended = torch.einsum("vj,njk->vnk", body.skin_matrix[left].float(), moves.flatten(2)).unflatten(-1, (3, 4))
    missing_m = examples.skin_m[:, left] - torch.einsum("vnik,nvk->nvi", blended[..., :3], rest_m)
    missing_m -= blended[..., 3].transpose(0, 1)
    feature = (examples.parent_from_joint - torch.eye(3, dtype=torch.float64)).flatten(-2).float()
    root, ridge = examples.importance.sqrt().float(), RIDGE * float(examples.importance.sum())
    fitted = torch.zeros(len(mirror), len(SMPL_PARENTS), 3, 9)
    for row, vertex in enumerate(left):
        chosen = torch.nonzero(kept[vertex])[:, 0]
        if not len(chosen):
            continue
        asked = feature[:, chosen].flatten(1) * root[:, None]
        system = (blended[row, :, :, :3, None] * asked[:, None, None, :]).flatten(2).flatten(0, 1)
        gram = system.T @ system + ridge * torch.eye(system.shape[1])
        aim = system.T @ (missing_m[:, row] * root[:, None]).flatten()
        solved = torch.linalg.solve(gram.double(), aim.double()).float()
        fitted[vertex, chosen] = solved.unflatten(0, (3, len(chosen), 9)).transpose(0, 1)
    sign = FLIP[:, None] * torch.outer(FLIP, FLIP).flatten()
    return _both_sides(fitted, mirror, lambda left: left[:, list(SMPL_MIRROR)] * sign)


def _moves(body: Body, examples: Examples) -> Float[Tensor, "examples 24 3 4"]:
    nowhere = torch.zeros(len(examples.betas), 3, dtype=body.template_m.dtype)
    return world_from_rest(body, examples.betas, examples.parent_from_joint, nowhere)


def _left(mirror: Int[Tensor, " vertices"]) -> list[int]:
    """One of each pair of mirror twins, and those that are their own."""
    return torch.nonzero(mirror >= torch.arange(len(mirror)))[:, 0].tolist()


def _both_sides(fitted: Tensor, mirror: Tensor, flipped: Callable[[Tensor], Tensor]) -> Tensor:
    """Numbers of the other side from those of the left; in the middle the mean of both."""
    twin, own = flipped(fitted)[mirror], torch.arange(len(mirror))
    apart = (mirror != own).view(-1, *[1] * (fitted.ndim - 1))
    right = (mirror < own).view(apart.shape)
    return torch.where(right, twin, torch.where(apart, fitted, (fitted + twin) / 2))
