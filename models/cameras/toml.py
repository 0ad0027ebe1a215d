"""Calibrations in TOML: one table for each camera, as Pose2Sim, Caliscope and aniposelib write them.

`rotation` is a rotation vector from the world to the camera, `translation` metres. Read for the layout: Pose2Sim's
demo (perfanalytics/pose2sim, Demo_SinglePerson/calibration/Calib_scene.toml).
"""

import tomllib
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.spatial.transform import Rotation

from models.cameras.calibration import Written
from models.errors import InputError

KEYS: Final = ("size", "matrix", "distortions", "rotation", "translation")


def read(text: str, path: Path) -> list[Written]:
    """Read the tables that hold a camera; others, such as [metadata], are passed over.

    Raises:
        InputError: it is no TOML, a camera lacks a value, or it is a fisheye.
    """
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path} is no TOML ({error})", "give the file as the calibration program wrote it") from error
    # Newer files of Caliscope keep all cameras under one name.
    if isinstance(tables.get("cameras"), dict):
        tables |= tables["cameras"]
    return [
        _camera(name, table, path) for name, table in tables.items() if isinstance(table, dict) and "matrix" in table
    ]


def _camera(name: str, table: dict[str, Any], path: Path) -> Written:
    missing = [key for key in KEYS if key not in table]
    if missing:
        raise InputError(f"camera {name!r} of {path} has no {missing[0]}", "calibrate it, or remove its table")
    if table.get("fisheye"):
        raise InputError(f"camera {name!r} of {path} is a fisheye", "take its distortion out of the video first")
    try:
        values = {key: np.array(table[key], dtype=float) for key in KEYS}
        turn = values["rotation"]
        turn = turn if turn.shape == (3, 3) else Rotation.from_rotvec(turn).as_matrix()
    except (TypeError, ValueError) as error:
        raise InputError(f"camera {name!r} of {path} holds no numbers ({error})", "calibrate it anew") from error
    label = str(table.get("name", name))
    size = values["size"].ravel().tolist()
    return Written(label, size, values["matrix"], values["distortions"], turn, values["translation"].ravel())
