"""Where rays of several cameras meet, one of which may be wrong."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float

from models.camera import project, rays_of
from models.cameras.calibration import CalibratedCamera

ROUNDS: Final = 4
LEAST_M: Final = 0.05


def triangulate(
    pixels: Float[np.ndarray, "views *batch 2"],
    sigma_px: Float[np.ndarray, "views *batch"],
    cameras: Sequence[CalibratedCamera],
) -> Float[np.ndarray, "*batch 3"]:
    """Points in the calibration's world; NaN where fewer than two cameras see them, or in front of none.

    Least squares of the distances between point and rays, each weighed anew by its depth and, with three cameras or
    more, by how well it agrees (Cauchy).

    Args:
        pixels: without distortion; NaN where not seen.
        sigma_px: how far each may be off.
    """
    rays, origins_m = _world_rays(pixels, cameras)
    seen = np.isfinite(pixels).all(axis=-1)
    focal_px = np.array([camera.camera_matrix[0, 0] for camera in cameras]).reshape(-1, *[1] * (pixels.ndim - 2))
    sharp = np.where(seen, focal_px / np.maximum(sigma_px, 1e-6), 0.0) ** 2
    points_m = _first_meeting(rays, origins_m, sharp, (pixels, sigma_px, cameras))
    for _ in range(ROUNDS):
        away_m = np.linalg.norm(points_m - _spread(origins_m, pixels.ndim), axis=-1)
        weight = sharp / np.maximum(away_m, LEAST_M) ** 2
        if len(cameras) > 2:
            weight = weight / (1 + _misses(points_m, pixels, sigma_px, cameras) / 4)
        points_m = _meet(rays, origins_m, np.nan_to_num(weight))
    ahead = np.stack([_in_camera(points_m, camera)[..., 2] > LEAST_M for camera in cameras])
    enough = (seen & ahead).sum(axis=0) >= 2
    return np.where(enough[..., None], points_m, np.nan)


def _world_rays(pixels: np.ndarray, cameras: Sequence[CalibratedCamera]) -> tuple[np.ndarray, np.ndarray]:
    rays = np.stack(
        [rays_of(px, c.camera_matrix) @ c.camera_from_world[:3, :3] for px, c in zip(pixels, cameras, strict=True)]
    )
    origins_m = np.stack([np.linalg.inv(camera.camera_from_world)[:3, 3] for camera in cameras])
    return np.nan_to_num(rays / np.linalg.norm(rays, axis=-1, keepdims=True)), origins_m


def _spread(origins_m: np.ndarray, dimensions: int) -> np.ndarray:
    return origins_m.reshape(len(origins_m), *[1] * (dimensions - 2), 3)


def _first_meeting(
    rays: np.ndarray,
    origins_m: np.ndarray,
    sharp: np.ndarray,
    seen: tuple[np.ndarray, np.ndarray, Sequence[CalibratedCamera]],
) -> np.ndarray:
    """Where all rays meet, or all but one of three and more: whichever agrees best with most of them."""
    best_m = _meet(rays, origins_m, sharp)
    if len(rays) < 3:
        return best_m
    best = _contradiction(best_m, *seen)
    for left_out in range(len(rays)):
        weight = sharp.copy()
        weight[left_out] = 0
        other_m = _meet(rays, origins_m, weight)
        other = _contradiction(other_m, *seen)
        better = other < best
        best_m, best = np.where(better[..., None], other_m, best_m), np.where(better, other, best)
    return best_m


def _contradiction(
    points_m: np.ndarray, pixels: np.ndarray, sigma_px: np.ndarray, cameras: Sequence[CalibratedCamera]
) -> np.ndarray:
    cost = np.nan_to_num(np.log1p(_misses(points_m, pixels, sigma_px, cameras) / 4)).sum(axis=0)
    return np.where(np.isfinite(points_m).all(axis=-1), cost, np.inf)


def _meet(rays: np.ndarray, origins_m: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The point nearest to all rays; NaN where the rays leave it open."""
    across = np.eye(3) - rays[..., :, None] * rays[..., None, :]
    across = across * weight[..., None, None]
    normal = across.sum(axis=0)
    right = (across @ _spread(origins_m, rays.ndim)[..., None]).sum(axis=0)
    open_ = (weight > 0).sum(axis=0) < 2
    scale = np.maximum(np.trace(normal, axis1=-2, axis2=-1), 1e-12)[..., None, None]
    points_m = np.linalg.solve(normal / scale + 1e-12 * np.eye(3), right / scale)[..., 0]
    return np.where(open_[..., None], np.nan, points_m)


def _misses(
    points_m: np.ndarray, pixels: np.ndarray, sigma_px: np.ndarray, cameras: Sequence[CalibratedCamera]
) -> np.ndarray:
    """Squared error of every view in units of what is expected."""
    found = np.stack([project(_in_camera(points_m, camera), camera.camera_matrix) for camera in cameras])
    return ((found - pixels) ** 2).sum(axis=-1) / sigma_px**2


def _in_camera(points_m: np.ndarray, camera: CalibratedCamera) -> np.ndarray:
    return points_m @ camera.camera_from_world[:3, :3].T + camera.camera_from_world[:3, 3]
