"""Compiled: what models/ik_habits.py does to a guess, pose by pose."""
# numba carries no types: shapes and types stand in the docstrings here, and models/ik_habits.py holds to them.
# pyright: reportUntypedFunctionDecorator=false, reportMissingParameterType=false, reportUnknownParameterType=false
# pyright: reportUnknownVariableType=false

from typing import no_type_check

import numpy as np
from numba import njit

SMALL = 1e-6


@njit(nogil=True, error_model="numpy")
@no_type_check
def _between(first, second, out):
    """first^T second."""
    for i in range(3):
        for k in range(3):
            out[i, k] = first[0, i] * second[0, k] + first[1, i] * second[1, k] + first[2, i] * second[2, k]


@njit(nogil=True, error_model="numpy")
@no_type_check
def _turned(matrix, x, y, z, angle, out):
    """matrix times the turn by an angle about a unit axis (Rodrigues)."""
    c, s = np.cos(angle), np.sin(angle)
    for i in range(3):
        a, b, d = matrix[i, 0], matrix[i, 1], matrix[i, 2]
        along = (1 - c) * (a * x + b * y + d * z)
        out[i, 0] = c * a + along * x + s * (b * z - d * y)
        out[i, 1] = c * b + along * y + s * (d * x - a * z)
        out[i, 2] = c * d + along * z + s * (a * y - b * x)


@njit(nogil=True, error_model="numpy")
@no_type_check
def _untwist(turn, bone, share):
    """Take a share of the twist about a bone out of a rotation; in place."""
    size = np.sqrt(bone[0] * bone[0] + bone[1] * bone[1] + bone[2] * bone[2])
    x, y, z = bone[0] / size, bone[1] / size, bone[2] / size
    sine = (turn[2, 1] - turn[1, 2]) * x + (turn[0, 2] - turn[2, 0]) * y + (turn[1, 0] - turn[0, 1]) * z
    angle = 2 * np.arctan2(sine, 1 + turn[0, 0] + turn[1, 1] + turn[2, 2])
    _turned(turn.copy(), x, y, z, -share * angle, turn)


@njit(nogil=True, error_model="numpy")
@no_type_check
def _product(first, second, out):
    for i in range(3):
        for k in range(3):
            out[i, k] = first[i, 0] * second[0, k] + first[i, 1] * second[1, k] + first[i, 2] * second[2, k]


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def heads_to_rest(neck, head, share, world):
    """Turn each head a share of the way to its neck; world (N,24,3,3) f32, in and out."""
    turn = np.empty((3, 3))
    for n in range(len(world)):
        _between(world[n, neck], world[n, head], turn)
        x, y, z = turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]
        size = np.sqrt(x * x + y * y + z * z)
        if size < SMALL:
            continue
        angle = np.arctan2(size, turn[0, 0] + turn[1, 1] + turn[2, 2] - 1)
        _turned(world[n, head].copy(), x / size, y / size, z / size, -share * angle, world[n, head])


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def forearms_to_rest(chains, share, offset_m, chosen, world):
    """Take a share of the twists of forearms and wrists out; hands keep their turn on the wrist.

    chains: (2,4) int, shoulder, elbow, wrist and hand of each side; offset_m: (S,24,3) f32; chosen: (N,) int, the row
    of each pose there; world: (N,24,3,3) f32, in and out.
    """
    fore, wrist, hand = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3))
    for n in range(len(world)):
        for side in range(2):
            a, b, c, d = chains[side]
            _between(world[n, a], world[n, b], fore)
            _between(world[n, b], world[n, c], wrist)
            _between(world[n, c], world[n, d], hand)
            _untwist(fore, offset_m[chosen[n], c], share)
            _untwist(wrist, offset_m[chosen[n], d], share)
            _product(world[n, a], fore, world[n, b])
            _product(world[n, b], wrist, world[n, c])
            _product(world[n, c], hand, world[n, d])
