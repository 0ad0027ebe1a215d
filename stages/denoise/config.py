"""What can be set about smoothing."""

import math
from dataclasses import asdict, dataclass

from models.errors import ConfigError


@dataclass(frozen=True)
class Config:
    """How slow a movement must be to pass: the period in seconds that keeps half its power, per group of joints."""

    root_s: float = 1 / 6
    """Position of the pelvis."""
    trunk_s: float = 1 / 6
    """Pelvis, spine, collars."""
    legs_s: float = 1 / 6
    """Hips, knees, feet."""
    arms_s: float = 1 / 6
    """Shoulders and elbows."""
    hands_s: float = 1 / 4
    """Wrists and hands."""
    head_s: float = 1 / 4
    """Neck and head."""

    def __post_init__(self) -> None:
        for name, period_s in asdict(self).items():
            if not (period_s > 0 and math.isfinite(period_s)):
                raise ConfigError(f"denoise.{name} is {period_s}", "give a number of seconds above zero")
