"""Reads a motion or points of any format as joints by the names of body parts, for benchmark.compare."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from models.bodies import load_body
from models.errors import InputError
from models.readers.given import Said
from models.readers.names import parts_of
from models.readers.registry import IN_WORLD, MOTIONS
from models.skeletons import SMPL_JOINTS
from stages import retarget
from stages.contracts import Motion
from stages.given.body_motion import adopt

ENDINGS: Final = {".bvh": "bvh", ".trc": "trc", ".c3d": "c3d", ".pt": "gvhmr"}


@dataclass(frozen=True, eq=False)
class Compared:
    """Attributes:
    name: of the file.
    times_s, rate_hz: of its frames.
    joints_m: (frames, 3) by name of the part, such as left_knee; NaN where missing; Y up.
    local: rotations against the parent, where the file has them.
    """

    name: str
    times_s: np.ndarray
    rate_hz: float
    joints_m: Mapping[str, np.ndarray]
    local: np.ndarray | None


def read_compared(
    path: Path, told: str | None, *, rate: float | None = None, up: str | None = None, unit: str | None = None
) -> Compared:
    """The first person of a file.

    Args:
        told: its format, where the ending does not tell.

    Raises:
        InputError: the format cannot be told, or the file cannot be used.
    """
    said = Said(unit, up, rate)  # pyright: ignore[reportArgumentType] - argparse checked them
    kind = told or ENDINGS.get(path.suffix.lower()) or _kind_of_npz(path) or ""
    if kind == "bvh":
        return _of_motion(path, retarget.run(retarget.Config(), path))
    if kind in MOTIONS:
        return _of_motion(path, adopt(load_body("free"), MOTIONS[kind].read(path, said)[0], None))
    if kind in IN_WORLD:
        points = IN_WORLD[kind].read(path, said)[0]
        places_m = np.where(points.confidence[..., None] > 0, points.points_m, np.nan)
        joints_m = {part: places_m[:, row] for row, part in enumerate(parts_of(points.set_name)) if part}
        return Compared(path.name, points.timestamps_s, _rate(points.timestamps_s), joints_m, None)
    raise InputError(
        f"the format of {path} is not told by its name", f"say which: bvh, {', '.join([*IN_WORLD, *MOTIONS])}"
    )


def _of_motion(path: Path, motion: Motion) -> Compared:
    parts = parts_of("smpl24")
    joints_m = {
        part or name: motion.joints_m[:, row] for row, (part, name) in enumerate(zip(parts, SMPL_JOINTS, strict=True))
    }
    return Compared(path.name, motion.timestamps_s, float(motion.rate_hz), joints_m, motion.parent_from_joint)


def _rate(times_s: np.ndarray) -> float:
    return float(1 / np.median(np.diff(times_s))) if len(times_s) > 1 else 1.0


def _kind_of_npz(path: Path) -> str | None:
    """Motions and joints are told apart by their keys; of other endings nothing is known."""
    if path.suffix.lower() != ".npz":
        return None
    try:
        with np.load(path, allow_pickle=False) as content:
            keys = set(content.files)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} cannot be read ({error})", "name a readable file") from error
    if "packed_version" in keys:
        return "packed"
    return "amass" if keys & {"poses", "pose_body"} else "npz"
