"""Motion as curves: rotations about their mean, and ways, as weighted sums of smooth functions of time."""

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation

Basis = Float[np.ndarray, "times functions"]
Turns = Float[np.ndarray, "times joints 3 3"]


def waves(phase: Float[np.ndarray, " times"], harmonics: int) -> Basis:
    """Fourier's functions of a phase counted in cycles: 1, then cosines, then sines."""
    angle = 2 * np.pi * phase[:, None] * np.arange(1, harmonics + 1)
    return np.concatenate([np.ones((len(phase), 1)), np.cos(angle), np.sin(angle)], axis=1)


def fit(basis: Basis, values: Float[np.ndarray, "times *axes"]) -> Float[np.ndarray, "functions *axes"]:
    """The weights of the sum that comes nearest to the values (least squares)."""
    weights = np.linalg.lstsq(basis, values.reshape(len(values), -1), rcond=None)[0]
    return weights.reshape(-1, *values.shape[1:])


def fit_turns(
    basis: Basis, rotation: Turns
) -> tuple[Float[np.ndarray, "joints 3 3"], Float[np.ndarray, "functions joints 3"]]:
    """Each joint's mean rotation, and the weights of the rotation vectors that lead from it to the rotations.

    No rotation may be half a turn from the mean.
    """
    mean, swing_rad = _about_mean(rotation)
    return mean, fit(basis, swing_rad)


def turns(
    mean: Float[np.ndarray, "joints 3 3"], weights_rad: Float[np.ndarray, "functions joints 3"], basis: Basis
) -> Turns:
    """The rotations that fit_turns describes, at the times of the basis."""
    return _swung(mean, np.tensordot(basis, weights_rad, axes=1))


def through_keys(
    keys_s: Float[np.ndarray, " keys"],
    rotation: Float[np.ndarray, "keys joints 3 3"],
    times_s: Float[np.ndarray, " times"],
) -> Turns:
    """Rotations that pass through key poses smoothly, and rest before the first and after the last."""
    mean, swing_rad = _about_mean(rotation)
    curve = CubicSpline(keys_s, swing_rad, bc_type="clamped")
    return _swung(mean, curve(np.clip(times_s, keys_s[0], keys_s[-1])))


def _about_mean(rotation: Turns) -> tuple[Float[np.ndarray, "joints 3 3"], Float[np.ndarray, "times joints 3"]]:
    """Each joint's mean rotation, and the rotation vectors that lead from it to the rotations."""
    mean = np.stack([Rotation.from_matrix(rotation[:, joint]).mean().as_matrix() for joint in range(rotation.shape[1])])
    swing = Rotation.from_matrix((np.swapaxes(mean, -1, -2) @ rotation).reshape(-1, 3, 3)).as_rotvec()
    return mean, swing.reshape(*rotation.shape[:2], 3)


def _swung(mean: Float[np.ndarray, "joints 3 3"], swing_rad: Float[np.ndarray, "times joints 3"]) -> Turns:
    return mean @ Rotation.from_rotvec(swing_rad.reshape(-1, 3)).as_matrix().reshape(*swing_rad.shape, 3)
