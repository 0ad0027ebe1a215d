"""The loop of skinning, compiled: sixteen frames side by side, so that every sum runs over whole registers.

Compiled when this file is first imported (seconds), then kept beside it. Releases the interpreter lock.
"""
# numba carries no types: shapes and types stand in the docstring here, and models/bodies/skinning.py holds to them.
# pyright: reportUntypedFunctionDecorator=false, reportMissingParameterType=false, reportUnknownParameterType=false
# pyright: reportUnknownVariableType=false

from typing import Final, no_type_check

import numpy as np
from numba import njit

LANES: Final = 16
"""Frames side by side. A constant: loops of unknown length and indices that might be negative stay scalar."""


@njit(
    "void(Tuple((int64[:,::1], float32[:,::1], int64[::1], int64[::1], float32[:,:,::1])),"
    " float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], float32[:,:,::1])",
    cache=True,
    nogil=True,
    fastmath={"contract", "reassoc", "nsz"},
    error_model="numpy",
)
@no_type_check
def place_vertices(skin, rest_m, feature, world_from_rest, moved_m):
    """Pose the skin of up to as many frames as there are lanes.

    Args:
        skin: joint, weight: (V,4) int and f32; start: (V+1,) int, where each vertex's correctives begin; answered:
            (C,) int, the joint that a corrective answers; corrective_m: (C,3,9) f32.
        rest_m: (V,3,lanes) f32, or (V,3,1) for a shape that serves all.
        feature: (24,9,lanes) f32, rotation matrices less the identity, row by row.
        world_from_rest: (24,12,lanes) f32, 3x4 matrices row by row.
        moved_m: (frames,V,3) f32, written.
    """
    joint, weight, start, answered, corrective_m = skin
    x, y, z = np.empty(LANES, np.float32), np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    out = np.empty((3, LANES), np.float32)
    one_shape = rest_m.shape[2] == 1
    for v in range(moved_m.shape[1]):
        if one_shape:
            x[:], y[:], z[:] = rest_m[v, 0, 0], rest_m[v, 1, 0], rest_m[v, 2, 0]
        else:
            for i in range(LANES):
                x[i], y[i], z[i] = rest_m[v, 0, i], rest_m[v, 1, i], rest_m[v, 2, i]
        for c in range(start[v], start[v + 1]):
            turned_joint = answered[c]
            for i in range(LANES):
                x_m, y_m, z_m = x[i], y[i], z[i]
                for k in range(9):
                    turned = feature[turned_joint, k, i]
                    x_m += corrective_m[c, 0, k] * turned
                    y_m += corrective_m[c, 1, k] * turned
                    z_m += corrective_m[c, 2, k] * turned
                x[i], y[i], z[i] = x_m, y_m, z_m
        out[:] = 0
        for nth in range(4):
            share, j = weight[v, nth], joint[v, nth]
            if share == 0:
                continue
            for row in range(3):
                for i in range(LANES):
                    out[row, i] += share * (
                        world_from_rest[j, 4 * row, i] * x[i]
                        + world_from_rest[j, 4 * row + 1, i] * y[i]
                        + world_from_rest[j, 4 * row + 2, i] * z[i]
                        + world_from_rest[j, 4 * row + 3, i]
                    )
        for i in range(moved_m.shape[0]):
            moved_m[i, v, 0], moved_m[i, v, 1], moved_m[i, v, 2] = out[0, i], out[1, i], out[2, i]
