"""What can be set about smoothing."""

from dataclasses import dataclass


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
