"""Made cameras about a made walker, and the files that say where they stand."""

import numpy as np
from scipy.spatial.transform import Rotation

from models.camera import pinhole, project
from models.cameras.calibration import CalibratedCamera
from tests.models.toy_walker import walker_m

SIZE_PX = (1280, 720)


def camera_at(name, heading_deg, distance_m=4.0, height_m=1.4, distortion=(0, 0, 0, 0, 0), focal_px=900.0):
    """A camera on a circle about the origin of a world with Y up, looking at a point 1 m above it."""
    heading = np.radians(heading_deg)
    place = np.array([distance_m * np.sin(heading), height_m, distance_m * np.cos(heading)])
    forward = np.array([0, 1.0, 0]) - place
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 1.0, 0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward])
    pose[:3, 3] = -pose[:3, :3] @ place
    return CalibratedCamera(
        name,
        (float(SIZE_PX[0]), float(SIZE_PX[1])),
        pinhole(focal_px, *SIZE_PX),
        np.array(distortion, dtype=float),
        pose,
    )


def walker_in_world_m(times_s):
    """The toy walker, on the floor about the origin, Y up."""
    points_m = walker_m(times_s, distance_m=4.0) * [1, -1, -1] + [0, 0, 4.0]
    return points_m - [0, points_m[..., 1].min(), 0]


def seen_by(camera, points_m):
    """Pixels of points, by a pinhole."""
    return project(
        points_m @ camera.camera_from_world[:3, :3].T + camera.camera_from_world[:3, 3], camera.camera_matrix
    )


def toml_of(cameras, scale=1.0):
    """The cameras as Pose2Sim writes them."""
    return "\n".join(
        f"[{c.name}]\nname = '{c.name}'\nsize = {list(map(float, c.size_px))}\n"
        f"matrix = {(c.camera_matrix - [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]]).tolist()}\n"
        f"distortions = {c.distortion[:4].tolist()}\n"
        f"rotation = {Rotation.from_matrix(c.camera_from_world[:3, :3]).as_rotvec().tolist()}\n"
        f"translation = {(scale * c.camera_from_world[:3, 3]).tolist()}\nfisheye = false\n"
        for c in cameras
    )
