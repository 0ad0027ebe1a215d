"""How a named point hangs on a body: at joints, at the detector's landmarks, at a named vertex or on the skin.

A point on the skin is found once, on the mean shape at rest: a ray leaves a place inside the body and the triangle
where it comes out carries the point from then on, through every shape and pose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor

from models.bodies.body import Body
from models.errors import InputError
from models.skeletons import LANDMARK_INDEX, LANDMARKS, SMPL_INDEX, SMPL_JOINTS


@dataclass(frozen=True)
class Inside:
    """A fixed mixture of joint centres; shares sum to 1 and may be negative."""

    joints: Mapping[str, float]


@dataclass(frozen=True)
class Seen:
    """One of the detector's landmarks."""

    landmark: str


@dataclass(frozen=True)
class Vertex:
    """A vertex that the body has a name for."""

    name: str


@dataclass(frozen=True)
class OnSkin:
    """Where a ray comes out of the mean body at rest.

    Attributes:
        joints: the ray begins in this mixture of joint centres ...
        toward: and leaves in this direction of the rest pose: x to the subject's left, y up, z forward.
        offset_m: of its beginning from the mixture, in the same axes, on a body of average size.
    """

    joints: Mapping[str, float]
    toward: tuple[float, float, float]
    offset_m: tuple[float, float, float] = (0.0, 0.0, 0.0)


Place = Inside | Seen | Vertex | OnSkin


@dataclass(frozen=True, eq=False)
class PointSet:
    """Points as sums of what a posed body gives: a row for each, whose shares over all three sum to 1.

    Attributes:
        vertex: the vertices that are needed.
        of_vertex, of_joint, of_landmark: the shares.
    """

    vertex: Int64[Tensor, " used"]
    of_vertex: Float[Tensor, "points used"]
    of_joint: Float[Tensor, "points 24"]
    of_landmark: Float[Tensor, "points 33"]


def hang(body: Body, places: Sequence[Place]) -> PointSet:
    """Find the places on a body.

    Raises:
        InputError: the body lacks a named vertex, or its skin has no point in the direction that is asked for.
    """
    joints_m = body.rest_joint_template_m.cpu().double().numpy()
    of_joint, of_landmark = np.zeros((len(places), len(SMPL_JOINTS))), np.zeros((len(places), len(LANDMARKS)))
    of_skin = np.zeros((len(places), len(body.template_m)))
    rays: list[int] = []
    start_m: list[Float[np.ndarray, " 3"]] = []
    way: list[tuple[float, float, float]] = []
    for row, place in enumerate(places):
        match place:
            case Inside(joints):
                of_joint[row] = _mixture(joints)
            case Seen(landmark):
                of_landmark[row, LANDMARK_INDEX[landmark]] = 1.0
            case Vertex(name):
                of_skin[row, _named(body, name)] = 1.0
            case OnSkin(joints, toward, offset_m):
                rays.append(row)
                start_m.append(_mixture(joints) @ joints_m + np.array(offset_m))
                way.append(toward)
    if rays:
        corner, share = _where_rays_leave(body, np.array(start_m), np.array(way))
        of_skin[np.array(rays)[:, None], corner] = share
    used = np.flatnonzero(of_skin.any(axis=0))
    of_vertex = of_skin[:, used]
    like = body.template_m
    return PointSet(
        torch.from_numpy(used).to(like.device),
        *(torch.from_numpy(share).to(like) for share in (of_vertex, of_joint, of_landmark)),
    )


def _mixture(joints: Mapping[str, float]) -> Float[np.ndarray, " 24"]:
    share = np.zeros(len(SMPL_JOINTS))
    for name, part in joints.items():
        share[SMPL_INDEX[name]] += part
    return share


def _named(body: Body, name: str) -> int:
    if name not in body.named_vertices:
        raise InputError(
            f"body {body.name!r} has no vertex called {name!r}", f"choose from {sorted(body.named_vertices)}"
        )
    return body.named_vertices[name]


def _where_rays_leave(
    body: Body, start_m: Float[np.ndarray, "rays 3"], way: Float[np.ndarray, "rays 3"]
) -> tuple[Int[np.ndarray, "rays 3"], Float[np.ndarray, "rays 3"]]:
    """The first triangle of the mean skin at rest through which each ray leaves: its corners and their shares."""
    vertices_m, faces = body.template_m.cpu().double().numpy(), body.faces.cpu().numpy()
    way = way / np.linalg.norm(way, axis=1, keepdims=True)
    face, ray = _near_rays(vertices_m, faces, start_m, way)
    corner = vertices_m[faces[face]] - start_m[ray, None]
    first, second, third = corner[:, 0], corner[:, 1], corner[:, 2]
    pairs = ((second, third), (third, first), (first, second))
    area = np.stack([np.einsum("fc,fc->f", np.cross(a, b), way[ray]) for a, b in pairs], axis=1)
    total = area.sum(axis=1)
    distance_m = np.einsum("fk,fkc,fc->f", area, corner, way[ray]) / np.where(total > 0, total, 1)
    leaves = np.flatnonzero((area >= 0).all(axis=1) & (total > 0) & (distance_m > 0))
    nearest = leaves[np.lexsort((distance_m[leaves], ray[leaves]))]
    met, at = np.unique(ray[nearest], return_index=True)
    if missed := sorted(set(range(len(way))) - set(met.tolist())):
        raise InputError(
            f"no skin lies from {np.round(start_m[missed[0]], 3).tolist()} toward {way[missed[0]].round(3).tolist()}",
            "use a body that stands in a T-pose, facing +Z with Y up, and whose joints lie inside its skin",
        )
    chosen = nearest[at]
    return faces[face[chosen]], area[chosen] / total[chosen, None]


def _near_rays(
    vertices_m: Float[np.ndarray, "vertices 3"],
    faces: Int[np.ndarray, "faces 3"],
    start_m: Float[np.ndarray, "rays 3"],
    way: Float[np.ndarray, "rays 3"],
) -> tuple[Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]]:
    """Pairs of a triangle and a ray that may pass through it.

    A triangle's corner that is nearest to a point within it is no farther than its longest edge over root 3. Half
    the memory, in single precision, is half the time; the slack makes up for it.
    """
    edge_m = np.linalg.norm(vertices_m[faces] - vertices_m[faces[:, [1, 2, 0]]], axis=-1)
    reach_m = np.zeros(len(vertices_m))
    np.maximum.at(reach_m, faces.reshape(-1), np.repeat(edge_m.max(axis=1), 3) / np.sqrt(3) + 1e-3)
    points, begin, along = (array.astype(np.float32) for array in (vertices_m, start_m, way))
    off_ray = points @ (-2 * begin.T)
    off_ray += np.sum(points**2, axis=1)[:, None] + np.sum(begin**2, axis=1)
    off_ray -= (points @ along.T - np.sum(begin * along, axis=1)) ** 2
    vertex, ray = np.nonzero(off_ray <= (reach_m[:, None] ** 2).astype(np.float32))
    face_of_corner = np.argsort(faces, axis=None, kind="stable") // 3
    corners = np.bincount(faces.reshape(-1), minlength=len(vertices_m))
    count = corners[vertex]
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return face_of_corner[np.repeat((np.cumsum(corners) - corners)[vertex], count) + within], np.repeat(ray, count)
