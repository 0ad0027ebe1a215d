"""How others walk: joint angles over the cycle, mean and spread of captured walks of several people.

No clinical norm: training/gait_bands.py carries walks of a motion database over to our body and model, offsets of the
rigs' own calibration included.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float

from models.gait import Side
from models.weights import find_weights

FILE: Final = "gait_bands.json"
TURNED_BY_SIDE: Final = ("pelvis_list", "pelvis_rotation")
"""They change sign where left and right are exchanged."""

Curve = Float[np.ndarray, "101"]


@dataclass(frozen=True, eq=False)
class GaitBands:
    """Mean and standard deviation over walkers, each the mean of his strides, at 0, 1, ... 100 per cent of a stride.

    Attributes:
        walkers: whose means are counted.
        strides: of all of them.
        speed_m_s: of the slowest and of the fastest walk.
        mean_deg: by coordinate, without the side in its name; those of the pelvis over strides of the right foot.
        sd_deg: likewise.
    """

    walkers: int
    strides: int
    speed_m_s: tuple[float, float]
    mean_deg: Mapping[str, Curve]
    sd_deg: Mapping[str, Curve]

    def mean_of(self, coordinate: str, side: Side) -> Curve:
        """The mean over strides of that foot."""
        mean_deg = self.mean_deg[coordinate]
        return -mean_deg if side == "left" and coordinate in TURNED_BY_SIDE else mean_deg


def bands_file() -> Path:
    """The file of the bands that ship; raises WeightsError where it is missing or damaged."""
    return find_weights(FILE).path


@cache
def load_bands() -> GaitBands:
    """Read the bands that ship; raises as bands_file."""
    return decode_bands(bands_file().read_text(encoding="utf-8"))


def encode_bands(bands: GaitBands) -> str:
    """As JSON, to a hundredth of a degree."""
    curves = {
        name: {coordinate: values.round(2).tolist() for coordinate, values in getattr(bands, name).items()}
        for name in ("mean_deg", "sd_deg")
    }
    counts = {"walkers": bands.walkers, "strides": bands.strides, "speed_m_s": list(bands.speed_m_s)}
    return json.dumps(counts | curves, separators=(",", ":")) + "\n"


def decode_bands(text: str) -> GaitBands:
    """What `encode_bands` wrote."""
    data = json.loads(text)
    slowest, fastest = data["speed_m_s"]
    mean_deg, sd_deg = (
        {coordinate: np.array(values) for coordinate, values in data[name].items()} for name in ("mean_deg", "sd_deg")
    )
    return GaitBands(data["walkers"], data["strides"], (slowest, fastest), mean_deg, sd_deg)
