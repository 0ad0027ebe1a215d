"""A mesh becomes a picture: pinhole camera, depth buffer, smooth shading; no GPU, no display.

Camera: x right, y down, z forward, metres. Pixel centres at half a pixel. A mesh is closed and its faces run
counter-clockwise seen from outside: back faces are not drawn. Importing this file imports numba (0.6 s), so only
what draws imports it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int, UInt8

from models.raster_kernels import (
    average_samples,
    blend_over,
    blend_over_420,
    fill_triangles,
    light_vertices,
    project_vertices,
    sum_normals,
)

NEAR_M: Final = 0.05
"""Triangles with a corner nearer than this are not drawn."""
STEPS: Final = 256.0
"""Corners are rounded to this fraction of a sample, so that the test of what a triangle covers is exact."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A surface in the camera's frame; colours 0..255 in as many channels as are drawn: red, green, blue, or one."""

    vertices_m: Float[np.ndarray, "vertices 3"]
    faces: Int[np.ndarray, "faces 3"]
    colours: Float[np.ndarray, "vertices channels"]


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
        nearness: 1 / depth of the nearest sample, depth in metres along the camera's z; 0 where there is none.
    """

    left_px: int
    top_px: int
    colour: Float[np.ndarray, "height width channels"]
    coverage: Float[np.ndarray, "height width"]
    nearness: Float[np.ndarray, "height width"]


@dataclass(frozen=True, eq=False)
class Planes:
    """A YUV 4:2:0 picture of even size in the range of television: luma 16..235, colour differences 16..240.

    Attributes:
        luma: whole; blue, red: one value for two by two pixels.
    """

    luma: UInt8[np.ndarray, "height width"]
    blue: UInt8[np.ndarray, "half_height half_width"]
    red: UInt8[np.ndarray, "half_height half_width"]


HEADLIGHT: Final = Light(0.35, np.array([[-0.2, -0.35, -0.5]]))
"""A lamp above the camera's left shoulder."""


def draw_mesh(mesh: Mesh, view: View, light: Light = HEADLIGHT) -> Layer:
    """Draw the faces that look at the camera, the nearest in front.

    Hidden surfaces by depth buffer; colours shaded at the vertices and interpolated true to perspective. An edge of
    the layer may cut the mesh where the picture ends; a mesh outside the picture gives a layer of no size.
    """
    vertices_m = np.ascontiguousarray(mesh.vertices_m, np.float32)
    pixel, nearness, box = project_vertices(vertices_m, np.ascontiguousarray(view.camera_matrix, np.float64), NEAR_M)
    left, top, width, height = _rectangle(box, view)
    sample = np.round((pixel - (left, top)) * (view.samples * STEPS)) / STEPS
    colour = np.zeros((height * view.samples, width * view.samples, mesh.colours.shape[1]), np.float32)
    nearest = np.zeros(colour.shape[:2], np.float32)
    fill_triangles(sample, nearness, _lit(mesh, vertices_m, light), _corners(mesh.faces), colour, nearest)
    if view.samples == 1:
        return Layer(left, top, colour, (nearest > 0).astype(np.float32), nearest)
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


def blend_420(planes: Planes, layer: Layer, tint: Float[np.ndarray, " 3"], opacity: float = 1.0) -> None:
    """Draw a layer of one channel, the light on a surface of one colour, over a picture; in place, it is done often.

    Args:
        planes: written.
        layer: drawn with a mesh of one channel; 255 is full light.
        tint: luma, blue and red of the colour in full light, above those of black (16, 128, 128).
        opacity: 0..1.
    """
    corner = (layer.left_px, layer.top_px)
    drawn = (planes.luma, planes.blue, planes.red)
    blend_over_420(drawn, layer.colour, layer.coverage, corner, np.asarray(tint, np.float32), np.float32(opacity))


def _rectangle(box: Float[np.ndarray, " 4"], view: View) -> tuple[int, int, int, int]:
    """Left, top, width, height of the pixels inside the picture that hold a box of left, top, right and bottom."""
    if box[0] > box[2]:
        return 0, 0, 0, 0
    size = (view.width_px, view.height_px)
    left, top = np.clip(np.floor(box[:2]), 0, size).astype(int)
    right, bottom = np.clip(np.ceil(box[2:]), 0, size).astype(int)
    return int(left), int(top), int(right - left), int(bottom - top)


def _lit(
    mesh: Mesh, vertices_m: Float[np.ndarray, "vertices 3"], light: Light
) -> Float[np.ndarray, "vertices channels"]:
    colours = np.ascontiguousarray(mesh.colours, np.float32)
    lamps = np.ascontiguousarray(light.lamps, np.float32)
    return light_vertices(colours, sum_normals(vertices_m, _corners(mesh.faces)), np.float32(light.ambient), lamps)


def _corners(faces: Int[np.ndarray, "faces 3"]) -> Int[np.ndarray, "faces 3"]:
    """The faces in the one layout for which the kernels are compiled; another would cost seconds."""
    return np.ascontiguousarray(faces, np.int64)
