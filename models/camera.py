"""How points in front of a pinhole camera become pixels, and what pixels say about where points are.

In numpy: the banded fit and the drawing that use it are.
"""

import math

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation


def focal_length_from_view(field_of_view_rad: float, side_px: int) -> float:
    """Focal length in pixels of a camera that sees `side_px` pixels within the angle."""
    return side_px / (2 * math.tan(field_of_view_rad / 2))


def pinhole(focal_length_px: float, width_px: int, height_px: int) -> Float[np.ndarray, "3 3"]:
    """Camera matrix with square pixels whose axis meets the picture in its centre."""
    return np.array([[focal_length_px, 0, width_px / 2], [0, focal_length_px, height_px / 2], [0, 0, 1.0]])


def normalise_pixels(
    pixels: Float[np.ndarray, "*batch 2"], camera_matrix: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "*batch 2"]:
    """Where the rays of pixels meet the plane z = 1 of the camera."""
    return (pixels - camera_matrix[:2, 2]) / camera_matrix[[0, 1], [0, 1]]


def rays_of(
    pixels: Float[np.ndarray, "*batch 2"], camera_matrix: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "*batch 3"]:
    """Where they meet the plane z = 1, in camera axes."""
    flat = normalise_pixels(pixels, camera_matrix)
    return np.concatenate([flat, np.ones((*flat.shape[:-1], 1))], axis=-1)


def camera_from_world(
    world_from_camera: Float[np.ndarray, "4 4"], camera_from_steady: Float[np.ndarray, "turns 3 3"], frames: int
) -> Float[np.ndarray, "frames 3 4"]:
    """Where the world lies for the camera in every frame: the columns of a turn, then a shift in metres.

    Args:
        world_from_camera: where the camera stands, and looks to while it does not turn.
        camera_from_steady: how it has turned from there; no rows for a camera that stands still.
    """
    steady = np.broadcast_to(np.linalg.inv(world_from_camera)[:3], (frames, 3, 4))
    return camera_from_steady @ steady if len(camera_from_steady) else steady


def project(
    points_m: Float[np.ndarray, "*batch 3"], camera_matrix: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "*batch 2"]:
    """Pixels of points in camera axes; meaningless for points that are not in front of the camera (z <= 0)."""
    return points_m[..., :2] / points_m[..., 2:] * camera_matrix[[0, 1], [0, 1]] + camera_matrix[:2, 2]


def project_jacobian(
    points_m: Float[np.ndarray, "*batch 3"], camera_matrix: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "*batch 2 3"]:
    """Change of `project` with the points, pixels per metre."""
    scale = camera_matrix[[0, 1], [0, 1]] / points_m[..., 2:]
    jacobian = np.zeros((*points_m.shape[:-1], 2, 3))
    jacobian[..., 0, 0] = scale[..., 0]
    jacobian[..., 1, 1] = scale[..., 1]
    jacobian[..., 2] = -scale * points_m[..., :2] / points_m[..., 2:]
    return jacobian


def camera_from_ray(
    pixels: Float[np.ndarray, "*batch 2"], camera_matrix: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "*batch 3 3"]:
    """The smallest rotation that turns the camera's z axis onto the ray of each pixel.

    A picture cut out about a pixel looks as if taken along that ray; this turns what was read off it to camera axes.
    """
    flat = normalise_pixels(pixels, camera_matrix).reshape(-1, 2)
    tilt = np.hypot(flat[:, 0], flat[:, 1])
    axis = np.stack([-flat[:, 1], flat[:, 0], np.zeros(len(flat))], axis=1) / np.maximum(tilt, 1e-12)[:, None]
    turned = Rotation.from_rotvec(axis * np.arctan(tilt)[:, None]).as_matrix()
    return turned.reshape(*pixels.shape[:-1], 3, 3)


def place_by_pixels(
    shape_m: Float[np.ndarray, "*batch points 3"],
    pixels: Float[np.ndarray, "*batch points 2"],
    weight: Float[np.ndarray, "*batch points"],
    camera_matrix: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "*batch 3"]:
    """Translation that brings a shape of known size and orientation onto its pixels.

    Linear least squares on x - u z = 0 for every normalised pixel (u, v), and alike for y; needs two points of
    positive weight that do not share a pixel.
    """
    rays = normalise_pixels(pixels, camera_matrix)
    rows = np.zeros((*rays.shape, 3))
    rows[..., 0, 0] = rows[..., 1, 1] = 1
    rows[..., 2] = -rays
    target = rays * shape_m[..., 2:] - shape_m[..., :2]
    normal = np.einsum("...p,...pri,...prj->...ij", weight, rows, rows)
    right = np.einsum("...p,...pri,...pr->...i", weight, rows, target)
    return np.linalg.solve(normal, right[..., None])[..., 0]


def world_from_level_camera(height_m: float, pitch_rad: float = 0.0) -> Float[np.ndarray, "4 4"]:
    """Pose of a camera without roll in a world with Y up, whose origin lies on the floor below the camera.

    Args:
        height_m: of the camera above the floor.
        pitch_rad: how far the camera looks down; 0 is level.
    """
    pose = np.eye(4)
    pose[:3, :3] = np.diag([1.0, -1.0, -1.0]) @ Rotation.from_rotvec([-pitch_rad, 0, 0]).as_matrix()
    pose[1, 3] = height_m
    return pose
