"""What can be set about fitting a body."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """How landmarks become rotations."""

    body: str = "free"
    """Body model that is posed."""
    height_m: float | None = None
    """The person's stature, which the body's shape keeps to; None takes the most likely."""
    lengthening: float = 1.04
    """Ratio of a person's lengths to those of his track. A detector squeezes depth, and with it every bone that points
    toward the camera: on sixteen drawn clips fitted bones are 3 to 5 % short."""
    refine_steps: int = 2
    """Gauss-Newton steps after the direct solution; 0 for the direct solution alone."""
