"""What can be set about smoothing."""

import math
from dataclasses import dataclass, fields
from typing import Final, Literal

from models.errors import ConfigError

Filter = Literal["learned", "savitzky_golay", "butterworth", "one_euro", "kalman"]
_NAMES: Final = {
    "savitzky_golay": "local parabolas with Gaussian weights",
    "butterworth": "Butterworth, second order, forward and backward",
    "one_euro": "One-Euro, forward and backward, rising with speed",
    "kalman": "Kalman, constant velocity, smoothed backward",
}


@dataclass(frozen=True)
class Config:
    """Which filter, and for those that did not learn how slow a movement must be to pass: the period in seconds that
    keeps half its power (one_euro: at rest), per group of joints."""

    filter: Filter = "savitzky_golay"
    """learned knows how people move and where one camera errs; savitzky_golay fits a parabola to each moment (with
    weights that fall with time); the others are as their authors made them, run forward and backward."""
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
    foot_lock: bool = True
    """Hold planted feet where they stand; see models.foot_lock."""

    def told(self) -> str:
        """In a few words, what the motion went through."""
        if self.filter == "learned":
            return "learned denoiser, no delay"
        groups = [entry.name for entry in fields(self) if entry.name.endswith("_s")]
        cutoffs = ", ".join(f"{group.removesuffix('_s')} {1 / getattr(self, group):.3g} Hz" for group in groups)
        return f"{_NAMES[self.filter]}, no delay, half power at {cutoffs}"

    def __post_init__(self) -> None:
        for name in (entry.name for entry in fields(self) if entry.name.endswith("_s")):
            period_s = getattr(self, name)
            if not (period_s > 0 and math.isfinite(period_s)):
                raise ConfigError(f"denoise.{name} is {period_s}", "give a number of seconds above zero")
