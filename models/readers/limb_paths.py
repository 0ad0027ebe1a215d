"""Paths of hands and feet relative to the roots of their limbs: a table (.csv) or arrays (.npz), whole or key frames.

Layout, of this project. A .csv has a row of names and then numbers: time_s, and for each limb given (left_arm,
right_arm, left_leg, right_leg) three columns such as left_arm_x, left_arm_y, left_arm_z. They tell where wrist or ankle
is from shoulder or hip, in metres, in the axes of the chest (spine3) or the pelvis: x to the person's left, y up, z
ahead. An empty cell is a missing one. A .npz has timestamps_s (T), and left_arm and so on as (T, 3), NaN for missing.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from models.errors import InputError
from models.readers.given import MAX_FRAMES, UNIT_M, Said, need_length, need_rate
from models.readers.joints_npz import arrays_of, numbers

LIMBS: Final = ("left_arm", "right_arm", "left_leg", "right_leg")
MAX_BYTES: Final = 2**28
LONGEST_M: Final = 1.5
"""No limb reaches farther."""
KEYS_APART: Final = 1.5
"""Rows are key frames when they stand so many steps of the rate apart."""


@dataclass(frozen=True, eq=False)
class LimbPaths:
    """Attributes:
    rate_hz: constant.
    timestamps_s: of all frames.
    end_m: by limb; NaN where nothing is known.
    """

    rate_hz: int
    timestamps_s: Float[np.ndarray, " frames"]
    end_m: Mapping[str, Float[np.ndarray, "frames 3"]]


def read(path: Path, said: Said) -> LimbPaths:
    """The paths of a file at a constant whole rate; between key frames on cubic splines.

    Raises:
        InputError: the file is not in one of these layouts, times do not rise, or an end is out of every reach.
    """
    times_s, given = _from_npz(path) if path.suffix == ".npz" else _from_csv(path)
    need_length(str(path), [("time", len(times_s))])
    if not (np.isfinite(times_s).all() and (np.diff(times_s) > 0).all()):
        raise InputError(f"{path}: times do not rise", "write seconds that rise from row to row")
    scale = UNIT_M[said.unit or "m"]
    given = {limb: values * scale for limb, values in given.items()}
    for limb, values in given.items():
        reach_m = float(np.nanmax(np.linalg.norm(values, axis=1), initial=0.0))
        if reach_m > LONGEST_M or not np.isfinite(values).any():
            raise InputError(f"{path}: {limb} reaches {reach_m:.4g} m", "write metres from shoulder or hip, or --unit")
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 1.0
    rate_hz = round(need_rate(said, None if len(times_s) < 2 else 1 / step_s, f"{path} has one row"))
    wanted_s = times_s[0] + np.arange(int((times_s[-1] - times_s[0]) * rate_hz + 1e-6) + 1) / rate_hz
    if len(wanted_s) > MAX_FRAMES:
        raise InputError(f"{path} lasts {times_s[-1] - times_s[0]:.0f} s", "cut it into shorter clips")
    are_keys = step_s * rate_hz > KEYS_APART
    return LimbPaths(
        rate_hz, wanted_s, {limb: _at(times_s, values, wanted_s, keys=are_keys) for limb, values in given.items()}
    )


def _at(times_s: np.ndarray, values: np.ndarray, wanted_s: np.ndarray, *, keys: bool) -> np.ndarray:
    """Key frames by a spline through those that are there; paths by lines, gaps staying gaps."""
    known = np.isfinite(values).all(axis=1)
    if keys:
        if known.sum() == 1:
            return np.broadcast_to(values[known], (len(wanted_s), 3)).copy()
        found = CubicSpline(times_s[known], values[known], bc_type="natural")(wanted_s)
        inside = (wanted_s >= times_s[known][0] - 1e-9) & (wanted_s <= times_s[known][-1] + 1e-9)
        return np.where(inside[:, None], found, np.nan)
    return np.stack([np.interp(wanted_s, times_s, column) for column in values.T], axis=1)


def _from_npz(path: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    name, arrays = str(path), arrays_of(path, frozenset({"timestamps_s", *LIMBS}))
    times_s = numbers(name, arrays, "timestamps_s", 1)
    given = {limb: numbers(name, arrays, limb, 2) for limb in LIMBS if limb in arrays}
    need_length(name, [("timestamps_s", len(times_s)), *((limb, len(values)) for limb, values in given.items())])
    if not given or any(values.shape[1] != 3 for values in given.values()):
        raise InputError(f"{name} has no paths of three columns", f"write {', '.join(LIMBS)}, or some of them")
    return times_s, given


def _from_csv(path: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} has more than {MAX_BYTES} bytes", "cut it into shorter clips")
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})", "name a readable file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is no table ({error})", "write a .csv file") from error
    head = [cell.strip() for cell in rows[0]] if rows else []
    wanted = {limb: [f"{limb}_{axis}" for axis in "xyz"] for limb in LIMBS}
    limbs = [limb for limb, columns in wanted.items() if set(columns) <= set(head)]
    if "time_s" not in head or not limbs or len(rows) < 2:
        raise InputError(
            f"{path} has the columns {', '.join(head[:12])}", "write time_s, and left_arm_x, left_arm_y, left_arm_z ..."
        )
    table = np.array([_cells(row, number, len(head), path) for number, row in enumerate(rows[1:], start=2)])
    columns = {name: table[:, column] for column, name in enumerate(head)}
    return columns["time_s"], {limb: np.stack([columns[name] for name in wanted[limb]], axis=1) for limb in limbs}


def _cells(row: list[str], number: int, width: int, path: Path) -> list[float]:
    try:
        values = [float(cell) if cell.strip() else np.nan for cell in row]
    except ValueError:
        values = []
    if len(values) != width:
        raise InputError(f"{path}, line {number}: {len(row)} cells for {width} columns, or no numbers", "correct it")
    return values
