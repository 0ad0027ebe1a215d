"""Turns a BVH of any person into a motion of the body, as if a video had been solved."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from models.errors import ConfigError
from stages.contracts import Motion

VERSION: Final = 1


@dataclass(frozen=True)
class Config:
    """What a BVH does not say about itself."""

    body: str = "free"
    """Body model that is posed; its bones become as long as the file's."""
    unit_m: float | None = None
    """Length of the file's unit in metres; None guesses it from the length of the legs."""
    up: Literal["auto", "y", "z"] = "auto"
    """Which axis of the file points up; auto takes Y unless the person stands along Z."""

    def __post_init__(self) -> None:
        if self.unit_m is not None and not (self.unit_m > 0 and math.isfinite(self.unit_m)):
            raise ConfigError(f"retarget.unit_m is {self.unit_m}", "give a number above zero, such as 0.01")


def reads(config: Config) -> Sequence[Path]:
    """The files beside the BVH that the result depends on; raises as run."""
    from models.bodies import body_file  # noqa: PLC0415

    return [body_file(config.body)]


def run(config: Config, bvh: Path) -> Motion:
    """Carry the person of a file over to the SMPL tree.

    The rate stays where it is a whole number, else poses are turned to the times of the nearest one. There is no
    camera: the one in the result looks along -Z at the middle of the motion. Every frame counts as observed.

    Raises:
        InputError: the file is broken (with the line), holds no person, or its unit is unclear.
        ConfigError, WeightsError: the body cannot be had.
    """
    # torch and scipy take a second to import.
    from models.bvh.reader import read_bvh  # noqa: PLC0415
    from models.retarget.source import find_person  # noqa: PLC0415
    from stages.retarget.motion import retarget_person  # noqa: PLC0415

    return retarget_person(config.body, find_person(read_bvh(bvh), config.unit_m, config.up))
