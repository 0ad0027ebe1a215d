"""Calibrated cameras: where each stands in a common world, and what its lens does."""

from models.cameras.calibration import CalibratedCamera, in_order, read_calibration
from models.cameras.lens import undistort

__all__ = ["CalibratedCamera", "in_order", "read_calibration", "undistort"]
