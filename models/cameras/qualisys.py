"""Calibrations of Qualisys Track Manager: .qca.txt, which is XML.

Lengths of the lens are in 64ths of a pixel; positions in millimetres; the nine numbers r11..r33, row by row, turn the
world into a camera that looks along its -z with y up. Read for the layout: Pose2Sim's converter
(perfanalytics/pose2sim, Pose2Sim/calibration.py). That distortion is in no need of the 64 is an assumption: it has no
unit.
"""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

import numpy as np

from models.cameras.calibration import Written
from models.errors import InputError

PARTS: Final = 64.0
MM: Final = 1e-3
_LOOK: Final = np.diag([1.0, -1.0, -1.0])
_LENS: Final = (
    "radialDistortion1",
    "radialDistortion2",
    "tangentalDistortion1",
    "tangentalDistortion2",
    "radialDistortion3",
)


def read(text: str, path: Path) -> list[Written]:
    """Read the cameras that film; those that only see markers are passed over.

    Raises:
        InputError: it is no such file, or a camera was filmed on its side.
    """
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise InputError(f"{path} defines entities", "give the file as Qualisys Track Manager wrote it")
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise InputError(f"{path} is no XML ({error})", "give the file as Qualisys Track Manager wrote it") from error
    cameras = [camera for camera in root.iter("camera") if _films(camera)]
    return [_camera(camera, path) for camera in cameras]


def _films(camera: ET.Element) -> bool:
    model = camera.get("model", "").lower()
    return "video" in model or "none" in model


def _camera(camera: ET.Element, path: Path) -> Written:
    name = camera.get("serial", "?")
    if camera.get("viewrotation", "0") != "0":
        raise InputError(
            f"camera {name!r} of {path} was turned by {camera.get('viewrotation')} degrees",
            "convert the calibration with Pose2Sim, and give the .toml",
        )
    lens, view, pose = (camera.find(part) for part in ("intrinsic", "fov_video", "transform"))
    if lens is None or view is None or pose is None:
        raise InputError(f"camera {name!r} of {path} is not calibrated", "calibrate it, or remove it")
    try:
        left, top, right, bottom = (float(view.attrib[side]) for side in ("left", "top", "right", "bottom"))
        focal_u, focal_v, centre_u, centre_v = (
            float(lens.attrib[key]) / PARTS for key in ("focalLengthU", "focalLengthV", "centerPointU", "centerPointV")
        )
        distortion = np.array([float(lens.get(key, "0")) for key in _LENS])
        turn = np.array([[float(pose.attrib[f"r{row}{col}"]) for col in (1, 2, 3)] for row in (1, 2, 3)])
        place_m = np.array([float(pose.attrib[axis]) for axis in "xyz"]) * MM
    except (KeyError, ValueError) as error:
        raise InputError(f"camera {name!r} of {path} lacks a number ({error})", "calibrate it anew") from error
    matrix = np.array([[focal_u, 0, centre_u - left], [0, focal_v, centre_v - top], [0, 0, 1.0]])
    camera_from_world = _LOOK @ turn
    size = (right - left + 1, bottom - top + 1)
    return Written(name, size, matrix, distortion, camera_from_world, -camera_from_world @ place_m)
