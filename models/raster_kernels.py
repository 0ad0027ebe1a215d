"""The loops of the rasteriser, compiled: vertex normals, triangles into a depth buffer, a layer over a picture.

Compiled when this file is first imported (seconds), for the one layout that models/raster.py hands over, then kept
beside it. All release the interpreter lock: threads may draw at once.
"""
# numba carries no types: shapes and types stand in the docstrings here, and models/raster.py checks them at its door.
# pyright: reportUntypedFunctionDecorator=false, reportMissingParameterType=false, reportUnknownParameterType=false
# pyright: reportUnknownVariableType=false

from typing import no_type_check

import numpy as np
from numba import njit


@njit("float32[:,::1](float32[:,::1], int64[:,::1])", cache=True, nogil=True)
@no_type_check
def sum_normals(vertices_m, faces):
    """Unit normals, each the mean of the adjoining faces weighted by area: (V,3) f32, (F,3) int -> (V,3) f32."""
    normals = np.zeros(vertices_m.shape, np.float32)
    for f in range(faces.shape[0]):
        a, b, c = vertices_m[faces[f, 0]], vertices_m[faces[f, 1]], vertices_m[faces[f, 2]]
        ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
        vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
        for k in range(3):
            normals[faces[f, k], 0] += uy * vz - uz * vy
            normals[faces[f, k], 1] += uz * vx - ux * vz
            normals[faces[f, k], 2] += ux * vy - uy * vx
    for i in range(normals.shape[0]):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2)
        if length > 0:
            normals[i] /= length
    return normals


@njit(
    "void(float64[:,::1], float32[::1], float32[:,::1], int64[:,::1], float32[:,:,::1], float32[:,::1])",
    cache=True,
    nogil=True,
)
@no_type_check
def fill_triangles(corner, nearness, colour, faces, out_colour, out_nearness):
    """Draw front faces into the buffers; the nearest wins.

    A sample is covered when it lies inside or on the edge. The edge functions are exact when corners lie on a binary
    fraction of a sample, so that neighbours leave no gap. Nearness (1 / depth) is linear on the picture, and so is
    colour times nearness (Heckbert 1989).

    Args:
        corner: (V,2) f64, in samples; sample centres at +0.5.
        nearness: (V,) f32, 1 / depth; 0 for a vertex that cannot be drawn.
        colour: (V,3) f32.
        faces: (F,3) int, counter-clockwise seen from outside, in a picture whose y points down.
        out_colour, out_nearness: (H,W,3) and (H,W) f32, zero where nothing is; written.
    """
    height, width = out_nearness.shape
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        near_a, near_b, near_c = nearness[a], nearness[b], nearness[c]
        if near_a <= 0 or near_b <= 0 or near_c <= 0:
            continue
        ax, ay, bx, by, cx, cy = corner[a, 0], corner[a, 1], corner[b, 0], corner[b, 1], corner[c, 0], corner[c, 1]
        area = (cx - ax) * (by - ay) - (bx - ax) * (cy - ay)
        if area <= 0:
            continue
        left, right = max(0, int(np.ceil(min(ax, bx, cx) - 0.5))), min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        top, bottom = max(0, int(np.ceil(min(ay, by, cy) - 0.5))), min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        for row in range(top, bottom + 1):
            y = row + 0.5
            for column in range(left, right + 1):
                x = column + 0.5
                part_a = (cx - x) * (by - y) - (bx - x) * (cy - y)
                part_b = (ax - x) * (cy - y) - (cx - x) * (ay - y)
                part_c = area - part_a - part_b
                if part_a < 0 or part_b < 0 or part_c < 0:
                    continue
                weight_a, weight_b, weight_c = part_a * near_a, part_b * near_b, part_c * near_c
                near = (weight_a + weight_b + weight_c) / area
                if near > out_nearness[row, column]:
                    out_nearness[row, column] = near
                    share = 1 / (near * area)
                    for k in range(3):
                        mixed = weight_a * colour[a, k] + weight_b * colour[b, k] + weight_c * colour[c, k]
                        out_colour[row, column, k] = mixed * share


@njit(
    "Tuple((float32[:,:,::1], float32[:,::1], float32[:,::1]))(float32[:,:,::1], float32[:,::1], int64)",
    cache=True,
    nogil=True,
)
@no_type_check
def average_samples(colour, nearness, side):
    """Mean of side x side samples: colour (already weighted by coverage), coverage 0..1, nearest depth (inf: none)."""
    height, width = nearness.shape[0] // side, nearness.shape[1] // side
    mean_colour = np.zeros((height, width, 3), np.float32)
    coverage = np.zeros((height, width), np.float32)
    depth_m = np.full((height, width), np.inf, np.float32)
    share = np.float32(1.0 / side**2)
    for row in range(height * side):
        for column in range(width * side):
            near = nearness[row, column]
            if near > 0:
                y, x = row // side, column // side
                coverage[y, x] += share
                depth_m[y, x] = min(depth_m[y, x], 1 / near)
                for k in range(3):
                    mean_colour[y, x, k] += share * colour[row, column, k]
    return mean_colour, coverage, depth_m


@njit("void(uint8[:,:,:], float32[:,:,::1], float32[:,::1], float32)", cache=True, nogil=True)
@no_type_check
def blend_over(picture, colour, coverage, opacity):
    """Draw a layer over (H,W,3) u8 in place: the picture is dimmed by coverage, the weighted colour is added."""
    for row in range(coverage.shape[0]):
        for column in range(coverage.shape[1]):
            if coverage[row, column] > 0:
                clear = np.float32(1) - coverage[row, column] * opacity
                for k in range(3):
                    value = picture[row, column, k] * clear + colour[row, column, k] * opacity
                    picture[row, column, k] = np.uint8(
                        min(max(value, np.float32(0)), np.float32(255)) + np.float32(0.5)
                    )
