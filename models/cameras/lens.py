"""Takes out what a lens does to a picture."""

import cv2
import numpy as np
from jaxtyping import Float

from models.cameras.calibration import CalibratedCamera


def undistort(pixels: Float[np.ndarray, "*batch 2"], camera: CalibratedCamera) -> Float[np.ndarray, "*batch 2"]:
    """Where a pinhole of the same matrix would have seen the points; NaN stays NaN."""
    flat = pixels.reshape(-1, 1, 2)
    known = np.isfinite(flat).all(axis=(1, 2))
    straight = np.full_like(flat, np.nan)
    if known.any():
        straight[known] = cv2.undistortPoints(
            flat[known], camera.camera_matrix, camera.distortion, P=camera.camera_matrix
        )
    return straight.reshape(pixels.shape)
