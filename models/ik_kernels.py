"""The exact part of inverse kinematics, compiled: Wahba's problem, and a guess turned into a pose that fits its points.

Compiled on first use (seconds), then kept beside this file. All release the interpreter lock. models/ik_twin.py does
the same in torch.
"""
# numba carries no types: shapes and types stand in the docstrings here, and models/ik_exact.py holds to them.
# pyright: reportUntypedFunctionDecorator=false, reportMissingParameterType=false, reportUnknownParameterType=false
# pyright: reportUnknownVariableType=false
# ruff: noqa: PLR0913, PLR0917 - compiled code hands on numbers and arrays, as objects would cost it its speed

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, no_type_check

import numpy as np
from numba import njit

from models import ik_kernels_steps, ik_kernels_swing, ik_kernels_turns
from models.ik_kernels_steps import misses, refine_pose
from models.ik_kernels_swing import STEP_NOISE, SWING_NOISE, guess_local, swing_pose
from models.ik_kernels_turns import best_turn, inner

Kernel = Callable[..., None]


def _compiled(stamp: int) -> tuple[Kernel, Kernel]:
    """The kernels, kept on disk under a stamp of the files they are made of: numba itself looks at this file only."""

    @njit(cache=True, nogil=True, error_model="numpy")
    @no_type_check
    def turn_onto_each(spread, rotation):
        if stamp:
            for n in range(spread.shape[0]):
                best_turn(spread[n], rotation[n])

    @njit(cache=True, nogil=True, error_model="numpy")
    @no_type_check
    def solve_each(plan, rigs, chosen, keypoints, guess, limits, steps, out):
        room = _room(len(plan[1]), keypoints[0].shape[1])
        for n in range(len(chosen) if stamp else 0):
            _solve_one(n, plan, rigs, chosen[n], keypoints, guess, limits, steps, out, room)

    return turn_onto_each, solve_each


@inner
@no_type_check
def _room(ties, points):
    """What a pose is worked out in; nothing is carried from one to the next."""
    seen, confidence = np.empty((points, 3)), np.empty(points)
    wide, anchor, local, kept = np.zeros((4, 24, 3, 3))
    state = (np.zeros((24, 3, 3)), np.zeros((24, 3, 3)), np.zeros(ties), np.zeros((24, 3)), np.zeros(4))
    inertia = (np.zeros((24, 3, 3)), np.zeros((24, 3, 3)), np.zeros((24, 3, 3)))
    tree = (inertia, np.zeros((24, 6)), np.zeros((24, 3, 3)), np.zeros((24, 3)), np.zeros((24, 6)))
    return (
        (seen, confidence),
        (wide, anchor, local, kept),
        state,
        (np.zeros((24, 3)), np.zeros((points, 4)), np.zeros((ties, 5))),
        tree,
    )


@inner
@no_type_check
def _solve_one(n, plan, rigs, which, keypoints, guess, limits, steps, out, room):
    start, point, share, pull, alone = plan
    (seen, confidence), (wide, anchor, local, kept), state, (at, miss, spots), tree = room
    world, start_local, _, vary, _ = state
    matrices = np.empty((9, 3, 3))
    rig = (rigs[0][which], rigs[1][which])
    seen[:], confidence[:], wide[:] = keypoints[0][n], keypoints[1][n], guess[0][n]
    belief = (guess[1][n], guess[2][n], SWING_NOISE * guess[3][n])
    guess_local(wide, anchor, matrices)
    start_local[:] = anchor
    pressed = swing_pose((start, point, alone), rig, seen, confidence, belief, limits, state, at, spots, matrices)
    pose, points = (world, at, miss), (seen, confidence)
    misses((start, point, share, pull), rig[1], points, belief[2], pose)
    belief = (guess[1][n], guess[2][n], STEP_NOISE * guess[3][n])
    if steps > 0:
        guess_local(world, local, matrices)
        moved = refine_pose(
            (start, point, share, pull), rig, points, belief, limits, steps, (anchor, local, kept), pose, tree, matrices
        )
        pressed = moved if moved >= 0 else pressed
    for joint in range(24):
        out[2][n, joint] = np.sqrt(vary[joint, 2])
    out[0][n], out[1][n], out[3][n], out[4][n] = world, at[0], _middle_miss(miss, confidence), np.sqrt(pressed)


@inner
@no_type_check
def _middle_miss(miss, confidence):
    """The median of what the seen points lie off by; 0 where none is seen."""
    lengths, count = np.empty(len(confidence)), 0
    for p in range(len(confidence)):
        if confidence[p] > 0:
            lengths[count] = np.sqrt(miss[p, 0] ** 2 + miss[p, 1] ** 2 + miss[p, 2] ** 2)
            count += 1
    if count == 0:
        return 0.0
    lengths[:count].sort()
    return 0.5 * (lengths[(count - 1) // 2] + lengths[count // 2])


_FILES = (ik_kernels_turns, ik_kernels_swing, ik_kernels_steps)
_KERNELS: Any = _compiled(zlib.crc32(b"".join(Path(str(file.__file__)).read_bytes() for file in _FILES)) + 1)

turn_onto_each: Kernel = _KERNELS[0]
"""Wahba's problem: (N,3,3) f64 sums of weight * seen * rest^T -> (N,3,3) f64 rotations, written."""

solve_each: Kernel = _KERNELS[1]
"""Solve poses on their own.

Args:
    plan: ties by joint: start (25,) int, point (T,) int, share (T,) f64, pull (T,) f64: what a tie counts in the
        curvature, alone (T,) bool: its point has no other tie.
    rigs: offset_m (S,24,3) f32, lever_m (S,T,3) f32, of a whole share.
    chosen: (N,) int, the rig of each pose.
    keypoints: points_m (N,P,3) f32, confidence (N,P) f32.
    guess: world_from_joint (N,24,3,3) f32, swing_sd_rad, twist_sd_rad (N,24) f32, noise_m (N,) f32.
    limits: (24,16) f64, see models/ik_limits.py.
    steps: how many steps of Gauss and Newton after the swing pass.
    out: world_from_joint (N,24,3,3) f32, root_m (N,3) f32, twist_sd_rad (N,24) f32, residual_m (N,) f32, the median
        of what points lie off by, pressed (N,) f32, how far limits moved bones, of length 1; all written.
"""
