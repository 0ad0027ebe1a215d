"""What can be set about biomechanics."""

import math
from dataclasses import dataclass
from typing import Final

from models.errors import ConfigError

OWN_MODELS: Final = ("full_body", "standard")


@dataclass(frozen=True)
class Config:
    """Which model follows the body."""

    model: str = "full_body"
    """full_body (47 coordinates, thorax and clavicles), standard (39, as Rajagopal 2016), or the path of an .osim file
    whose bodies are named as theirs."""
    mass_kg: float | None = None
    """Mass of the person; unknown, it is that of a body mass index of 22."""

    def __post_init__(self) -> None:
        if self.model not in OWN_MODELS and not self.model.endswith(".osim"):
            raise ConfigError(
                f"there is no model called {self.model!r}",
                f"choose from {', '.join(OWN_MODELS)}, or name an .osim file",
            )
        if self.mass_kg is not None and not (self.mass_kg > 0 and math.isfinite(self.mass_kg)):
            raise ConfigError(f"biomech.mass_kg is {self.mass_kg}", "give a number above zero")
