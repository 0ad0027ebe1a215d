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
    skin = _Skin(body)
    joints_m = body.rest_joint_template_m.cpu().double().numpy()
    of_joint, of_landmark = np.zeros((len(places), len(SMPL_JOINTS))), np.zeros((len(places), len(LANDMARKS)))
    corners: list[tuple[Int[np.ndarray, " corners"], Float[np.ndarray, " corners"]]] = []
    for row, place in enumerate(places):
        vertices, shares = np.zeros(0, np.int64), np.zeros(0)
        match place:
            case Inside(joints):
                of_joint[row] = _mixture(joints)
            case Seen(landmark):
                of_landmark[row, LANDMARK_INDEX[landmark]] = 1.0
            case Vertex(name):
                vertices, shares = np.array([_named(body, name)]), np.ones(1)
            case OnSkin(joints, toward, offset_m):
                vertices, shares = skin.leave(_mixture(joints) @ joints_m + np.array(offset_m), toward)
        corners.append((vertices, shares))
    used = np.unique(np.concatenate([vertex for vertex, _ in corners]))
    of_vertex = np.zeros((len(places), len(used)))
    for row, (vertex, share) in enumerate(corners):
        of_vertex[row, np.searchsorted(used, vertex)] = share
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


class _Skin:
    """The mean body at rest, to look for the skin that rays meet."""

    def __init__(self, body: Body) -> None:
        self.vertices_m = body.template_m.cpu().double().numpy()
        self.faces = body.faces.cpu().numpy()
        corner = self.vertices_m[self.faces]
        self.longest_edge_m = float(np.linalg.norm(corner - np.roll(corner, 1, axis=1), axis=-1).max())

    def leave(
        self, start_m: Float[np.ndarray, " 3"], toward: tuple[float, float, float]
    ) -> tuple[Int[np.ndarray, " 3"], Float[np.ndarray, " 3"]]:
        """The first triangle through which a ray leaves: its corners and their shares in the point."""
        way = np.array(toward) / np.linalg.norm(toward)
        from_start_m = self.vertices_m - start_m
        along_m = from_start_m @ way
        # The nearest corner of a triangle that the ray passes through is no farther off it than an edge is long.
        off_ray = np.einsum("vc,vc->v", from_start_m, from_start_m) - along_m**2 <= self.longest_edge_m**2
        faces = self.faces[(off_ray & (along_m > 0))[self.faces].any(axis=1)]
        corner = from_start_m[faces]
        area = np.cross(np.roll(corner, -1, axis=1), np.roll(corner, -2, axis=1)) @ way
        leaves = (area >= 0).all(axis=1) & (area.sum(axis=1) > 0)
        share = area[leaves] / area[leaves].sum(axis=1, keepdims=True)
        distance_m = np.sum(share * along_m[faces[leaves]], axis=1)
        if not (distance_m > 0).any():
            raise InputError(
                f"no skin lies from {np.round(start_m, 3).tolist()} toward {toward}",
                "use a body that stands in a T-pose, facing +Z with Y up, and whose joints lie inside its skin",
            )
        first = int(np.argmin(np.where(distance_m > 0, distance_m, np.inf)))
        return faces[leaves][first], share[first]
