"""The loops of the rasteriser, compiled: projection, light, triangles into a depth buffer, a layer over a picture.

Compiled when this file is first imported (seconds), for the one layout that models/raster.py hands over, then kept
beside it. All release the interpreter lock: threads may draw at once.
"""
# numba carries no types: shapes and types stand in the docstrings here, and models/raster.py checks them at its door.
# pyright: reportUntypedFunctionDecorator=false, reportMissingParameterType=false, reportUnknownParameterType=false
# pyright: reportUnknownVariableType=false

from functools import partial
from typing import no_type_check

import numpy as np
from numba import njit

compiled = partial(njit, cache=True, nogil=True, error_model="numpy")
"""Division by zero is excluded by hand, so it is not tested for."""


@compiled("Tuple((float64[:,::1], float32[::1], float64[::1]))(float32[:,::1], float64[:,::1], float64)")
@no_type_check
def project_vertices(vertices_m, camera_matrix, near_m):
    """Where a pinhole camera sees vertices: (V,3) f32, (3,3) f64 -> (V,2) f64 pixels, (V,) f32 1 / depth, (4,) f64.

    A vertex nearer than near_m has no place: 1 / depth is 0 there. The last are left, top, right and bottom of what
    has a place; left is beyond right where nothing has.
    """
    count = vertices_m.shape[0]
    pixel = np.zeros((count, 2))
    nearness = np.zeros(count, np.float32)
    box = np.array([np.inf, np.inf, -np.inf, -np.inf])
    for i in range(count):
        x, y, z = vertices_m[i, 0], vertices_m[i, 1], vertices_m[i, 2]
        if z > near_m:
            near = 1 / np.float64(z)
            u = (camera_matrix[0, 0] * x + camera_matrix[0, 1] * y) * near + camera_matrix[0, 2]
            v = (camera_matrix[1, 0] * x + camera_matrix[1, 1] * y) * near + camera_matrix[1, 2]
            pixel[i, 0], pixel[i, 1], nearness[i] = u, v, near
            box[0], box[1] = min(box[0], u), min(box[1], v)
            box[2], box[3] = max(box[2], u), max(box[3], v)
    return pixel, nearness, box


@compiled("float32[:,::1](float32[:,::1], int64[:,::1])")
@no_type_check
def sum_normals(vertices_m, faces):
    """Unit normals, each the mean of the adjoining faces weighted by area: (V,3) f32, (F,3) int -> (V,3) f32."""
    normals = np.zeros(vertices_m.shape, np.float32)
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, vx = vertices_m[j, 0] - vertices_m[i, 0], vertices_m[k, 0] - vertices_m[i, 0]
        uy, vy = vertices_m[j, 1] - vertices_m[i, 1], vertices_m[k, 1] - vertices_m[i, 1]
        uz, vz = vertices_m[j, 2] - vertices_m[i, 2], vertices_m[k, 2] - vertices_m[i, 2]
        for corner in (i, j, k):
            normals[corner, 0] += uy * vz - uz * vy
            normals[corner, 1] += uz * vx - ux * vz
            normals[corner, 2] += ux * vy - uy * vx
    for i in range(normals.shape[0]):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2)
        if length > 0:
            for axis in range(3):
                normals[i, axis] /= length
    return normals


@compiled("float32[:,::1](float32[:,::1], float32[:,::1], float32, float32[:,::1])")
@no_type_check
def light_vertices(colours, normals, ambient, lamps):
    """Colours under ambient light and lamps, at most 255: (V,C) f32, (V,3) f32, share, (L,3) f32 -> (V,C) f32."""
    lit = np.empty_like(colours)
    for i in range(colours.shape[0]):
        share = ambient
        for lamp in range(lamps.shape[0]):
            square = np.float32(0)
            for axis in range(3):
                square += normals[i, axis] * lamps[lamp, axis]
            share += max(square, np.float32(0))
        for channel in range(colours.shape[1]):
            lit[i, channel] = min(colours[i, channel] * share, np.float32(255))
    return lit


@compiled("void(float64[:,::1], float32[::1], float32[:,::1], int64[:,::1], float32[:,:,::1], float32[:,::1])")
@no_type_check
def fill_triangles(corner, nearness, colour, faces, out_colour, out_nearness):
    """Draw front faces into the buffers; the nearest wins.

    A sample is covered when it lies inside or on the edge. The edge functions are exact when corners lie on a binary
    fraction of a sample, so that neighbours leave no gap, and stay so while they are summed up from sample to sample.
    Nearness (1 / depth) is linear on the picture, and so is colour times nearness (Heckbert 1989).

    Args:
        corner: (V,2) f64, in samples; sample centres at +0.5.
        nearness: (V,) f32, 1 / depth; 0 for a vertex that cannot be drawn.
        colour: (V,C) f32.
        faces: (F,3) int, counter-clockwise seen from outside, in a picture whose y points down.
        out_colour, out_nearness: (H,W,C) and (H,W) f32, zero where nothing is; written.
    """
    height, width = out_nearness.shape
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, bx, by, cx, cy = corner[a, 0], corner[a, 1], corner[b, 0], corner[b, 1], corner[c, 0], corner[c, 1]
        area = (cx - ax) * (by - ay) - (bx - ax) * (cy - ay)
        near_a, near_b, near_c = nearness[a], nearness[b], nearness[c]
        if area <= 0 or near_a <= 0 or near_b <= 0 or near_c <= 0:
            continue
        left, right = max(0, int(np.ceil(min(ax, bx, cx) - 0.5))), min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        top, bottom = max(0, int(np.ceil(min(ay, by, cy) - 0.5))), min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        x, y = left + 0.5, top + 0.5
        row_a = (cx - x) * (by - y) - (bx - x) * (cy - y)
        row_b = (ax - x) * (cy - y) - (cx - x) * (ay - y)
        share_a, share_b, share_c = near_a / area, near_b / area, near_c / area
        for row in range(top, bottom + 1):
            part_a, part_b = row_a, row_b
            for column in range(left, right + 1):
                part_c = area - part_a - part_b
                if part_a >= 0 and part_b >= 0 and part_c >= 0:
                    weight_a, weight_b, weight_c = part_a * share_a, part_b * share_b, part_c * share_c
                    near = np.float32(weight_a + weight_b + weight_c)
                    if near > out_nearness[row, column]:
                        out_nearness[row, column] = near
                        for k in range(colour.shape[1]):
                            mixed = weight_a * colour[a, k] + weight_b * colour[b, k] + weight_c * colour[c, k]
                            out_colour[row, column, k] = mixed / near
                part_a += cy - by
                part_b += ay - cy
            row_a += bx - cx
            row_b += cx - ax


@compiled("Tuple((float32[:,:,::1], float32[:,::1], float32[:,::1]))(float32[:,:,::1], float32[:,::1], int64)")
@no_type_check
def average_samples(colour, nearness, side):
    """Mean of side x side samples: colour (already weighted by coverage), coverage 0..1, 1 / depth of the nearest."""
    height, width = nearness.shape[0] // side, nearness.shape[1] // side
    mean_colour = np.zeros((height, width, colour.shape[2]), np.float32)
    coverage = np.zeros((height, width), np.float32)
    nearest = np.zeros((height, width), np.float32)
    share = np.float32(1.0 / side**2)
    for y in range(height):
        for x in range(width):
            for row in range(y * side, (y + 1) * side):
                for column in range(x * side, (x + 1) * side):
                    near = nearness[row, column]
                    if near > 0:
                        coverage[y, x] += share
                        nearest[y, x] = max(nearest[y, x], near)
                        for k in range(colour.shape[2]):
                            mean_colour[y, x, k] += share * colour[row, column, k]
    return mean_colour, coverage, nearest


@compiled("void(uint8[:,:,:], float32[:,:,::1], float32[:,::1], float32)")
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


@compiled(
    "void(UniTuple(uint8[:,::1], 3), float32[:,:,::1], float32[:,::1], UniTuple(int64, 2), float32[::1], float32)",
)
@no_type_check
def blend_over_420(planes, light, coverage, corner, tint, opacity):
    """Draw a layer of one colour over a YUV 4:2:0 picture in place.

    Args:
        planes: luma, blue and red: (H,W), (H/2,W/2) and (H/2,W/2) u8; black is (16, 128, 128).
        light, coverage: (h,w,1) f32 light on the surface weighted by coverage, 0..255; (h,w) f32, 0..1.
        corner: left and top of the layer on the picture.
        tint: luma, blue and red of the colour under full light, above black.
        opacity: 0..1.
    """
    luma, blue, red = planes
    left, top = corner
    height, width = coverage.shape
    for y in range(top // 2, (top + height + 1) // 2):
        for x in range(left // 2, (left + width + 1) // 2):
            block_coverage, block_light = np.float32(0), np.float32(0)
            for row in range(max(2 * y, top), min(2 * y + 2, top + height)):
                for column in range(max(2 * x, left), min(2 * x + 2, left + width)):
                    share = coverage[row - top, column - left] * opacity
                    if share > 0:
                        shine = light[row - top, column - left, 0] * opacity * np.float32(1 / 255)
                        value = luma[row, column] * (1 - share) + 16 * share + tint[0] * shine
                        luma[row, column] = np.uint8(min(max(value, 0.0), 255.0) + 0.5)
                        block_coverage += np.float32(0.25) * share
                        block_light += np.float32(0.25) * shine
            if block_coverage > 0:
                clear = 1 - block_coverage
                value = blue[y, x] * clear + 128 * block_coverage + tint[1] * block_light
                blue[y, x] = np.uint8(min(max(value, 0.0), 255.0) + 0.5)
                value = red[y, x] * clear + 128 * block_coverage + tint[2] * block_light
                red[y, x] = np.uint8(min(max(value, 0.0), 255.0) + 0.5)
