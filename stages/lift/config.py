"""What can be set about lifting."""

import math
from dataclasses import dataclass, field
from typing import Literal

from models.errors import ConfigError

Lifter = Literal["learned", "linear", "rough"]


@dataclass(frozen=True)
class Noise:
    """Standard deviations of one independent look; see models.trajectory.FitOptions.looks_per_second."""

    pixel: float = 0.008
    """Of a point that is seen for certain, as a share of the side of the region that was looked at."""
    shape_m: float = 0.02
    """Of the corrected shape across the line of sight."""
    depth_m: float = 0.05
    """Of the corrected shape along the line of sight."""
    learned: float = 1.0
    """Factor on the deviations that the network tells, which stand in for both of the shape's."""
    place: float = 2.5
    """Factor on both for the place of a landmark about the hips."""
    bone: float = 2.0
    """Factor on both for the ends of a bone about each other, for every metre of its length."""
    length: float = 0.08
    """Of the bone lengths read off the shape over one second, as a share of the length."""
    length_quantile: float = 0.85
    """Which of a bone's lengths over the clip is believed; depth is compressed, so most are too short."""


@dataclass(frozen=True)
class Config:
    """How to lift."""

    focal_length_px: float | None = None
    """Focal length in pixels of the upright picture; None takes the file's word, else guesses the longer side."""
    field_of_view_deg: float | None = None
    """Instead of the focal length: the angle that the width of the upright picture spans."""
    camera_pitch_deg: float | None = None
    """How far the camera looks down, upright; None finds that and its roll from where feet stand and how legs point."""
    camera_turns: bool = True
    """Take out how the camera turned, as its background shows; False believes that it stands still."""
    rate_hz: int | None = None
    """Frames per second of the result; None takes the whole number nearest to the video's rate."""
    height_m: float | None = None
    """The person's stature, which sets the scale; None believes the detector's metres."""
    metre: float = 1.04
    """What a metre of the fitted skeleton is where no stature is given: a detector squeezes depth, and with it every
    bone that points toward the camera."""
    lifter: Lifter = "learned"
    """What corrects the detector's metres: a network that sees a second before and after and says how sure it is
    (learned), one map for all (linear), or nothing (rough)."""
    noise: Noise = field(default_factory=Noise)
    """How far the detector's values are off."""
    jerk: float = 28.0
    """How suddenly people move: root mean square jerk times the root of a second, m/s³ √s."""

    def __post_init__(self) -> None:
        for name in ("focal_length_px", "field_of_view_deg", "rate_hz", "height_m", "metre"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise ConfigError(f"lift.{name} is {value}", "give a number above zero")
        if self.field_of_view_deg is not None and self.field_of_view_deg >= 180:
            raise ConfigError(f"lift.field_of_view_deg is {self.field_of_view_deg}", "give an angle below 180")
        if self.focal_length_px is not None and self.field_of_view_deg is not None:
            raise ConfigError("focal_length_px and field_of_view_deg are both given", "leave one of them out")
