"""Compiled: a step of Gauss and Newton on root and joints, solved along the tree.

The unknowns are the root's shift and every joint's turn; the guess holds each joint with its uncertainty, in the axes
of its bone. Points count as springs on the bodies they hang on, so that the normal equations are those of a tree of
rigid bodies: each joint's turn is eliminated from the leaves inward, as in the articulated-body algorithm
(Featherstone 1983), exactly and in time linear in the joints. A point of several ties counts as a point on each of
them, off by as much as the whole: a bound on the cost from above (Jensen), which keeps the tree a tree.
"""
# numba carries no types: shapes and types stand in the docstrings here, and models/ik_exact.py holds to them.
# pyright: reportUntypedFunctionDecorator=false, reportMissingParameterType=false, reportUnknownParameterType=false
# pyright: reportUnknownVariableType=false
# ruff: noqa: PLR0913, PLR0917 - compiled code hands on numbers and arrays, as objects would cost it its speed

from typing import Final, no_type_check

import numpy as np

from models.ik_kernels_swing import CHILD, FLOOR_M, PARENT, SMALL_VAR, place
from models.ik_kernels_turns import (
    HINGE,
    TINY,
    apply,
    apply_turned,
    drift_from,
    from_vector,
    hinge_excess,
    inner,
    invert,
    limit,
    multiply,
    multiply_turned,
    twist_by,
)

DAMPING: Final = 0.1
"""Of a joint's stiffness, added to it after a step that was too long; times ten after the next."""
LARGEST_RAD: Final = 1.0
"""No joint turns farther in one step."""
ROBUST_SD: Final = 4.0
ROBUST_M: Final = 0.01
"""Points that lie off by so many standard deviations and this much count a quarter (Geman and McClure 1985)."""


@inner
@no_type_check
def misses(plan, lever, keypoints, noise, pose):
    """What points lie off by (P,3) and, in the last column, how much they count; returns the robust sum of squares."""
    start, point, share, _ = plan
    seen, confidence = keypoints
    world, at, miss = pose
    for p in range(seen.shape[0]):
        for i in range(3):
            miss[p, i] = seen[p, i]
    for joint in range(24):
        for t in range(start[joint], start[joint + 1]):
            x, y, z = apply(world[joint], lever[t, 0], lever[t, 1], lever[t, 2])
            p = point[t]
            miss[p, 0] -= share[t] * (at[joint, 0] + x)
            miss[p, 1] -= share[t] * (at[joint, 1] + y)
            miss[p, 2] -= share[t] * (at[joint, 2] + z)
    wide = ROBUST_SD * ROBUST_SD * noise * noise + ROBUST_M * ROBUST_M
    total = 0.0
    for p in range(seen.shape[0]):
        miss_2 = miss[p, 0] ** 2 + miss[p, 1] ** 2 + miss[p, 2] ** 2
        tail = wide / (wide + miss_2)
        miss[p, 3] = confidence[p] * tail * tail
        total += confidence[p] * tail * miss_2
    return total


@inner
@no_type_check
def _load(joint, plan, lever, world, miss, inertia, force):
    """Add one joint's own points to the inertia and the pull about its place."""
    start, point, share, pull = plan
    turning, mixed, moving = inertia
    for t in range(start[joint], start[joint + 1]):
        p = point[t]
        weight = miss[p, 3]
        if weight == 0:
            continue
        x, y, z = apply(world, lever[t, 0], lever[t, 1], lever[t, 2])
        w = weight * share[t]
        u, v, r = w * miss[p, 0], w * miss[p, 1], w * miss[p, 2]
        force[joint, 0] += y * r - z * v
        force[joint, 1] += z * u - x * r
        force[joint, 2] += x * v - y * u
        force[joint, 3] += u
        force[joint, 4] += v
        force[joint, 5] += r
        w = weight * pull[t]
        turning[joint, 0, 0] += w * (y * y + z * z)
        turning[joint, 1, 1] += w * (x * x + z * z)
        turning[joint, 2, 2] += w * (x * x + y * y)
        turning[joint, 0, 1] -= w * x * y
        turning[joint, 0, 2] -= w * x * z
        turning[joint, 1, 2] -= w * y * z
        mixed[joint, 0, 1] -= w * z
        mixed[joint, 0, 2] += w * y
        mixed[joint, 1, 0] += w * z
        mixed[joint, 1, 2] -= w * x
        mixed[joint, 2, 0] -= w * y
        mixed[joint, 2, 1] += w * x
        for i in range(3):
            moving[joint, i, i] += w
    for i in range(3):
        for k in range(i):
            turning[joint, i, k] = turning[joint, k, i]


@inner
@no_type_check
def _hold(joint, offset, world, stiff, drift, held, pull, room):
    """What holds a joint to its guess: stiffness across and along its bone, in the world, and its pull."""
    child = CHILD[joint]
    x, y, z = 0.0, 0.0, 0.0
    if child > 0:
        x, y, z = offset[child, 0], offset[child, 1], offset[child, 2]
        s = 1 / np.sqrt(x * x + y * y + z * z + TINY)
        x, y, z = apply(world, s * x, s * y, s * z)
    extra = stiff[1] - stiff[0]
    room[0], room[1], room[2] = x, y, z
    for i in range(3):
        for k in range(3):
            held[i, k] = extra * room[i] * room[k]
        held[i, i] += stiff[0]
    p, q, r = apply(world, drift[0], drift[1], drift[2])
    pull[0], pull[1], pull[2] = apply(held, -p, -q, -r)


@inner
@no_type_check
def _hand_down(joint, at, inertia, force, free, answer, room):
    """Take a joint's turn out of the system, and add what is left to its parent (Featherstone 1983)."""
    turning, mixed, moving = inertia
    a, b, c = turning[joint], mixed[joint], moving[joint]
    parent = PARENT[joint]
    x, y, z = at[joint, 0] - at[parent, 0], at[joint, 1] - at[parent, 1], at[joint, 2] - at[parent, 2]
    ka, kb, left_a, left_b = room[0], room[1], room[2], room[3]
    multiply(free[joint], a, ka)
    multiply(free[joint], b, kb)
    ku = apply(free[joint], answer[joint, 0], answer[joint, 1], answer[joint, 2])
    multiply_turned(a, ka, left_a)
    multiply_turned(a, kb, left_b)
    multiply_turned(b, kb, room[4])
    for i in range(3):
        for k in range(3):
            left_a[i, k] = a[i, k] - left_a[i, k]
            left_b[i, k] = b[i, k] - left_b[i, k]
            room[4, i, k] = c[i, k] - room[4, i, k]
    turned, moved = apply_turned(a, ku[0], ku[1], ku[2]), apply_turned(b, ku[0], ku[1], ku[2])
    fx, fy, fz = force[joint, 3] - moved[0], force[joint, 4] - moved[1], force[joint, 5] - moved[2]
    force[parent, 0] += force[joint, 0] - turned[0] + y * fz - z * fy
    force[parent, 1] += force[joint, 1] - turned[1] + z * fx - x * fz
    force[parent, 2] += force[joint, 2] - turned[2] + x * fy - y * fx
    force[parent, 3] += fx
    force[parent, 4] += fy
    force[parent, 5] += fz
    _shift(left_a, left_b, room[4], (x, y, z), (turning[parent], mixed[parent], moving[parent]), room[5])


@inner
@no_type_check
def _shift(a, b, c, way, onto, cross):
    """Add an inertia to one about a place that lies the way back."""
    x, y, z = way
    turning, mixed, moving = onto
    for i in range(3):
        # cross = [way] @ c, row for row, and b's columns about the new place: b @ -[way]
        cross[0, i] = y * c[2, i] - z * c[1, i]
        cross[1, i] = z * c[0, i] - x * c[2, i]
        cross[2, i] = x * c[1, i] - y * c[0, i]
    for i in range(3):
        for k in range(3):
            moving[i, k] += c[i, k]
            mixed[i, k] += b[i, k] + cross[i, k]
    for i in range(3):
        s0, s1, s2 = b[i, 0] + cross[i, 0], b[i, 1] + cross[i, 1], b[i, 2] + cross[i, 2]
        turning[i, 0] += s1 * -z + s2 * y
        turning[i, 1] += s0 * z + s2 * -x
        turning[i, 2] += s0 * -y + s1 * x
    for k in range(3):
        turning[0, k] += a[0, k] + y * b[k, 2] - z * b[k, 1]
        turning[1, k] += a[1, k] + z * b[k, 0] - x * b[k, 2]
        turning[2, k] += a[2, k] + x * b[k, 1] - y * b[k, 0]


@inner
@no_type_check
def _solve_root(inertia, force, free, answer, twist, room):
    """The root's turn and shift, which are the motion that everything else rides on."""
    b, c = inertia[1][0], inertia[2][0]
    kb, left, inverse = room[0], room[1], room[2]
    multiply(free[0], b, kb)
    multiply_turned(b, kb, left)
    for i in range(3):
        for k in range(3):
            left[i, k] = c[i, k] - left[i, k]
        left[i, i] += 1e-9
    ku = apply(free[0], answer[0, 0], answer[0, 1], answer[0, 2])
    less = apply_turned(b, ku[0], ku[1], ku[2])
    invert(left, inverse)
    shift = apply(inverse, force[0, 3] - less[0], force[0, 4] - less[1], force[0, 5] - less[2])
    back = apply(kb, shift[0], shift[1], shift[2])
    for i in range(3):
        twist[0, i] = ku[i] - back[i]
        twist[0, 3 + i] = shift[i]


@inner
@no_type_check
def _ride(joint, at, inertia, free, answer, twist):
    """A joint's own turn in the world, given its parent's motion; its own motion is kept for its children."""
    parent = PARENT[joint]
    x, y, z = at[joint, 0] - at[parent, 0], at[joint, 1] - at[parent, 1], at[joint, 2] - at[parent, 2]
    p, q, r = twist[parent, 0], twist[parent, 1], twist[parent, 2]
    twist[joint, 3] = twist[parent, 3] + q * z - r * y
    twist[joint, 4] = twist[parent, 4] + r * x - p * z
    twist[joint, 5] = twist[parent, 5] + p * y - q * x
    u = apply(inertia[0][joint], p, q, r)
    v = apply(inertia[1][joint], twist[joint, 3], twist[joint, 4], twist[joint, 5])
    u0, u1, u2 = answer[joint, 0] - u[0] - v[0], answer[joint, 1] - u[1] - v[1], answer[joint, 2] - u[2] - v[2]
    turn = apply(free[joint], u0, u1, u2)
    twist[joint, 0], twist[joint, 1], twist[joint, 2] = p + turn[0], q + turn[1], r + turn[2]
    return turn


@inner
@no_type_check
def _turn_joint(world, local, turn, room):
    """Turn a joint's rotation against its parent by a vector of the world, at most by LARGEST_RAD."""
    x, y, z = apply_turned(world, turn[0], turn[1], turn[2])
    size = np.sqrt(x * x + y * y + z * z)
    s = min(1.0, LARGEST_RAD / (size + TINY))
    from_vector(s * x, s * y, s * z, room[0])
    multiply(local, room[0], room[1])
    local[:] = room[1]


@inner
@no_type_check
def _stiffness(joint, belief):
    """What holds a joint to its guess, across and along its bone, where a point's spring has stiffness 1."""
    swing, twist_sd, noise = belief
    scale = noise * noise + FLOOR_M * FLOOR_M
    return scale / (swing[joint] ** 2 + SMALL_VAR), scale / (twist_sd[joint] ** 2 + SMALL_VAR)


@inner
@no_type_check
def _step_pose(plan, rig, anchor, local, belief, pose, damping, tree, room):
    """One step of Gauss and Newton along the tree; miss has been weighed already."""
    offset, lever = rig
    world, at, miss = pose
    inertia, force, free, answer, twist = tree
    for array in inertia:
        array[:] = 0
    force[:] = 0
    away, axis, held, pull = room[6, 0], room[6, 1], room[7], room[8, 0]
    for back in range(24):
        joint = 23 - back
        _load(joint, plan, lever, world[joint], miss, inertia, force)
    for back in range(24):
        joint = 23 - back
        drift_from(anchor[joint], local[joint], room[0], away)
        _hold(joint, offset, world[joint], _stiffness(joint, belief), away, held, pull, axis)
        extra = damping * (inertia[0][joint, 0, 0] + inertia[0][joint, 1, 1] + inertia[0][joint, 2, 2])
        for i in range(3):
            answer[joint, i] = force[joint, i] + pull[i]
            held[i, i] += extra
            for k in range(3):
                held[i, k] += inertia[0][joint, i, k]
        invert(held, free[joint])
        if joint > 0:
            _hand_down(joint, at, inertia, force, free, answer, room)
    _solve_root(inertia, force, free, answer, twist, room)
    turn = (twist[0, 0], twist[0, 1], twist[0, 2])
    for joint in range(24):
        if joint > 0:
            turn = _ride(joint, at, inertia, free, answer, twist)
        _turn_joint(world[joint], local[joint], turn, room)
    for i in range(3):
        at[0, i] += twist[0, 3 + i]


@inner
@no_type_check
def _hand_over(joint, limits, offset, local, room):
    """Let the upper bone take a turn about itself that the hinge below it does not allow; the lower bone stays."""
    x, y, z = apply(local[joint], limits[joint, 1], limits[joint, 2], limits[joint, 3])
    excess = hinge_excess(limits[joint], x, y, z)
    if excess == 0:
        return
    ox, oy, oz = offset[joint, 0], offset[joint, 1], offset[joint, 2]
    twist_by(local[PARENT[joint]], ox, oy, oz, excess, room)
    s = -excess / np.sqrt(ox * ox + oy * oy + oz * oz + TINY)
    from_vector(s * ox, s * oy, s * oz, room[0])
    multiply(room[0], local[joint], room[1])
    local[joint] = room[1]


@inner
@no_type_check
def _stand(offset, limits, local, world, at, room):
    """Limits, then every joint's rotation and place in the world; how far limits moved bones, squared."""
    moved = 0.0
    for joint in range(1, 24):
        if limits[joint, 0] == HINGE:
            _hand_over(joint, limits, offset, local, room)
    world[0] = local[0]
    for joint in range(1, 24):
        moved += max(limit(limits[joint], local[joint], room), 0.0)
        multiply(world[PARENT[joint]], local[joint], world[joint])
        place(joint, offset, world, at)
    return moved


@inner
@no_type_check
def _cost(plan, rig, keypoints, anchor, local, belief, pose, room):
    """What a step is to lower: robust squares of the misses and squares of the drifts from the guess."""
    cost = misses(plan, rig[1], keypoints, belief[2], pose)
    away = room[6, 0]
    for joint in range(24):
        drift_from(anchor[joint], local[joint], room[0], away)
        stiff = _stiffness(joint, belief)
        child, along, size = CHILD[joint], 0.0, 0.0
        for i in range(3):
            bone = rig[0][child, i] if child > 0 else 0.0
            along += bone * away[i]
            size += bone * bone
        along = along * along / (size + TINY)
        cost += stiff[0] * (away[0] ** 2 + away[1] ** 2 + away[2] ** 2 - along) + stiff[1] * along
    return cost


@inner
@no_type_check
def refine_pose(plan, rig, keypoints, belief, limits, steps, joints, pose, tree, room):
    """Steps, each taken only if it lowers the cost, else tried again with more damping; returns what limits moved.

    joints: the guess' and the pose's rotations against the parents, and room for one more.
    pose: world (24,3,3), at (24,3), miss (P,4), in and out.
    """
    anchor, local, kept = joints
    world, at, _ = pose
    damping, moved = 0.0, -1.0
    cost = _cost(plan, rig, keypoints, anchor, local, belief, pose, room)
    for _ in range(steps):
        kept[:] = local
        x, y, z = at[0, 0], at[0, 1], at[0, 2]
        _step_pose(plan, rig, anchor, local, belief, pose, damping, tree, room)
        pressed = _stand(rig[0], limits, local, world, at, room)
        new_cost = _cost(plan, rig, keypoints, anchor, local, belief, pose, room)
        if new_cost < cost:
            cost, damping, moved = new_cost, 0.1 * damping, pressed
            continue
        local[:] = kept
        at[0, 0], at[0, 1], at[0, 2] = x, y, z
        _stand(rig[0], limits, local, world, at, room)
        misses(plan, rig[1], keypoints, belief[2], pose)
        damping = 10 * damping + DAMPING
    return moved
