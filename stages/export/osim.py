"""Encodes what OpenSim opens: motion, markers, models, scale factors, setups that repeat the work; and the gait."""

from dataclasses import dataclass
from typing import Final

from stages.contracts import Biomechanics, Exports

VERSION: Final = 3


@dataclass(frozen=True)
class Config:
    """Everything is written; nothing can be set."""


def run(config: Config, stem: str, biomechanics: Biomechanics, filtered: str) -> Exports:
    """Encode one person's biomechanics.

    Args:
        config: nothing can be set.
        stem: begins every file's name.
        biomechanics: what to write.
        filtered: how the motion was smoothed before, in a few words.

    Raises:
        InputError: OpenSim would misread a file; none is written then.
    """
    # scipy takes a fifth of a second to import.
    from stages.export.osim_files import encode  # noqa: PLC0415

    return encode(stem, biomechanics, filtered)
