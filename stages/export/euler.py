"""Turns rotations into the Euler angles of a BVH, steady in time."""

import numpy as np
from jaxtyping import Float


def continuous_euler_zxy(rotation: Float[np.ndarray, "frames joints 3 3"]) -> Float[np.ndarray, "frames joints 3"]:
    """Angles z, x, y (radians) with rotation = Rz Rx Ry, as steady in time as they can be.

    Of the two solutions of every frame the one nearer to the last frame's is taken, and no angle jumps by a turn. In
    gimbal lock z stays as it was and y takes up what is left, so that the rotation is met there, too.
    """
    z_rad = _z_angles(rotation)
    candidates = np.stack([_angles_given_z(rotation, z_rad), _angles_given_z(rotation, z_rad + np.pi)])
    # Going from solution 0 to 1 costs what going from 1 to 0 does, so the choice needs no search over time.
    stay_rad, change_rad = (_turned(candidates[other][1:] - candidates[0][:-1]) for other in (0, 1))
    changes = np.abs(change_rad).sum(axis=-1) < np.abs(stay_rad).sum(axis=-1)
    chosen = np.cumsum(np.pad(changes, ((1, 0), (0, 0))), axis=0) % 2 == 1
    return np.unwrap(np.where(chosen[..., None], candidates[1], candidates[0]), axis=0)


def _z_angles(rotation: Float[np.ndarray, "frames joints 3 3"]) -> Float[np.ndarray, "frames joints"]:
    sine, cosine = -rotation[..., 0, 1], rotation[..., 1, 1]
    is_known = np.hypot(sine, cosine) > 1e-7
    is_known[0] = True
    frame = np.arange(len(rotation))[:, None]
    last_known = np.maximum.accumulate(np.where(is_known, frame, 0), axis=0)
    return np.take_along_axis(np.arctan2(sine, cosine), last_known, axis=0)


def _angles_given_z(
    rotation: Float[np.ndarray, "frames joints 3 3"], z_rad: Float[np.ndarray, "frames joints"]
) -> Float[np.ndarray, "frames joints 3"]:
    """x and y from Rz(z)^T rotation = Rx Ry, whose first row is (cos y, 0, sin y)."""
    cos_z, sin_z = np.cos(z_rad), np.sin(z_rad)
    x_rad = np.arctan2(rotation[..., 2, 1], cos_z * rotation[..., 1, 1] - sin_z * rotation[..., 0, 1])
    cos_y = cos_z * rotation[..., 0, 0] + sin_z * rotation[..., 1, 0]
    sin_y = cos_z * rotation[..., 0, 2] + sin_z * rotation[..., 1, 2]
    return np.stack([z_rad, x_rad, np.arctan2(sin_y, cos_y)], axis=-1)


def _turned(angle_rad: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch"]:
    """The same angle between minus and plus half a turn."""
    return (angle_rad + np.pi) % (2 * np.pi) - np.pi
