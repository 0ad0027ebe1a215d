"""Shows the motion over the video that it came from: skin and skeleton on its frames, streaming, in order."""

import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from av.video.frame import VideoFrame
from jaxtyping import UInt8

from models.errors import ConfigError
from stages.contracts import Clip, Motion
from stages.frames import read_frames, small_picture
from stages.thinning import fitting_size, mean_rate_hz, thinned

Picture = UInt8[np.ndarray, "_ _"]

VERSION: Final = 3
THREADS: Final = 2
AHEAD: Final = 3
"""Frames that may be in work beyond the one that is handed out."""


@dataclass(frozen=True)
class Config:
    """How the overlay looks."""

    long_side_px: int = 960
    """Longest side of the overlay; a larger picture is scaled down, a smaller one stays."""
    preview_long_side_px: int = 640
    """Longest side of the plain film that the report page shows."""
    max_rate_hz: float = 30.0
    """Faster clips show every second, third ... frame, so that about this many are drawn for a second."""
    opacity: float = 0.6
    """How much of the picture the skin hides, 0 to 1."""

    def __post_init__(self) -> None:
        for name in ("long_side_px", "preview_long_side_px", "max_rate_hz"):
            value = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise ConfigError(f"overlay.{name} is {value}", "give a number above zero")
        if not 0 <= self.opacity <= 1:
            raise ConfigError(f"overlay.opacity is {self.opacity}", "give a number from 0 to 1")


def draw(config: Config, video: Path, clip: Clip, motions: tuple[Motion, ...]) -> Iterator[tuple[Picture, Picture]]:
    """Yield the frames of the clip that are shown, in order: with skins and skeletons over them, and plain.

    A frame shows the sample of a motion that is nearest within half a step, and nothing of a motion further away.
    Poses that nobody saw are faint. Two threads draw a few frames ahead of the one that is asked for. Pictures are as
    stages.frames.small_picture makes them.

    Raises:
        InputError: the video cannot be read, or is no longer the one that was measured.
    """
    # Importing torch and the rasteriser's compiler takes as long as drawing a second of video.
    from stages.export.overlay_figures import Figure, figures_by_frame  # noqa: PLC0415
    from stages.export.overlay_paint import paint  # noqa: PLC0415

    size_px, plain_px = overlay_size(config, clip), fitting_size(clip, config.preview_long_side_px)
    scale = (size_px[0] / clip.width_px, size_px[1] / clip.height_px)

    def pair(frame: VideoFrame, figures: tuple[Figure, ...]) -> tuple[Picture, Picture]:
        painted = paint(small_picture(frame, size_px), figures, scale, config.opacity)
        return painted, small_picture(frame, plain_px)

    clip = shown(config, clip)
    waiting: deque[Future[tuple[Picture, Picture]]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for frame, figures in zip(read_frames(video, clip), figures_by_frame(clip.timestamps_s, motions), strict=True):
            waiting.append(pool.submit(pair, frame, figures))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def overlay_size(config: Config, clip: Clip) -> tuple[int, int]:
    """Width and height of the overlay: even, never larger than the picture, at least 2."""
    return fitting_size(clip, config.long_side_px)


def rate_hz(config: Config, clip: Clip) -> float:
    """Pictures per second at which the overlay takes as long as the clip; 1 for a single picture."""
    return mean_rate_hz(shown(config, clip))


def shown(config: Config, clip: Clip) -> Clip:
    """The clip with the frames that are shown, in order."""
    return thinned(clip, config.max_rate_hz)
