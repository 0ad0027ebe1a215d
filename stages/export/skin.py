"""Prepares a body's skin for engines that draw triangles: four weights of eight bits a vertex, and normals."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8

from models.bodies.body import Body, rest_joints, rest_vertices

FULL_WEIGHT: Final = 255


@dataclass(frozen=True, eq=False)
class Skin:
    """A body at rest with its soles on the floor, facing +Z.

    Attributes:
        normal: points outwards, of unit length.
        joint: the joints that move a vertex, each once; 0 where the weight is 0.
        weight: their shares, which sum to 255.
    """

    vertices_m: Float[np.ndarray, "vertices 3"]
    normal: Float[np.ndarray, "vertices 3"]
    joints_m: Float[np.ndarray, "24 3"]
    faces: Int[np.ndarray, "faces 3"]
    joint: UInt8[np.ndarray, "vertices 4"]
    weight: UInt8[np.ndarray, "vertices 4"]


def skin_at_rest(body: Body, betas: Float[np.ndarray, " betas"]) -> Skin:
    """Shape a body and stand it on the floor; raises as rest_vertices."""
    shape = torch.from_numpy(betas).to(body.template_m.dtype)
    vertices_m, joints_m = (rest(body, shape).numpy().astype(float) for rest in (rest_vertices, rest_joints))
    lift_m = np.array([0.0, -vertices_m[:, 1].min(), 0.0])
    faces = body.faces.numpy()
    joint, weight = eight_bit_weights(body.skin_matrix.numpy().astype(float))
    return Skin(
        vertices_m=vertices_m + lift_m,
        normal=vertex_normals(vertices_m, faces),
        joints_m=joints_m + lift_m,
        faces=faces,
        joint=joint,
        weight=weight,
    )


def eight_bit_weights(
    share: Float[np.ndarray, "vertices joints"],
) -> tuple[UInt8[np.ndarray, "vertices 4"], UInt8[np.ndarray, "vertices 4"]]:
    """The four largest shares of every vertex as joints and weights; heaviest first.

    Rounded by largest remainders, so that the weights sum to 255 and each is off by less than one.
    """
    joint = np.argsort(-share, axis=1, kind="stable")[:, :4]
    kept = np.take_along_axis(share, joint, axis=1)
    exact = FULL_WEIGHT * kept / kept.sum(axis=1, keepdims=True)
    weight = np.floor(exact)
    missing = FULL_WEIGHT - weight.sum(axis=1, keepdims=True)
    rank = np.argsort(np.argsort(weight - exact, axis=1, kind="stable"), axis=1, kind="stable")
    weight = weight + (rank < missing)
    return np.where(weight > 0, joint, 0).astype(np.uint8), weight.astype(np.uint8)


def vertex_normals(
    vertices_m: Float[np.ndarray, "vertices 3"], faces: Int[np.ndarray, "faces 3"]
) -> Float[np.ndarray, "vertices 3"]:
    """Mean of the normals of the triangles about each vertex, weighted by their areas; every vertex has one."""
    corner = vertices_m[faces]
    doubled_area = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    total = np.zeros_like(vertices_m)
    for column in faces.T:
        np.add.at(total, column, doubled_area)
    return total / np.linalg.norm(total, axis=1, keepdims=True)
