"""The clip as a small plain film for the page, which draws the bodies over it by itself."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8

from stages.contracts import Clip
from stages.frames import read
from stages.thinning import fitting_size, mean_rate_hz, thinned

VERSION: Final = 1


@dataclass(frozen=True)
class Config:
    """How the film looks."""

    long_side_px: int = 640
    """Longest side of the film; a larger picture is scaled down, a smaller one stays."""
    max_rate_hz: float = 30.0
    """Faster clips show every second, third ... frame, so that about this many are shown for a second."""


def draw(config: Config, video: Path, clip: Clip) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Yield the pictures of the film, in order.

    Raises:
        InputError: the video cannot be read, or is no longer the one that was measured.
    """
    width_px, height_px = fitting_size(clip, config.long_side_px)
    return read(video, replace(shown(config, clip), width_px=width_px, height_px=height_px))


def shown(config: Config, clip: Clip) -> Clip:
    """The clip with the frames that the film shows, in order."""
    return thinned(clip, config.max_rate_hz)


def rate_hz(config: Config, clip: Clip) -> float:
    """Pictures per second at which the film takes as long as the clip."""
    return mean_rate_hz(shown(config, clip))
