"""What can be set about fitting a body."""

from dataclasses import dataclass
from typing import Final, Literal

from models.errors import ConfigError

HEIGHTS_M: Final = (0.3, 3.0)
"""Beyond, a height is a slip: centimetres for metres, say."""


@dataclass(frozen=True)
class Config:
    """How landmarks become rotations."""

    body: str = "free"
    """Body model that is posed."""
    height_m: float | None = None
    """The person's stature, which the body's shape keeps to; None takes the most likely."""
    solver: Literal["neural", "analytic", "fit"] = "neural"
    """neural: a network guesses, exact steps agree with what was seen. analytic: a direct solution takes the guess's
    place. fit: the direct solution, and steps until nothing moves any more."""
    refine_steps: int = 2
    """Gauss-Newton steps after the guess or the direct solution; 0 for none. fit goes on to the end."""

    def __post_init__(self) -> None:
        low_m, high_m = HEIGHTS_M
        if self.height_m is not None and not low_m <= self.height_m <= high_m:
            raise ConfigError(f"solve.height_m is {self.height_m}", "give metres, such as 1.78")
        if self.refine_steps < 0:
            raise ConfigError(f"solve.refine_steps is {self.refine_steps}", "give 0 or more")
