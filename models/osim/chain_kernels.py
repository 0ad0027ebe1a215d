"""The solver's loops, compiled: place segments, sum markers over subtrees, slope and curvature of the cost, steps.

The curvature is that of Gauss and Newton, built as composite rigid bodies are (Featherstone 2008, section 6.2): the
motion of a coordinate is a twist about the ground's origin, markers count as mass points, and each subtree's sum of
w, w p and w p p is all that two coordinates need. No Jacobian is built. The system is factored from the leaves inward
(Featherstone 2008, section 6.5), where a tree leaves no fill-in.

Compiled on first use (seconds), then kept beside this file.
"""
# numba carries no types: shapes stand in models/osim/problem.py and in the docstrings here.
# pyright: reportUntypedFunctionDecorator=false, reportMissingParameterType=false, reportUnknownParameterType=false
# pyright: reportUnknownVariableType=false

from typing import Any, Final, no_type_check

import numpy as np
from numba import njit

from models.osim.problem import Work

MATHS = {"reassoc", "contract", "arcp", "nsz"}
"""What the compiler may change about sums; infinities stay what they are, they stand for bounds that are not there."""
INSIDE: Final[dict[str, Any]] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""For functions that only compiled ones call: their wrappers for Python would take long to compile."""
DAMPING_FLOOR, DAMPING_START, DAMPING_LIMIT = 1e-9, 1e-6, 1e4
RIDGE = 1e-10
"""Added to the diagonal, whose weights sum to 1: a coordinate that no marker shows stays where it is."""
AT_BOUND = 1e-9
FASTEST_LOSS = 0.99
"""Steps that shrink more slowly than this count as if they shrank so."""


@njit(cache=True, nogil=True, fastmath=MATHS)
@no_type_check
def settle_each(case, starts, frames, limits):
    """Solve frames on their own: poses (N,C) to start from, frames (N,) -> poses (N,C), costs (N,)."""
    work, poses, costs = _room(case.chain, starts.shape[1]), starts.copy(), np.zeros(len(frames))
    for k in range(len(frames)):
        costs[k] = _settle(case, poses[k], frames[k], limits, work)
    return poses, costs


@njit(cache=True, nogil=True, fastmath=MATHS)
@no_type_check
def follow(case, poses, firsts, limits):
    """Solve all frames, each from the one before: poses (T,C), settled at the frames `firsts` -> poses, costs (T,).

    Frames before the first of `firsts` start from it, backward.
    """
    chain, goal = case
    frames, work, solved = poses.shape[0], _room(chain, poses.shape[1]), poses.copy()
    costs = np.zeros(frames)
    for k in range(len(firsts)):
        end = firsts[k + 1] if k + 1 < len(firsts) else frames
        for t in range(firsts[k], end):
            if t > firsts[k]:
                solved[t] = solved[t - 1]
            if t > firsts[k] + 1 and _same(goal.weight, t):
                for v in range(len(chain.variable_coordinate)):
                    c = chain.variable_coordinate[v]
                    ahead = 2 * solved[t - 1, c] - solved[t - 2, c]
                    solved[t, c] = min(max(ahead, chain.lower[v]), chain.upper[v])
            costs[t] = _settle(case, solved[t], t, limits, work)
    for t in range(firsts[0] - 1, -1, -1):
        solved[t] = solved[t + 1]
        costs[t] = _settle(case, solved[t], t, limits, work)
    return solved, costs


@njit(cache=True, nogil=True, fastmath=MATHS)
@no_type_check
def improve(case, poses, costs, frames, direction, limits):
    """Carry a better minimum from each of `frames` on to its neighbours, as long as it is another.

    poses (T,C) and costs (T,) are overwritten; direction is 1 or -1; returns how many frames got better.
    """
    work, trial, better = _room(case.chain, poses.shape[1]), np.zeros(poses.shape[1]), 0
    for k in range(len(frames)):
        t = frames[k] + direction
        while 0 <= t < poses.shape[0]:
            trial[:] = poses[t - direction]
            cost = _settle(case, trial, t, limits, work)
            if not cost < costs[t] * (1 - limits.gain):
                break
            poses[t], costs[t] = trial, cost
            better += 1
            t += direction
    return better


@njit(cache=True, nogil=True, fastmath=MATHS)
@no_type_check
def assess(case, poses):
    """Cost of given poses (T,C), its slope, and its curvature after Gauss and Newton: (T,), (T,V), (T,V,V)."""
    chain, goal = case
    work, frames = _room(chain, poses.shape[1]), poses.shape[0]
    variables = len(work.slope)
    costs, slopes, curvatures = (
        np.zeros(frames),
        np.zeros((frames, variables)),
        np.zeros((frames, variables, variables)),
    )
    for t in range(frames):
        pose = poses[t].copy()
        costs[t] = _cost(chain, goal, pose, t, work)
        _bend(chain, goal, pose, work)
        for v in range(variables):
            slopes[t, v] = 2 * work.slope[v]
            for u in range(variables):
                curvatures[t, v, u] = 2 * work.curvature[v, u]
    return costs, slopes, curvatures


@njit(cache=True, nogil=True, fastmath=MATHS)
@no_type_check
def marker_costs(case, poses, frames):
    """Weighted squared distance of each marker: poses (N,C) in frames (N,) -> (N,M)."""
    chain, goal = case
    work, costs = _room(chain, poses.shape[1]), np.zeros((len(frames), len(chain.marker_segment)))
    for k in range(len(frames)):
        _place(chain, poses[k].copy(), work)
        for m in range(costs.shape[1]):
            s, w = chain.marker_segment[m], goal.weight[frames[k], m]
            for i in range(3):
                place = work.origin_m[s, i] - goal.target_m[frames[k], m, i]
                for j in range(3):
                    place += work.turn[s, i, j] * chain.marker_m[m, j]
                costs[k, m] += w * place * place
    return costs


@njit(cache=True, nogil=True, fastmath=MATHS, **INSIDE)
@no_type_check
def _settle(case, pose, frame, limits, work):
    """Levenberg's and Marquardt's steps until hardly a way is left; pose (C,) is overwritten, its cost returned.

    Near the end steps shrink at a steady rate, so that the way left is a geometric series.
    A variable at a bound that the slope pushes outward is out of the equations; a step ends at bounds.
    """
    chain, goal = case
    variables, damping = len(chain.variable_coordinate), DAMPING_FLOOR
    before = 2 * limits.stop
    trial, cost = pose.copy(), _cost(chain, goal, pose, frame, work)
    _bend(chain, goal, pose, work)
    for _ in range(limits.most):
        _equations(chain, pose, damping, work)
        if not _solve(work.system, work.right):
            damping = max(damping * 100, DAMPING_START)
            continue
        longest = 0.0
        trial[:] = pose
        for v in range(variables):
            c = chain.variable_coordinate[v]
            step = min(max(work.right[v], -chain.reach[v]), chain.reach[v])
            trial[c] = min(max(pose[c] + step, chain.lower[v]), chain.upper[v])
            longest = max(longest, abs(trial[c] - pose[c]))
        reached = _cost(chain, goal, trial, frame, work)
        if reached <= cost * (1 + 1e-13):
            pose[:], cost = trial, reached
            damping = max(damping * 0.1, DAMPING_FLOOR)
            rate = min(longest / before, FASTEST_LOSS)
            if longest * rate / (1 - rate) < limits.stop:
                break
            before = longest
            _bend(chain, goal, pose, work)
        else:
            damping = max(damping * 10, DAMPING_START)
            if damping > DAMPING_LIMIT or longest < 1e-9:
                break
    return cost


@njit(cache=True, nogil=True, fastmath=MATHS, **INSIDE)
@no_type_check
def _room(chain, coordinates):
    segments, variables = len(chain.carrier), len(chain.variable_coordinate)
    turn = np.zeros((segments, 3, 3))
    for i in range(3):
        turn[0, i, i] = 1.0
    spin, glide, lean = np.zeros((coordinates, 3)), np.zeros((coordinates, 3)), np.ones(coordinates)
    system, curvature = np.zeros((variables, variables)), np.zeros((variables, variables))
    right, slope, total = np.zeros(variables), np.zeros(variables), np.zeros((segments, 16))
    return Work(turn, np.zeros((segments, 3)), spin, glide, lean, total, system, right, curvature, slope)


@njit(cache=True, nogil=True, **INSIDE)
@no_type_check
def _same(weight, frame):
    """Whether a frame and the two before it see the same markers."""
    for m in range(weight.shape[1]):
        seen = weight[frame, m] > 0
        if (weight[frame - 1, m] > 0) != seen or (weight[frame - 2, m] > 0) != seen:
            return False
    return True


@njit(cache=True, nogil=True, fastmath=MATHS, inline="always", **INSIDE)
@no_type_check
def _function(tables, i, x):
    """Value and slope of function i."""
    start, stop = tables.start[i], tables.stop[i]
    if not tables.cubic[i]:
        value, slope = tables.coefficients[stop - 1], 0.0
        for k in range(stop - 2, start - 1, -1):
            slope = slope * x + value
            value = value * x + tables.coefficients[k]
        return value, slope
    terms = tables.terms
    if x <= terms[start, 0]:
        return terms[start, 1] + (x - terms[start, 0]) * terms[start, 2], terms[start, 2]
    last = stop - 1
    if x >= terms[last, 0]:
        return terms[last, 1] + (x - terms[last, 0]) * terms[last, 2], terms[last, 2]
    k = start
    while x >= terms[k + 1, 0]:
        k += 1
    u, b, c, d = x - terms[k, 0], terms[k, 2], terms[k, 3], terms[k, 4]
    return terms[k, 1] + u * (b + u * (c + u * d)), b + u * (2 * c + 3 * u * d)


@njit(cache=True, nogil=True, fastmath=MATHS, **INSIDE)
@no_type_check
def _place(chain, pose, work):
    """Place segments and twists; pose is overwritten where couplers rule."""
    turn, origin, spin, glide = work.turn, work.origin_m, work.spin, work.glide
    for k in range(len(chain.couple)):
        dependent, independent = chain.couple[k, 0], chain.couple[k, 1]
        pose[dependent], slope = _function(chain.tables, chain.couple[k, 2], pose[independent])
        work.lean[dependent] = slope * work.lean[independent]
    spin[:], glide[:] = 0.0, 0.0
    for s in range(1, len(chain.carrier)):
        p, fixed, shift = chain.carrier[s], chain.turn[s], chain.shift_m[s]
        t, o = turn[s], origin[s]
        for i in range(3):
            a, b, c = turn[p, i, 0], turn[p, i, 1], turn[p, i, 2]
            o[i] = origin[p, i] + a * shift[0] + b * shift[1] + c * shift[2]
            for k in range(3):
                t[i, k] = a * fixed[0, k] + b * fixed[1, k] + c * fixed[2, k]
        for n in range(chain.first_step[s], chain.first_step[s + 1]):
            c = chain.step_coordinate[n]
            value, slope = _function(chain.tables, chain.step_function[n], pose[c] if c >= 0 else 0.0)
            x, y, z = chain.step_axis[n, 0], chain.step_axis[n, 1], chain.step_axis[n, 2]
            dx = t[0, 0] * x + t[0, 1] * y + t[0, 2] * z
            dy = t[1, 0] * x + t[1, 1] * y + t[1, 2] * z
            dz = t[2, 0] * x + t[2, 1] * y + t[2, 2] * z
            if not chain.step_turns[n]:
                o[0] += value * dx
                o[1] += value * dy
                o[2] += value * dz
                if c >= 0:
                    glide[c, 0] += slope * dx
                    glide[c, 1] += slope * dy
                    glide[c, 2] += slope * dz
                continue
            if c >= 0:
                wx, wy, wz = slope * dx, slope * dy, slope * dz
                spin[c, 0] += wx
                spin[c, 1] += wy
                spin[c, 2] += wz
                glide[c, 0] += o[1] * wz - o[2] * wy
                glide[c, 1] += o[2] * wx - o[0] * wz
                glide[c, 2] += o[0] * wy - o[1] * wx
            sine, versine = np.sin(value), 1 - np.cos(value)
            for k in range(3):
                # Rodrigues about (dx, dy, dz), which is the axis carried along
                u, v, w = t[0, k], t[1, k], t[2, k]
                along = dx * u + dy * v + dz * w
                t[0, k] = u + sine * (dy * w - dz * v) + versine * (dx * along - u)
                t[1, k] = v + sine * (dz * u - dx * w) + versine * (dy * along - v)
                t[2, k] = w + sine * (dx * v - dy * u) + versine * (dz * along - w)


@njit(cache=True, nogil=True, fastmath=MATHS, **INSIDE)
@no_type_check
def _cost(chain, goal, pose, frame, work):
    """Place everything and sum up the markers' part of each segment; returns the frame's cost."""
    _place(chain, pose, work)
    total, cost = work.total, 0.0
    total[:] = 0.0
    for m in range(len(chain.marker_segment)):
        w = goal.weight[frame, m]
        if w == 0:
            continue
        s = chain.marker_segment[m]
        t, o, f = work.turn[s], work.origin_m[s], total[s]
        a, b, c = chain.marker_m[m, 0], chain.marker_m[m, 1], chain.marker_m[m, 2]
        x = o[0] + t[0, 0] * a + t[0, 1] * b + t[0, 2] * c
        y = o[1] + t[1, 0] * a + t[1, 1] * b + t[1, 2] * c
        z = o[2] + t[2, 0] * a + t[2, 1] * b + t[2, 2] * c
        rx, ry, rz = x - goal.target_m[frame, m, 0], y - goal.target_m[frame, m, 1], z - goal.target_m[frame, m, 2]
        cost += w * (rx * rx + ry * ry + rz * rz)
        wx, wy, wz = w * x, w * y, w * z
        f[0] += w
        f[1] += wx
        f[2] += wy
        f[3] += wz
        f[4] += wx * x
        f[5] += wy * y
        f[6] += wz * z
        f[7] += wx * y
        f[8] += wx * z
        f[9] += wy * z
        f[10] += w * rx
        f[11] += w * ry
        f[12] += w * rz
        f[13] += wy * rz - wz * ry
        f[14] += wz * rx - wx * rz
        f[15] += wx * ry - wy * rx
    for c in range(len(pose)):
        if goal.task_weight[c] > 0:
            cost += goal.task_weight[c] * (pose[c] - goal.task_value[c]) ** 2
    return cost


@njit(cache=True, nogil=True, fastmath=MATHS, **INSIDE)
@no_type_check
def _bend(chain, goal, pose, work):
    """Half the slope and half the curvature of the cost, at the pose that was placed last."""
    total, slope, curvature = work.total, work.slope, work.curvature
    for s in range(len(chain.carrier) - 1, 0, -1):
        for k in range(16):
            total[chain.carrier[s], k] += total[s, k]
    slope[:], curvature[:] = 0.0, 0.0
    last = -1
    l0 = l1 = l2 = l3 = l4 = l5 = 0.0
    for n in range(len(chain.pair)):
        outer, inner = chain.pair[n, 0], chain.pair[n, 1]
        v, u = chain.column_variable[outer], chain.column_variable[inner]
        if v < 0:
            continue
        c = chain.column_coordinate[outer]
        if outer != last:
            last, f, a, b = outer, total[chain.column_segment[outer]], work.spin[c], work.glide[c]
            turned = a[0] * f[13] + a[1] * f[14] + a[2] * f[15] + b[0] * f[10] + b[1] * f[11] + b[2] * f[12]
            slope[v] += work.lean[c] * turned
            l0 = (f[5] + f[6]) * a[0] - f[7] * a[1] - f[8] * a[2] + f[2] * b[2] - f[3] * b[1]
            l1 = -f[7] * a[0] + (f[4] + f[6]) * a[1] - f[9] * a[2] + f[3] * b[0] - f[1] * b[2]
            l2 = -f[8] * a[0] - f[9] * a[1] + (f[4] + f[5]) * a[2] + f[1] * b[1] - f[2] * b[0]
            l3 = a[1] * f[3] - a[2] * f[2] + f[0] * b[0]
            l4 = a[2] * f[1] - a[0] * f[3] + f[0] * b[1]
            l5 = a[0] * f[2] - a[1] * f[1] + f[0] * b[2]
            if goal.task_weight[c] > 0:
                slope[v] += work.lean[c] * goal.task_weight[c] * (pose[c] - goal.task_value[c])
                curvature[v, v] += work.lean[c] ** 2 * goal.task_weight[c]
        if u < 0:
            continue
        i = chain.column_coordinate[inner]
        a, b = work.spin[i], work.glide[i]
        value = a[0] * l0 + a[1] * l1 + a[2] * l2 + b[0] * l3 + b[1] * l4 + b[2] * l5
        value *= work.lean[c] * work.lean[i]
        curvature[v, u] += value
        if outer != inner:
            curvature[u, v] += value


@njit(cache=True, nogil=True, fastmath=MATHS, **INSIDE)
@no_type_check
def _equations(chain, pose, damping, work):
    """The damped system without the variables that rest on a bound."""
    variables, system, right = len(work.right), work.system, work.right
    for v in range(variables):
        for u in range(variables):
            system[v, u] = work.curvature[v, u]
    for v in range(variables):
        x, pull = pose[chain.variable_coordinate[v]], work.slope[v]
        right[v] = -pull
        if (x <= chain.lower[v] + AT_BOUND and pull > 0) or (x >= chain.upper[v] - AT_BOUND and pull < 0):
            for u in range(variables):
                system[v, u] = system[u, v] = 0.0
            system[v, v], right[v] = 1.0, 0.0
        else:
            system[v, v] = system[v, v] * (1 + damping) + RIDGE


@njit(cache=True, nogil=True, fastmath=MATHS, **INSIDE)
@no_type_check
def _solve(system, right):
    """Solve in place by system = L^T L, from the last row up; False if it is not positive."""
    count = len(right)
    for k in range(count - 1, -1, -1):
        if not system[k, k] > 0:
            return False
        pivot = np.sqrt(system[k, k])
        system[k, k] = pivot
        for i in range(k):
            system[k, i] /= pivot
        right[k] /= pivot
        for i in range(k):
            factor = system[k, i]
            if factor != 0:
                right[i] -= factor * right[k]
                for j in range(i + 1):
                    system[i, j] -= factor * system[k, j]
    for k in range(count):
        for j in range(k):
            right[k] -= system[k, j] * right[j]
        right[k] /= system[k, k]
    return True
