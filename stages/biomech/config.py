"""What can be set about biomechanics."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """Which model follows the body."""

    model: str = "full_body"
    """full_body (47 coordinates, thorax and clavicles), standard (39, as Rajagopal 2016), or the path of an .osim file
    whose bodies are named as theirs."""
    mass_kg: float | None = None
    """Mass of the person; unknown, it is that of a body mass index of 22."""
