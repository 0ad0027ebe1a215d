"""A mesh becomes a picture: pinhole camera, depth buffer, smooth shading; no GPU, no display.

Camera: x right, y down, z forward, metres. Pixel centres at half a pixel. A mesh is closed and its faces run
counter-clockwise seen from outside: back faces are not drawn. Importing this file imports numba (0.6 s), so only
what draws imports it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int, UInt8

from models.raster_kernels import average_samples, blend_over, fill_triangles, sum_normals

NEAR_M: Final = 0.05
"""Triangles with a corner nearer than this are not drawn."""
STEPS: Final = 256.0
"""Corners are rounded to this fraction of a sample, so that the test of what a triangle covers is exact."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A coloured surface in the camera's frame; colours 0..255."""

    vertices_m: Float[np.ndarray, "vertices 3"]
    faces: Int[np.ndarray, "faces 3"]
    colours: Float[np.ndarray, "vertices 3"]


@dataclass(frozen=True, eq=False)
class View:
    """What a pinhole camera shows: the matrix in pixels, the picture's size, samples per pixel along each axis."""

    camera_matrix: Float[np.ndarray, "3 3"]
    width_px: int
    height_px: int
    samples: int = 1


@dataclass(frozen=True, eq=False)
class Light:
    """Evenly from everywhere, and from far lamps.

    Attributes:
        ambient: share of a surface's colour that is seen without any lamp.
        lamps: in the camera's frame, each points toward the lamp; its length is the share added where it falls square.
    """

    ambient: float
    lamps: Float[np.ndarray, "lamps 3"]


@dataclass(frozen=True, eq=False)
class Layer:
    """A drawn mesh, cut to the rectangle that it covers; its upper left pixel is (left_px, top_px).

    Attributes:
        colour: 0..255, multiplied by coverage.
        coverage: 0..1, share of the pixel's samples that show the mesh.
        depth_m: along the camera's z, of the nearest sample; inf where there is none.
    """

    left_px: int
    top_px: int
    colour: Float[np.ndarray, "height width 3"]
    coverage: Float[np.ndarray, "height width"]
    depth_m: Float[np.ndarray, "height width"]


HEADLIGHT: Final = Light(0.35, np.array([[-0.2, -0.35, -0.5]]))
"""A lamp above the camera's left shoulder."""


def draw_mesh(mesh: Mesh, view: View, light: Light = HEADLIGHT) -> Layer:
    """Draw the faces that look at the camera, the nearest in front.

    Hidden surfaces by depth buffer; colours shaded at the vertices and interpolated true to perspective. An edge of
    the layer may cut the mesh where the picture ends; a mesh outside the picture gives a layer of no size.
    """
    depth_m = mesh.vertices_m[:, 2].astype(np.float64)
    drawn = depth_m > NEAR_M
    safe_m = np.where(drawn, depth_m, 1.0)
    pixel = (mesh.vertices_m / safe_m[:, None]) @ view.camera_matrix[:2].T
    left, top, width, height = _rectangle(pixel[drawn], view)
    sample = np.round((pixel - (left, top)) * (view.samples * STEPS)) / STEPS
    nearness = np.where(drawn, 1 / safe_m, 0.0).astype(np.float32)
    colour = np.zeros((height * view.samples, width * view.samples, 3), np.float32)
    nearest = np.zeros(colour.shape[:2], np.float32)
    fill_triangles(sample, nearness, _shaded(mesh, light), _corners(mesh.faces), colour, nearest)
    return Layer(left, top, *average_samples(colour, nearest, view.samples))


def vertex_normals(
    vertices_m: Float[np.ndarray, "vertices 3"], faces: Int[np.ndarray, "faces 3"]
) -> Float[np.ndarray, "vertices 3"]:
    """Unit normals that point outward: mean of the adjoining faces by area; zero for a vertex without a face."""
    return sum_normals(np.ascontiguousarray(vertices_m, np.float32), _corners(faces))


def blend(
    picture: UInt8[np.ndarray, "height width 3"], layer: Layer, opacity: float = 1.0
) -> UInt8[np.ndarray, "height width 3"]:
    """The picture with the layer over it; opacity 0..1."""
    result = np.ascontiguousarray(picture).copy()
    height, width = layer.coverage.shape
    window = result[layer.top_px : layer.top_px + height, layer.left_px : layer.left_px + width]
    blend_over(window, layer.colour, layer.coverage, np.float32(opacity))
    return result


def _rectangle(pixel: Float[np.ndarray, "vertices 2"], view: View) -> tuple[int, int, int, int]:
    """Left, top, width, height of the part of the picture that holds these points."""
    if len(pixel) == 0:
        return 0, 0, 0, 0
    size = (view.width_px, view.height_px)
    left, top = np.clip(np.floor(pixel.min(axis=0)), 0, size).astype(int)
    right, bottom = np.clip(np.ceil(pixel.max(axis=0)), 0, size).astype(int)
    return int(left), int(top), int(right - left), int(bottom - top)


def _shaded(mesh: Mesh, light: Light) -> Float[np.ndarray, "vertices 3"]:
    normals = vertex_normals(mesh.vertices_m, mesh.faces)
    lit = light.ambient + np.maximum(normals @ light.lamps.T, 0).sum(axis=1)
    return np.minimum(mesh.colours * lit[:, None], 255).astype(np.float32)


def _corners(faces: Int[np.ndarray, "faces 3"]) -> Int[np.ndarray, "faces 3"]:
    """The faces in the one layout for which the kernels are compiled; another would cost seconds."""
    return np.ascontiguousarray(faces, np.int64)
