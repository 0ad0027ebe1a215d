"""How far two cameras contradict each other about where the same point is."""

import numpy as np
from jaxtyping import Float

from models.camera import rays_of
from models.cameras.calibration import CalibratedCamera


def essential(first: CalibratedCamera, second: CalibratedCamera) -> Float[np.ndarray, "3 3"]:
    """E with ray₂ᵀ E ray₁ = 0 for rays z = 1 of the same point."""
    second_from_first = second.camera_from_world @ np.linalg.inv(first.camera_from_world)
    x, y, z = second_from_first[:3, 3]
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ second_from_first[:3, :3]


def distance_px(
    first_px: Float[np.ndarray, "*batch 2"],
    second_px: Float[np.ndarray, "*batch 2"],
    first: CalibratedCamera,
    second: CalibratedCamera,
) -> Float[np.ndarray, "*batch"]:
    """Sampson's distance with its sign: how far the pair of points would have to move to see one point, in pixels.

    Args:
        first_px, second_px: without distortion; NaN gives NaN.
    """
    a, b = rays_of(first_px, first.camera_matrix), rays_of(second_px, second.camera_matrix)
    form = essential(first, second)
    line_in_second, line_in_first = a @ form.T, b @ form
    focal = [camera.camera_matrix[[0, 1], [0, 1]] for camera in (first, second)]
    slope = ((line_in_first[..., :2] / focal[0]) ** 2).sum(-1) + ((line_in_second[..., :2] / focal[1]) ** 2).sum(-1)
    return (b * line_in_second).sum(-1) / np.sqrt(np.maximum(slope, 1e-24))
