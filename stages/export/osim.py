"""Encodes what OpenSim opens: motion, markers, models, scale factors, setups that repeat the work; and the gait."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stages.contracts import Biomechanics, Exports

VERSION: Final = 2


@dataclass(frozen=True)
class Config:
    """Everything is written; nothing can be set."""


def run(config: Config, stem: str, biomechanics: Biomechanics, smoothing_s: Mapping[str, float]) -> Exports:
    """Encode one person's biomechanics.

    Args:
        config: nothing can be set.
        stem: begins every file's name.
        biomechanics: what to write.
        smoothing_s: how the motion was smoothed before: by group of joints, the period that kept half its power.

    Raises:
        InputError: OpenSim would misread a file; none is written then.
    """
    # scipy takes a fifth of a second to import.
    from stages.export.osim_files import encode  # noqa: PLC0415

    return encode(stem, biomechanics, smoothing_s)
