"""Compiled: how noisy points are; smooths them in time by that, fills their gaps, and says how sure each place then is.

A smoothing spline for each point: among all paths the one that weighs what is seen against how much the point's way
bends from frame to frame. Both have heavy tails: what lies far off counts less (outliers), and so does a bend that is
far sharper than most (a foot that lands).
"""
# numba carries no types: shapes and types stand in the docstrings here, and models/ik_steady.py holds to them.
# pyright: reportUntypedFunctionDecorator=false, reportMissingParameterType=false, reportUnknownParameterType=false
# pyright: reportUnknownVariableType=false
# ruff: noqa: PLR0913, PLR0917 - compiled code hands on numbers and arrays, as objects would cost it its speed

from typing import Final, no_type_check

import numpy as np
from numba import njit

PASSES: Final = 2
"""How often the spline is laid; between them weights follow what it leaves."""
OUTLIER_SD: Final = 6.0
"""Three quarters of the weight are gone at so many standard deviations. This and PASSES were found on held-out people
of the training set."""
TAIL: Final = 3.0
"""Degrees of freedom of the bends' distribution (Student)."""
FLOOR_M: Final = 1e-6
"""Points are never taken for more exact than this."""
SLACK_M: Final = 1e-4
"""Nor blamed for lying off by this much."""
LEAST_FREE: Final = 0.02
"""Of a point's place, what the others have to say at least where it is judged by them."""
RIDGE: Final = 1e-9
UNSURE_M: Final = 0.15
"""A place with a larger standard deviation says nothing."""
EVEN_M: Final = 5e-4
"""Places whose standard deviations are below this count alike."""
THIRD: Final = 20.0 * 2.366
"""Median squared length of the third difference of places with unit noise along each axis."""


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def length_differences(pairs, rest_m, chosen, points_m, confidence, unknown_m, noise_m):
    """How far distances are from those at rest: the square of the mean square root, which outliers hardly move.

    pairs: (K,2) int, points whose distance no pose changes; rest_m: (S,P,3) f32, points at rest; chosen: (N,) int, the
    row of each frame there; points_m: (N,P,3) f32; confidence: (N,P) f32; unknown_m: where no pair is seen;
    noise_m: (N,) f32, written.
    """
    for n in range(len(chosen)):
        total, roots = 0.0, 0.0
        for k in range(len(pairs)):
            a, b = pairs[k, 0], pairs[k, 1]
            weight = confidence[n, a] * confidence[n, b]
            if weight <= 0:
                continue
            here, there = 0.0, 0.0
            for i in range(3):
                here += (points_m[n, a, i] - points_m[n, b, i]) ** 2
                there += (rest_m[chosen[n], a, i] - rest_m[chosen[n], b, i]) ** 2
            roots += weight * np.sqrt(abs(np.sqrt(here) - np.sqrt(there)))
            total += weight
        noise_m[n] = (roots / total) ** 2 if total > 0 else unknown_m


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def third_differences(points_m, confidence, noise_m):
    """The noise of each sequence as neighbours in time tell it, written; infinite where no four frames in a row are
    seen.

    points_m: (N,F,P,3) f32; confidence: (N,F,P) f32; noise_m: (N,) f64.
    """
    sequences, frames, points = confidence.shape
    found = np.empty(max(0, frames - 3) * points)
    for n in range(sequences):
        count = 0
        for f in range(frames - 3):
            for p in range(points):
                least = confidence[n, f, p]
                for later in range(f + 1, f + 4):
                    least = min(least, confidence[n, later, p])
                if least <= 0:
                    continue
                total = 0.0
                for i in range(3):
                    third = points_m[n, f + 3, p, i] - points_m[n, f, p, i]
                    third += 3 * (points_m[n, f + 1, p, i] - points_m[n, f + 2, p, i])
                    total += third * third
                found[count] = total
                count += 1
        noise_m[n] = np.sqrt(np.median(found[:count]) / THIRD) if count > 0 else np.inf


@njit(nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _factor(seen, bends, diagonal, first, second):
    """A = diag(seen) + D^T diag(bends) D = L diagonal L^T, L with ones and two bands below: (F,P) each."""
    frames, points = seen.shape
    for f in range(frames):
        for p in range(points):
            own = seen[f, p] + RIDGE
            if f < frames - 2:
                own += bends[f, p]
            if 1 <= f < frames - 1:
                own += 4 * bends[f - 1, p]
            if f >= 2:
                own += bends[f - 2, p]
            next_ = 0.0
            if f < frames - 2:
                next_ -= 2 * bends[f, p]
            if 1 <= f < frames - 1:
                next_ -= 2 * bends[f - 1, p]
            if f >= 1:
                own -= first[f - 1, p] * first[f - 1, p] * diagonal[f - 1, p]
                next_ -= second[f - 1, p] * diagonal[f - 1, p] * first[f - 1, p]
            if f >= 2:
                own -= second[f - 2, p] * second[f - 2, p] * diagonal[f - 2, p]
            diagonal[f, p] = own
            first[f, p] = next_ / own
            second[f, p] = bends[f, p] / own if f < frames - 2 else 0.0


@njit(nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _lay(n, points_m, seen, diagonal, first, second, path):
    """Solve A path = seen * points: path (3,F,P), written."""
    frames, points = seen.shape
    for i in range(3):
        for f in range(frames):
            for p in range(points):
                value = seen[f, p] * points_m[n, f, p, i]
                if f >= 1:
                    value -= first[f - 1, p] * path[i, f - 1, p]
                if f >= 2:
                    value -= second[f - 2, p] * path[i, f - 2, p]
                path[i, f, p] = value
        for back in range(frames):
            f = frames - 1 - back
            for p in range(points):
                value = path[i, f, p] / diagonal[f, p]
                if f < frames - 1:
                    value -= first[f, p] * path[i, f + 1, p]
                if f < frames - 2:
                    value -= second[f, p] * path[i, f + 2, p]
                path[i, f, p] = value


@njit(nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _spread(diagonal, first, second, own, near, far):
    """The three bands of A's inverse from its factors, from the last frame back: (F,P) each, written."""
    frames, points = diagonal.shape
    for back in range(frames):
        f = frames - 1 - back
        for p in range(points):
            near_, far_ = 0.0, 0.0
            if f < frames - 1:
                near_ -= first[f, p] * own[f + 1, p]
            if f < frames - 2:
                near_ -= second[f, p] * near[f + 1, p]
                far_ = -first[f, p] * near[f + 1, p] - second[f, p] * own[f + 2, p]
            near[f, p], far[f, p] = near_, far_
            own[f, p] = 1 / diagonal[f, p] - first[f, p] * near_ - second[f, p] * far_


@njit(nogil=True, error_model="numpy", fastmath={"contract"})
@no_type_check
def _weigh(n, points_m, given, path, bands, noise_2, bend_2, seen, bends):
    """Take weight off what is seen far from the path, and off bends sharper than most; seen and bends are written."""
    own, near, far = bands
    frames, points = seen.shape
    for f in range(frames):
        for p in range(points):
            miss = 0.0
            for i in range(3):
                miss += (path[i, f, p] - points_m[n, f, p, i]) ** 2
            free = max(1 - seen[f, p] * own[f, p], LEAST_FREE)
            doubt = 1 + miss / (free * OUTLIER_SD * OUTLIER_SD * (noise_2 + SLACK_M * SLACK_M))
            seen[f, p] = given[f, p] / (doubt * doubt)
    for f in range(frames - 2):
        for p in range(points):
            total = own[f, p] + 4 * own[f + 1, p] + own[f + 2, p] + 2 * far[f, p] - 4 * (near[f, p] + near[f + 1, p])
            bend = 0.0
            for i in range(3):
                bend += (path[i, f, p] - 2 * path[i, f + 1, p] + path[i, f + 2, p]) ** 2
            bends[f, p] = (TAIL + 3) / (TAIL + bend / bend_2[p] + 3 * total)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def steady_each(points_m, confidence, noise_m, bend_m, steady_m, sure):
    """Lay a path through each point of each sequence.

    points_m: (N,F,P,3) f32, of no meaning where the confidence is 0.
    confidence: (N,F,P) f32.
    noise_m: (N,) f64, of a point along each axis at confidence 1.
    bend_m: (P,) f64, how much a point's way usually bends: standard deviation of its second difference along an axis.
    steady_m: (N,F,P,3) f32, written.
    sure: (N,F,P) f32, written: confidence of each place, which falls with its variance; 0 where it says nothing.
    """
    sequences, frames, points = confidence.shape
    given, seen, bends = np.empty((frames, points)), np.empty((frames, points)), np.empty((frames, points))
    diagonal, first, second = np.empty((frames, points)), np.empty((frames, points)), np.empty((frames, points))
    own, near, far = np.empty((frames, points)), np.empty((frames, points)), np.empty((frames, points))
    path, bend_2 = np.empty((3, frames, points)), bend_m * bend_m
    for n in range(sequences):
        noise_2 = noise_m[n] * noise_m[n]
        for f in range(frames):
            for p in range(points):
                given[f, p] = confidence[n, f, p] * bend_2[p] / (noise_2 + FLOOR_M * FLOOR_M)
                seen[f, p] = given[f, p]
                bends[f, p] = 1.0
        for turn in range(PASSES):
            _factor(seen, bends, diagonal, first, second)
            _lay(n, points_m, seen, diagonal, first, second, path)
            _spread(diagonal, first, second, own, near, far)
            if turn < PASSES - 1:
                _weigh(n, points_m, given, path, (own, near, far), noise_2, bend_2, seen, bends)
        _tell(n, path, own, confidence, bend_2, steady_m, sure)


@njit(nogil=True, error_model="numpy")
@no_type_check
def _tell(n, path, own, confidence, bend_2, steady_m, sure):
    """Paths and what each place counts: 1 for a usual one that is seen, less for a place that is less sure."""
    frames, points = own.shape
    usual, count = np.empty(frames * points), 0
    for f in range(frames):
        for p in range(points):
            if confidence[n, f, p] > 0:
                usual[count] = own[f, p] * bend_2[p]
                count += 1
    middle = (np.median(usual[:count]) if count > 0 else 0.0) + EVEN_M * EVEN_M
    for f in range(frames):
        for p in range(points):
            variance = own[f, p] * bend_2[p]
            known = variance < UNSURE_M * UNSURE_M
            sure[n, f, p] = min(1.0, middle / (variance + EVEN_M * EVEN_M)) if known else 0.0
            for i in range(3):
                steady_m[n, f, p, i] = path[i, f, p] if known else 0.0
