"""Joints as .npz: the layout of this project, for whoever has positions and no other format.

Keys: joints_m (T, J, 3) in metres, or joints with the unit said by --unit; names (J); and either frame_rate_hz or
timestamps_s (T). May hold confidence (T, J) of 0..1. A missing joint is NaN. motion.npz of this project is read too.
"""

from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float

from models.errors import InputError
from models.npz import DamagedNpzError, read_npz
from models.readers.given import Said, WorldPoints, need_length, need_rate
from models.readers.names import by_names, spread
from models.readers.world import Told, person_in_world
from models.skeletons import SMPL_JOINTS

MAX_BYTES: Final = 2**31
KEYS: Final = frozenset(
    {"joints_m", "joints", "names", "confidence", "frame_rate_hz", "mocap_framerate", "timestamps_s", "body_sha256"}
)


def read(path: Path, said: Said) -> tuple[WorldPoints, ...]:
    """The one person of a file.

    Raises:
        InputError: a key is missing, shapes do not fit each other, or as person_in_world.
    """
    arrays = arrays_of(path, KEYS)
    name = str(path)
    key = "joints_m" if "joints_m" in arrays else "joints"
    if key not in arrays:
        raise InputError(f"{name} has neither joints_m nor joints", "write joints_m with T frames, J joints, 3 metres")
    places = numbers(name, arrays, key, 3)
    names = _names(name, arrays, places.shape[1])
    weight = numbers(name, arrays, "confidence", 2) if "confidence" in arrays else np.ones(places.shape[:2])
    if weight.shape != places.shape[:2]:
        if "body_sha256" not in arrays:
            shapes = f"confidence {weight.shape}, {key} {places.shape}"
            raise InputError(f"{name}: {shapes} do not fit", "write a confidence for each joint of each frame")
        weight = np.ones(places.shape[:2])
    layout = by_names(name, names, said)
    points = WorldPoints(
        label="0",
        set_name=layout[0],
        timestamps_s=_times(name, arrays, len(places), said),
        points_m=spread(places, layout),
        confidence=spread(np.ones(places.shape[:2]), layout),
    )
    told = Told("m" if key == "joints_m" else None, "y" if "body_sha256" in arrays else None)
    return (person_in_world(name, points, said=said, told=told, weight=spread(weight, layout)),)


def arrays_of(path: Path, keys: frozenset[str]) -> dict[str, np.ndarray]:
    """Some arrays of an .npz file; raises InputError when it is damaged."""
    try:
        return read_npz(path, MAX_BYTES, keys)
    except DamagedNpzError as error:
        raise InputError(f"{path} is no .npz file that can be read ({error})", "write it with numpy.savez") from error


def numbers(name: str, arrays: dict[str, np.ndarray], key: str, axes: int) -> Float[np.ndarray, "*shape"]:
    """An array of numbers with so many axes.

    Raises:
        InputError: it is none.
    """
    if key not in arrays:
        raise InputError(f"{name} has no {key}", f"write {key}")
    values = arrays[key]
    if values.dtype.kind not in "fiub" or values.ndim != axes or (axes == 3 and values.shape[-1] != 3):
        raise InputError(
            f"{name}: {key} is {values.dtype} {values.shape}", f"write numbers with {axes} axes as docs/ways-in.md says"
        )
    return values.astype(np.float64)


def _names(name: str, arrays: dict[str, np.ndarray], count: int) -> list[str]:
    if "names" not in arrays and "body_sha256" in arrays and count == len(SMPL_JOINTS):
        return list(SMPL_JOINTS)
    names = [str(each) for each in np.atleast_1d(arrays.get("names", np.array([], dtype=str))).reshape(-1)]
    if len(names) != count:
        raise InputError(
            f"{name} has {len(names)} names for {count} joints", "write the names of all joints as 'names'"
        )
    return names


def _times(name: str, arrays: dict[str, np.ndarray], frames: int, said: Said) -> Float[np.ndarray, " frames"]:
    need_length(name, [("joints", frames)])
    if "timestamps_s" in arrays and said.rate_hz is None:
        times_s = numbers(name, arrays, "timestamps_s", 1)
        need_length(name, [("joints", frames), ("timestamps_s", len(times_s))])
        if not (np.isfinite(times_s).all() and (np.diff(times_s) > 0).all()):
            raise InputError(f"{name}: timestamps_s do not rise", "write seconds that rise from frame to frame")
        return times_s
    told = next((arrays[key] for key in ("frame_rate_hz", "mocap_framerate") if key in arrays), None)
    told_hz = None if told is None or told.size != 1 else float(told.reshape(-1)[0])
    return np.arange(frames) / need_rate(said, told_hz, f"{name} has neither frame_rate_hz nor timestamps_s")
