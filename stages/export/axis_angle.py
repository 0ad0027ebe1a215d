"""Turns rotations into axis-angle vectors that do not jump where a turn passes 180 degrees."""

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation


def continuous_axis_angle(
    rotation: Float[np.ndarray, "frames joints 3 3"],
) -> Float[np.ndarray, "frames joints 3"]:
    """Axis times angle (radians), up to three quarters of a turn long.

    The shortest vector, as everybody writes it, flips its sign at half a turn, where a person who turns round may stay
    and tremble. Here the vector grows on to three quarters of a turn and only then changes to the short way round: one
    jump a full turn, the fewest that three numbers allow, and none back and forth.
    """
    short = Rotation.from_matrix(rotation.reshape(-1, 3, 3)).as_rotvec().reshape(rotation.shape[:-1])
    angle_rad = np.linalg.norm(short, axis=-1)
    axis = short / np.maximum(angle_rad, 1e-12)[..., None]
    flips = np.sum(axis[1:] * axis[:-1], axis=-1) < 0
    sign = 1.0 - 2.0 * (np.cumsum(np.pad(flips, ((1, 0), (0, 0))), axis=0) % 2)
    wound_rad = np.unwrap(sign * angle_rad, axis=0)
    wanted_rad = wound_rad - 2 * np.pi * _steady_turns(wound_rad)
    return axis * (sign * wanted_rad)[..., None]


def _steady_turns(wound_rad: Float[np.ndarray, "frames joints"]) -> Float[np.ndarray, "frames joints"]:
    """Whole turns to take off; where it is unclear which way round is shorter, as many as in the last clear frame."""
    turns = np.round(wound_rad / (2 * np.pi))
    is_clear = np.abs(wound_rad - 2 * np.pi * turns) < np.pi / 2
    is_clear[0] = True
    frame = np.arange(len(turns))[:, None]
    last_clear = np.maximum.accumulate(np.where(is_clear, frame, 0), axis=0)
    return np.take_along_axis(turns, last_clear, axis=0)
