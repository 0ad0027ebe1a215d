"""What can be set about fitting a body."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """How landmarks become rotations."""

    body: str = "free"
    """Body model that is posed."""
    refine_steps: int = 2
    """Gauss-Newton steps after the direct solution; 0 for the direct solution alone."""
