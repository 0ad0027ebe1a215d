"""Compiled: the swing pass, which turns every joint so that its bones point to the points, from the root to the leaves.

Each joint's rotation is the best compromise (Wahba) between where the guess, carried on from its parent, puts the
points that hang on it, and where they are seen; what stays uncertain is carried on to its children.
"""
# numba carries no types: shapes and types stand in the docstrings here, and models/ik_exact.py holds to them.
# pyright: reportUntypedFunctionDecorator=false, reportMissingParameterType=false, reportUnknownParameterType=false
# pyright: reportUnknownVariableType=false
# ruff: noqa: PLR0913, PLR0917 - compiled code hands on numbers and arrays, as objects would cost it its speed

from typing import Final, no_type_check

import numpy as np

from models.ik_kernels_turns import (
    HINGE,
    TINY,
    apply,
    apply_turned,
    best_turn,
    hinge_azimuth,
    hinge_excess,
    inner,
    limit,
    multiply,
    multiply_turned,
    straighten,
    twist_by,
)
from models.skeletons import SMPL_PARENTS

PARENT: Final = np.array(SMPL_PARENTS)
CHILD: Final = np.array([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, -1, -1, 15, 16, 17, -1, 18, 19, 20, 21, 22, 23, -1, -1])
"""Where each joint's bone leads."""
OUTLIER_SD: Final = 3.0
"""Half the weight is gone at so many standard deviations."""
FLOOR_M: Final = 1e-5
"""Points are never taken for more exact than this: keeps the guess alive where nothing is seen."""
SLACK_M: Final = 2e-3
"""Lengths may differ by this much without doubt."""
SMALL_VAR: Final = 1e-6
TRIES: Final = 5
"""How often a joint at its limits is turned onto its points again."""
SWING_NOISE: Final = 2.5
STEP_NOISE: Final = 1.75
"""How much noisier points are taken for, as the guess has seen them already; found on people of the training set."""
NEAR_M: Final = 0.02
FAR_SHARE: Final = 0.05
"""Where the root is, seen from other points: they are wrong by the first, and by this share of their distance."""
HOLD_SHARE: Final = 3e-5
"""Of the points' stiffness that the guess has at least: turns that points leave open come from it."""
SIDE_SD_RAD: Final = 0.07
"""How far knees and elbows bend out of their plane."""


@inner
@no_type_check
def guess_local(world, local, room):
    """Every joint's rotation against its parent; the root's in the world."""
    for joint in range(24):
        if joint == 0:
            local[0] = world[0]
        else:
            multiply_turned(world[PARENT[joint]], world[joint], local[joint])
        straighten(local[joint], room)


@inner
@no_type_check
def place(joint, offset, world, at):
    """Put a joint where its parent carries it."""
    parent = PARENT[joint]
    x, y, z = apply(world[parent], offset[joint, 0], offset[joint, 1], offset[joint, 2])
    at[joint, 0], at[joint, 1], at[joint, 2] = at[parent, 0] + x, at[parent, 1] + y, at[parent, 2] + z


@inner
@no_type_check
def _doubt_of(miss, variance):
    """How much to believe what lies this far off, 0..1: heavy tails (Cauchy)."""
    return 1 / (1 + miss * miss / (OUTLIER_SD * OUTLIER_SD * variance))


@inner
@no_type_check
def _trust(joint, first, last, ties, lever, seen, confidence, variance, base, trust):
    """Weights of the points that hang on one joint: do they keep their distances from each other and the joint?

    variance: of a point along each axis; base: position of the joint (3,) and its variance, negative where unknown.
    """
    point, alone = ties
    for t in range(first, last):
        trust[t] = confidence[point[t]] if alone[t] else 0.0
    for t in range(first, last):
        if trust[t] == 0:
            continue
        ok, all_ = 1e-9, 1e-9
        for u in range(first, last):
            given = confidence[point[u]] if alone[u] else 0.0
            if u == t or given == 0:
                continue
            seen_2, rest_2 = 0.0, 0.0
            for i in range(3):
                seen_2 += (seen[point[t], i] - seen[point[u], i]) ** 2
                rest_2 += (lever[t, i] - lever[u, i]) ** 2
            ok += given * _doubt_of(np.sqrt(seen_2) - np.sqrt(rest_2), 2 * variance)
            all_ += given
        if base[3] >= 0:
            seen_2, rest_2 = 0.0, 0.0
            for i in range(3):
                seen_2 += (seen[point[t], i] - base[i]) ** 2
                rest_2 += lever[t, i] ** 2
            ok += _doubt_of(np.sqrt(seen_2) - np.sqrt(rest_2), variance + base[3])
            all_ += 1
        trust[t] *= (ok / all_) ** 2


@inner
@no_type_check
def _spread_of(joint, offset, world, swing_var, twist_var, scale, out):
    """Add to a matrix what holds a joint to a rotation, as vectors would: its variances about and across its bone."""
    across = 0.5 * scale / twist_var
    along = scale / swing_var - across
    child = CHILD[joint]
    x, y, z = 0.0, 0.0, 0.0
    if child > 0:
        x, y, z = offset[child, 0], offset[child, 1], offset[child, 2]
        s = 1 / np.sqrt(x * x + y * y + z * z + TINY)
        x, y, z = x * s, y * s, z * s
    else:
        along = across
    u, v, w = apply(world, x, y, z)
    for i in range(3):
        e = (along - across) * (u if i == 0 else v if i == 1 else w)
        out[i, 0] += across * world[i, 0] + e * x
        out[i, 1] += across * world[i, 1] + e * y
        out[i, 2] += across * world[i, 2] + e * z


@inner
@no_type_check
def _gather(first, last, point, lever, seen, trust, base, middle, spread):
    """Sum weight * seen * rest^T of one joint's points from its place, or from their own middle if there is none.

    Returns the sum of weight * rest^2, which is the stiffness that they give the joint.
    """
    known = base[3] >= 0
    middle[:] = 0
    total = TINY
    for t in range(first, last):
        total += trust[t]
        for i in range(3):
            middle[0, i] += trust[t] * seen[point[t], i]
            middle[1, i] += trust[t] * lever[t, i]
    for i in range(3):
        middle[0, i] = base[i] if known else middle[0, i] / total
        middle[1, i] = 0.0 if known else middle[1, i] / total
    spread[:] = 0
    stiffness = 0.0
    for t in range(first, last):
        if trust[t] == 0:
            continue
        for k in range(3):
            r = lever[t, k] - middle[1, k]
            stiffness += trust[t] * r * r
            for i in range(3):
                spread[i, k] += trust[t] * (seen[point[t], i] - middle[0, i]) * r
    return stiffness


@inner
@no_type_check
def _surprise(first, last, point, lever, seen, world, base, variances, trust):
    """Take weight off points that lie farther from where the joint's guess puts them than both could be wrong."""
    for t in range(first, last):
        if trust[t] == 0:
            continue
        x, y, z = lever[t, 0], lever[t, 1], lever[t, 2]
        u, v, w = apply(world, x, y, z)
        p = point[t]
        miss = (seen[p, 0] - base[0] - u) ** 2 + (seen[p, 1] - base[1] - v) ** 2 + (seen[p, 2] - base[2] - w) ** 2
        variance = variances[0] + base[3] + (x * x + y * y + z * z) * variances[1]
        trust[t] *= _doubt_of(np.sqrt(miss), 2 * variance)


@inner
@no_type_check
def _swing_joint(joint, plan, lever, offset, seen, confidence, belief, state, room):
    """Set one joint's rotation from the points that hang on it, and carry on what stays uncertain.

    belief: this pose's swing_sd, twist_sd, noise; state: world, local, at, trust and, for each joint, the variance of
    its place and its rotation; room: matrices to work in.
    """
    start, point, alone = plan
    swing, twist, noise = belief
    world, local, trust, vary, base = state
    first, last = start[joint], start[joint + 1]
    noise_var = noise * noise + FLOOR_M * FLOOR_M
    if joint > 0:
        multiply(world[PARENT[joint]], local[joint], world[joint])
        swing_var = swing[joint] * swing[joint] + vary[PARENT[joint], 1] + 0.5 * vary[PARENT[joint], 2]
    else:
        world[0] = local[0]
        swing_var = swing[0] * swing[0]
    twist_var, swing_var = twist[joint] * twist[joint] + SMALL_VAR, swing_var + SMALL_VAR
    kept = 1.0
    if last > first:
        sure_var = noise_var + SLACK_M * SLACK_M
        _trust(joint, first, last, (point, alone), lever, seen, confidence, sure_var, base, trust)
        if joint > 0:
            _surprise(first, last, point, lever, seen, world[joint], base, (sure_var, swing_var), trust)
        scale = noise_var + max(base[3], 0.0)
        stiffness = _gather(first, last, point, lever, seen, trust, base, room[2], room[3])
        if stiffness > TINY:
            near = room[4]
            near[:] = world[joint]
            _spread_of(joint, offset, near, swing_var, twist_var, scale, room[3])
            for i in range(3):
                for k in range(3):
                    room[3][i, k] += HOLD_SHARE * stiffness * near[i, k]
            best_turn(room[3], world[joint])
            kept = scale / (scale + stiffness * swing_var)
    vary[joint, 1] = swing_var * kept
    vary[joint, 2] = twist_var * (kept if last > first + 1 else 1.0)


@inner
@no_type_check
def _limit_joint(joint, limits, world, room):
    """Keep a joint within its limits in the world's frame; returns as limit does."""
    against = room[5]
    multiply_turned(world[PARENT[joint]], world[joint], against)
    moved = limit(limits[joint], against, room)
    if moved >= 0:
        multiply(world[PARENT[joint]], against, world[joint])
    return moved


@inner
@no_type_check
def _hand_over(joint, limits, offset, world, room):
    """Let the upper bone take a turn about itself that the hinge below it does not allow."""
    if limits[joint, 0] != HINGE:
        return
    upper, against = PARENT[joint], room[5]
    multiply_turned(world[upper], world[joint], against)
    x, y, z = apply(against, limits[joint, 1], limits[joint, 2], limits[joint, 3])
    excess = hinge_excess(limits[joint], x, y, z)
    if excess != 0:
        twist_by(world[upper], offset[joint, 0], offset[joint, 1], offset[joint, 2], excess, room)
        _limit_joint(upper, limits, world, room)


@inner
@no_type_check
def _look_ahead(joint, hinge, limits, rig, keypoints, state, at, room):
    """Twist a long bone by what the plane of the bent hinge below it shows."""
    (start, point, alone), lever, offset = rig
    seen, confidence, noise = keypoints
    world, _, _, vary, _ = state
    ox, oy, oz = offset[hinge, 0], offset[hinge, 1], offset[hinge, 2]
    x, y, z = apply(world[joint], ox, oy, oz)
    x, y, z = x + at[joint, 0], y + at[joint, 1], z + at[joint, 2]
    total, p, q, r, length = 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(start[hinge], start[hinge + 1]):
        k = point[t]
        given = confidence[k] if alone[t] else 0.0
        total += given
        p, q, r = p + given * (seen[k, 0] - x), q + given * (seen[k, 1] - y), r + given * (seen[k, 2] - z)
        length += given * np.sqrt(lever[t, 0] ** 2 + lever[t, 1] ** 2 + lever[t, 2] ** 2)
    size = np.sqrt(p * p + q * q + r * r)
    if size < 1e-3 * total or total == 0:
        return
    p, q, r = apply_turned(world[joint], p / size, q / size, r / size)
    azimuth, sine = hinge_azimuth(limits[hinge], p, q, r)
    point_var = noise * noise + FLOOR_M * FLOOR_M + vary[joint, 0] + (ox * ox + oy * oy + oz * oz) * vary[joint, 1]
    belief = _doubt_of((size - length) / total, point_var + SLACK_M * SLACK_M)
    point_var = (point_var * (total / size) ** 2 + SIDE_SD_RAD * SIDE_SD_RAD) / (sine * sine + TINY)
    share = belief * belief * vary[joint, 2] / (vary[joint, 2] + point_var)
    twist_by(world[joint], ox, oy, oz, share * azimuth, room)
    vary[joint, 2] *= 1 - share


@inner
@no_type_check
def _place_root(plan, lever, offset, seen, confidence, noise, state, at, spots):
    """The root's place: the robust mean of what each point says, the farther away the less; returns its variance.

    spots: (T,5), written: for each tie where the root would be, its weight, and its variance.
    """
    start, point, alone = plan
    world, local, trust, _, _ = state
    at[:] = 0
    for joint in range(24):
        if joint > 0:
            multiply(world[PARENT[joint]], local[joint], world[joint])
            place(joint, offset, world, at)
        for t in range(start[joint], start[joint + 1]):
            p = point[t]
            x, y, z = apply(world[joint], lever[t, 0], lever[t, 1], lever[t, 2])
            x, y, z = x + at[joint, 0], y + at[joint, 1], z + at[joint, 2]
            far_2 = NEAR_M**2 + FAR_SHARE**2 * (x * x + y * y + z * z) if joint > 0 else 0.0
            spots[t, 0], spots[t, 1], spots[t, 2] = seen[p, 0] - x, seen[p, 1] - y, seen[p, 2] - z
            spots[t, 4] = noise * noise + FLOOR_M * FLOOR_M + far_2
            given = trust[t] if joint == 0 else confidence[p]
            spots[t, 3] = given / spots[t, 4] if alone[t] else 0.0
    return _robust_mean(spots, at[0])


@inner
@no_type_check
def _robust_mean(spots, middle):
    """The mean of places with weights and variances, from which those far off are taken out by and by."""
    total = TINY
    for turn in range(4):
        total, x, y, z = TINY, 0.0, 0.0, 0.0
        for t in range(len(spots)):
            weight = spots[t, 3]
            if weight == 0:
                continue
            if turn > 0:
                miss = (spots[t, 0] - middle[0]) ** 2 + (spots[t, 1] - middle[1]) ** 2 + (spots[t, 2] - middle[2]) ** 2
                weight *= _doubt_of(np.sqrt(miss), spots[t, 4] + SLACK_M * SLACK_M)
            total += weight
            x, y, z = x + weight * spots[t, 0], y + weight * spots[t, 1], z + weight * spots[t, 2]
        middle[0], middle[1], middle[2] = x / total, y / total, z / total
    return 1 / total


@inner
@no_type_check
def swing_pose(plan, rig, seen, confidence, belief, limits, state, at, spots, room):
    """From a guess to a pose whose bones point to the points, root to leaf; how far limits moved bones, squared."""
    offset, lever = rig
    world, local, _, vary, base = state
    base[:] = -1.0
    moved = 0.0
    for joint in range(24):
        if joint > 0:
            place(joint, offset, world, at)
            parent, bone_2 = PARENT[joint], 0.0
            for i in range(3):
                base[i] = at[joint, i]
                bone_2 += offset[joint, i] ** 2
            vary[joint, 0] = vary[parent, 0] + bone_2 * vary[parent, 1]
            base[3] = vary[joint, 0]
        _swing_joint(joint, plan, lever, offset, seen, confidence, belief, state, room)
        if joint == 0:
            vary[0, 0] = _place_root(plan, lever, offset, seen, confidence, belief[2], state, at, spots)
            continue
        _hand_over(joint, limits, offset, world, room)
        pressed = _limit_joint(joint, limits, world, room)
        for _ in range(TRIES):
            if pressed < 0:
                break
            multiply_turned(world[PARENT[joint]], world[joint], local[joint])
            _swing_joint(joint, plan, lever, offset, seen, confidence, belief, state, room)
            pressed = _limit_joint(joint, limits, world, room)
        moved += max(pressed, 0.0)
        child = CHILD[joint]
        if child > 0 and limits[child, 0] == HINGE:
            _look_ahead(joint, child, limits, (plan, lever, offset), (seen, confidence, belief[2]), state, at, room)
            _limit_joint(joint, limits, world, room)
    return moved
