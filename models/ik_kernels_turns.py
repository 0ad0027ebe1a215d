"""Compiled pieces of inverse kinematics: turns, and the limits of joints.

All are for one pose, in double precision: loops this small and branched gain nothing from wide registers. Matrices are
(3,3) f64 arrays that are written to; vectors are three numbers.
"""
# numba carries no types: shapes and types stand in the docstrings here, and models/ik_exact.py holds to them.
# pyright: reportUntypedFunctionDecorator=false, reportMissingParameterType=false, reportUnknownParameterType=false
# pyright: reportUnknownVariableType=false
# ruff: noqa: PLR0913, PLR0917 - compiled code hands on numbers and arrays, as objects would cost it its speed

from functools import partial
from typing import Any, Final, no_type_check

import numpy as np
from numba import njit

INSIDE: Final[dict[str, Any]] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
inner = partial(njit, nogil=True, error_model="numpy", fastmath={"contract", "nsz"}, **INSIDE)
"""For functions that only compiled ones call. Not kept on disk: models/ik_kernels.py keeps what they are part of."""
TINY: Final = 1e-24
FREE: Final = 0
CONE: Final = 1
HINGE: Final = 2
"""Kinds of limits, as in models/ik_limits.py."""


@inner
@no_type_check
def multiply(a, b, out):
    """a times b."""
    for i in range(3):
        for k in range(3):
            out[i, k] = a[i, 0] * b[0, k] + a[i, 1] * b[1, k] + a[i, 2] * b[2, k]


@inner
@no_type_check
def multiply_turned(a, b, out):
    """a's transpose times b."""
    for i in range(3):
        for k in range(3):
            out[i, k] = a[0, i] * b[0, k] + a[1, i] * b[1, k] + a[2, i] * b[2, k]


@inner
@no_type_check
def straighten(rotation, room):
    """Make a rotation of single precision one of double: a step of Newton towards the nearest."""
    square, kept = room[0], room[1]
    multiply_turned(rotation, rotation, square)
    kept[:] = rotation
    for i in range(3):
        for k in range(3):
            square[i, k] = (3.0 if i == k else 0.0) - square[i, k]
    multiply(kept, square, rotation)
    rotation *= 0.5


@inner
@no_type_check
def apply(a, x, y, z):
    """A matrix times a vector."""
    return (
        a[0, 0] * x + a[0, 1] * y + a[0, 2] * z,
        a[1, 0] * x + a[1, 1] * y + a[1, 2] * z,
        a[2, 0] * x + a[2, 1] * y + a[2, 2] * z,
    )


@inner
@no_type_check
def apply_turned(a, x, y, z):
    """A matrix's transpose times a vector."""
    return (
        a[0, 0] * x + a[1, 0] * y + a[2, 0] * z,
        a[0, 1] * x + a[1, 1] * y + a[2, 1] * z,
        a[0, 2] * x + a[1, 2] * y + a[2, 2] * z,
    )


@inner
@no_type_check
def from_quaternion(x, y, z, w, out):
    """Of any length but zero."""
    s = 2 / (x * x + y * y + z * z + w * w)
    out[0, 0], out[0, 1], out[0, 2] = 1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w)
    out[1, 0], out[1, 1], out[1, 2] = s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w)
    out[2, 0], out[2, 1], out[2, 2] = s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y)


@inner
@no_type_check
def from_vector(x, y, z, out):
    """The turn by a vector's length about it, in radians."""
    half = 0.5 * np.sqrt(x * x + y * y + z * z)
    s = 0.5 if half < 1e-6 else 0.5 * np.sin(half) / half
    from_quaternion(s * x, s * y, s * z, np.cos(half), out)


@inner
@no_type_check
def across(x, y, z):
    """Some direction across the given one."""
    if abs(x) <= abs(y) and abs(x) <= abs(z):
        x, y, z = 0.0, z, -y
    elif abs(y) <= abs(z):
        x, y, z = -z, 0.0, x
    else:
        x, y, z = y, -x, 0.0
    return x, y, z


@inner
@no_type_check
def arc(ax, ay, az, bx, by, bz, out):
    """The smallest turn between unit vectors; some half turn between opposite ones."""
    x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    w = 1 + ax * bx + ay * by + az * bz
    if x * x + y * y + z * z + w * w < 1e-20:
        x, y, z = across(ax, ay, az)
        w = 0.0
    from_quaternion(x, y, z, w, out)


@inner
@no_type_check
def drift_from(anchor, local, room, out):
    """The turn vector from the anchor to a rotation, in the joint's own axes."""
    multiply_turned(anchor, local, room)
    x, y, z = room[2, 1] - room[1, 2], room[0, 2] - room[2, 0], room[1, 0] - room[0, 1]
    sine = np.sqrt(x * x + y * y + z * z)
    angle = np.arctan2(sine, room[0, 0] + room[1, 1] + room[2, 2] - 1)
    s = angle / sine if sine > 1e-9 else 0.5
    out[0], out[1], out[2] = s * x, s * y, s * z


@inner
@no_type_check
def invert(m, out):
    """Of a symmetric matrix."""
    a00, a01, a02 = m[1, 1] * m[2, 2] - m[1, 2] * m[1, 2], m[0, 2] * m[1, 2] - m[0, 1] * m[2, 2], 0.0
    a02 = m[0, 1] * m[1, 2] - m[0, 2] * m[1, 1]
    s = 1 / (m[0, 0] * a00 + m[0, 1] * a01 + m[0, 2] * a02)
    out[0, 0], out[0, 1], out[0, 2] = s * a00, s * a01, s * a02
    out[1, 0], out[1, 1] = s * a01, s * (m[0, 0] * m[2, 2] - m[0, 2] * m[0, 2])
    out[1, 2] = s * (m[0, 1] * m[0, 2] - m[0, 0] * m[1, 2])
    out[2, 0], out[2, 1], out[2, 2] = s * a02, out[1, 2], s * (m[0, 0] * m[1, 1] - m[0, 1] * m[0, 1])


@inner
@no_type_check
def _largest_root(c, zz, s00, s11, s22, s01, s02, s12, z0, z1, z2):
    """The largest eigenvalue of Davenport's matrix, from above by Newton's rule; c: its trace."""
    minors = s11 * s22 - s12 * s12 + s00 * s22 - s02 * s02 + s00 * s11 - s01 * s01
    det = s00 * (s11 * s22 - s12 * s12) - s01 * (s01 * s22 - s12 * s02) + s02 * (s01 * s12 - s11 * s02)
    t0, t1, t2 = s00 * z0 + s01 * z1 + s02 * z2, s01 * z0 + s11 * z1 + s12 * z2, s02 * z0 + s12 * z1 + s22 * z2
    a, b = c * c - minors, c * c + zz
    linear = det + z0 * t0 + z1 * t1 + z2 * t2
    constant = a * b + linear * c - (t0 * t0 + t1 * t1 + t2 * t2)
    root = np.sqrt(3.0)
    for _ in range(40):
        slope = (4 * root * root - 2 * (a + b)) * root - linear
        if slope <= 1e-14:
            break
        change = (((root * root - (a + b)) * root - linear) * root + constant) / slope
        root -= change
        if change < 1e-14:
            break
    return root


@inner
@no_type_check
def best_turn(c, out):
    """The rotation R with the greatest trace of R^T c: QUEST (Shuster and Oh 1981), without dividing.

    A half turn whose axis is open takes some axis; a matrix of zeros gives the identity.
    """
    size = 0.0
    for i in range(3):
        for k in range(3):
            size += c[i, k] * c[i, k]
    if size < TINY * TINY:
        from_quaternion(0.0, 0.0, 0.0, 1.0, out)
        return
    u = 1 / np.sqrt(size)
    z0, z1, z2 = (c[2, 1] - c[1, 2]) * u, (c[0, 2] - c[2, 0]) * u, (c[1, 0] - c[0, 1]) * u
    s00, s11, s22 = 2 * c[0, 0] * u, 2 * c[1, 1] * u, 2 * c[2, 2] * u
    s01, s02, s12 = (c[0, 1] + c[1, 0]) * u, (c[0, 2] + c[2, 0]) * u, (c[1, 2] + c[2, 1]) * u
    trace, zz = (s00 + s11 + s22) / 2, z0 * z0 + z1 * z1 + z2 * z2
    shift = _largest_root(trace, zz, s00, s11, s22, s01, s02, s12, z0, z1, z2) + trace
    m00, m11, m22, m01, m02, m12 = shift - s00, shift - s11, shift - s22, -s01, -s02, -s12
    a00, a11, a22 = m11 * m22 - m12 * m12, m00 * m22 - m02 * m02, m00 * m11 - m01 * m01
    a01, a02, a12 = m02 * m12 - m01 * m22, m01 * m12 - m02 * m11, m01 * m02 - m00 * m12
    w = m00 * a00 + m01 * a01 + m02 * a02
    x, y, z = a00 * z0 + a01 * z1 + a02 * z2, a01 * z0 + a11 * z1 + a12 * z2, a02 * z0 + a12 * z1 + a22 * z2
    if x * x + y * y + z * z + w * w > TINY:
        from_quaternion(x, y, z, w, out)
    elif max(a00, a11, a22) > 1e-6:
        _half_turn(a00, a11, a22, (a00, a01, a02), (a01, a11, a12), (a02, a12, a22), out)
    else:
        _open_half_turn(m00, m11, m22, (m00, m01, m02), (m01, m11, m12), (m02, m12, m22), out)


@inner
@no_type_check
def _longest(d0, d1, d2, r0, r1, r2):
    if d0 >= d1 and d0 >= d2:
        return r0
    return r1 if d1 >= d2 else r2


@inner
@no_type_check
def _half_turn(d0, d1, d2, r0, r1, r2, out):
    x, y, z = _longest(d0, d1, d2, r0, r1, r2)
    from_quaternion(x, y, z, 0.0, out)


@inner
@no_type_check
def _open_half_turn(d0, d1, d2, r0, r1, r2, out):
    x, y, z = _longest(d0, d1, d2, r0, r1, r2)
    if x * x + y * y + z * z < 1e-12:
        from_quaternion(0.0, 0.0, 0.0, 1.0, out)
        return
    x, y, z = across(x, y, z)
    from_quaternion(x, y, z, 0.0, out)


@inner
@no_type_check
def _into_range(angle, low, high):
    """The nearest angle of a range on the circle."""
    middle = 0.5 * (low + high)
    off = angle - middle
    off -= 2 * np.pi * np.round(off / (2 * np.pi))
    return middle + min(max(off, low - middle), high - middle)


@inner
@no_type_check
def _allowed_way(limit, x, y, z):
    """The nearest direction that a bone may take in its parent's frame."""
    if limit[0] == CONE:
        cx, cy, cz = limit[4], limit[5], limit[6]
        along = cx * x + cy * y + cz * z
        if along >= limit[7]:
            return x, y, z
        x, y, z = x - along * cx, y - along * cy, z - along * cz
        if x * x + y * y + z * z < 1e-12:
            x, y, z = across(cx, cy, cz)
        s = np.sqrt((1 - limit[7] * limit[7]) / (x * x + y * y + z * z))
        return limit[7] * cx + s * x, limit[7] * cy + s * y, limit[7] * cz + s * z
    bx, by, bz, hx, hy, hz = limit[1], limit[2], limit[3], limit[8], limit[9], limit[10]
    fx, fy, fz = hy * bz - hz * by, hz * bx - hx * bz, hx * by - hy * bx
    side = np.arcsin(min(max(hx * x + hy * y + hz * z, -1.0), 1.0))
    bend = np.arctan2(fx * x + fy * y + fz * z, bx * x + by * y + bz * z)
    bend = _into_range(bend, limit[11], limit[12])
    side = min(max(side, -limit[13]), limit[13])
    b, f, h = np.cos(side) * np.cos(bend), np.cos(side) * np.sin(bend), np.sin(side)
    return b * bx + f * fx + h * hx, b * by + f * fy + h * hy, b * bz + f * fz + h * hz


@inner
@no_type_check
def limit(limit, local, work):
    """Bring a joint's rotation against its parent into its limits.

    Returns how far the bone's direction moved, squared; negative where nothing was to be done.
    """
    if limit[0] == FREE:
        return -1.0
    bx, by, bz = limit[1], limit[2], limit[3]
    x, y, z = apply(local, bx, by, bz)
    p, q, r = _allowed_way(limit, x, y, z)
    moved = (p - x) ** 2 + (q - y) ** 2 + (r - z) ** 2
    turn, rest = work[0], work[1]
    if moved > 1e-14:
        arc(x, y, z, p, q, r, turn)
        multiply(turn, local, rest)
        local[:] = rest
    arc(bx, by, bz, p, q, r, turn)
    multiply_turned(turn, local, rest)
    sine = bx * (rest[2, 1] - rest[1, 2]) + by * (rest[0, 2] - rest[2, 0]) + bz * (rest[1, 0] - rest[0, 1])
    twist = np.arctan2(sine, rest[0, 0] + rest[1, 1] + rest[2, 2] - 1)
    allowed = _into_range(twist, limit[14], limit[15])
    if np.abs(np.sin(0.5 * (allowed - twist))) > 1e-7:
        from_vector(allowed * bx, allowed * by, allowed * bz, rest)
        multiply(turn, rest, local)
    elif moved <= 1e-14:
        return -1.0
    return moved


@inner
@no_type_check
def hinge_excess(limit, x, y, z):
    """How far to turn the upper bone about itself for a hinge to allow where the lower bone points, in radians.

    A knee or elbow that seems to bend aside or backward shows that the bone above it is twisted.
    """
    if limit[0] != HINGE:
        return 0.0
    azimuth, sine = hinge_azimuth(limit, x, y, z)
    aside, back = sine * np.sin(azimuth), -sine * np.cos(azimuth)
    if abs(aside) <= np.sin(limit[13]) and back <= np.sin(-limit[11]):
        return 0.0
    allowed = np.arcsin(min(1.0, 0.97 * np.sin(limit[13]) / sine))
    return azimuth - allowed if azimuth > 0 else azimuth + allowed


@inner
@no_type_check
def hinge_azimuth(limit, x, y, z):
    """Where a unit vector lies about the bone, from the plane that a hinge bends in, and its sine to the bone."""
    bx, by, bz, hx, hy, hz = limit[1], limit[2], limit[3], limit[8], limit[9], limit[10]
    forward = (hy * bz - hz * by) * x + (hz * bx - hx * bz) * y + (hx * by - hy * bx) * z
    aside = hx * x + hy * y + hz * z
    return np.arctan2(aside, forward), np.sqrt(forward * forward + aside * aside)


@inner
@no_type_check
def twist_by(rotation, x, y, z, angle, room):
    """Turn a rotation about a direction of its own axes that need not be a unit vector."""
    s = angle / np.sqrt(x * x + y * y + z * z + TINY)
    from_vector(s * x, s * y, s * z, room[0])
    multiply(rotation, room[0], room[1])
    rotation[:] = room[1]
