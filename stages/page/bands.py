"""How others walk, laid between a person's own heel-strikes; nothing for who does not walk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Float

from models.gait import SIDES, Gait, Side
from models.gait_bands import GaitBands, load_bands
from models.osim.gait import gait_of_poses
from models.osim.reader import read_model
from stages.contracts import Biomechanics
from stages.page.packing import pack_array

OWN_MODELS: Final = "kinetrace_"
"""Names of our models begin so. The zero of another's angles may lie elsewhere, so it gets no bands."""

Strides = tuple[tuple[float, float], ...]


@dataclass(frozen=True, eq=False)
class Band:
    """What lies behind one curve.

    Attributes:
        mean_deg: at 0, 1, ... 100 per cent of a stride.
        sd_deg: likewise.
        strides: beginning and end of each of the person's strides, frames since his first.
    """

    mean_deg: Float[np.ndarray, "101"]
    sd_deg: Float[np.ndarray, "101"]
    strides: Strides


Bands = Mapping[str, Mapping[str, Band]]


def bands_of(biomechanics: Biomechanics | None) -> Bands:
    """Bands by coordinate (without the side in its name), then by the curve's side: left, right or middle.

    Those of the pelvis run over strides of the right foot, or of the left where the right made none.

    Raises:
        WeightsError: the bands that ship are missing or damaged.
    """
    if biomechanics is None:
        return {}
    model = read_model(biomechanics.model_xml)
    if not model.name.startswith(OWN_MODELS):
        return {}
    gait = gait_of_poses(model, biomechanics.timestamps_s, biomechanics.coordinates)
    strides: dict[Side, Strides] = {side: _strides(gait, side, biomechanics) for side in SIDES}
    made: list[Side] = [side for side in SIDES if strides[side]]
    others = load_bands()
    found: dict[str, dict[str, Band]] = {}
    for name in others.mean_deg if made else ():
        if name in biomechanics.coordinate_names.tolist():
            found[name] = {"middle": _band(others, name, made[0], strides[made[0]])}
        else:
            found[name] = {side: _band(others, name, side, strides[side]) for side in made}
    return found


def pack_bands(bands: Mapping[str, Band]) -> dict[str, Any]:
    """As JSON for the page's script: the bands of one plot by side."""
    return {
        side: {
            "mean": pack_array(band.mean_deg.astype(np.float32)),
            "sd": pack_array(band.sd_deg.astype(np.float32)),
            "strides": [list(stride) for stride in band.strides],
        }
        for side, band in bands.items()
    }


def in_words() -> str:
    """What the bands are, for who looks at them."""
    others = load_bands()
    slowest, fastest = others.speed_m_s
    return (
        f"Shaded: how about {others.walkers} people of a motion database walked (mocap.cs.cmu.edu, {others.strides} "
        f"strides, {slowest:.2f} to {fastest:.2f} m/s) on the same body and model, between this person's own "
        "heel-strikes: mean ± 1 and ± 2 standard deviations. It is a comparison, not a clinical norm."
    )


def _strides(gait: Gait, side: Side, biomechanics: Biomechanics) -> Strides:
    first_s, rate_hz = float(biomechanics.timestamps_s[0]), biomechanics.rate_hz
    return tuple(
        (round((stride.start_s - first_s) * rate_hz, 3), round((stride.end_s - first_s) * rate_hz, 3))
        for stride in gait.strides
        if stride.side == side
    )


def _band(others: GaitBands, name: str, side: Side, strides: Strides) -> Band:
    return Band(others.mean_of(name, side), others.sd_deg[name], strides)
