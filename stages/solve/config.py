"""What can be set about fitting a body."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """How landmarks become rotations."""

    body: str = "free"
    """Body model that is posed."""
    height_m: float | None = None
    """The person's stature, which the body's shape keeps to; None takes the most likely."""
    refine_steps: int = 2
    """Gauss-Newton steps after the direct solution; 0 for the direct solution alone."""
