"""Opens a video, measures it and refuses what cannot be used."""

import logging
import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame

from models.errors import ConfigError, InputError
from stages.contracts import Clip
from stages.frames import decode, open_video, picture_stream, quarter_turns, require_size

VERSION: Final = 4
FOCAL_LENGTH_KEY: Final = "com.apple.quicktime.camera.focal_length.35mm_equivalent"
RECORDED_RATE_KEY: Final = "com.android.capture.fps"
SLOWEST_MOTION: Final = 10_000
SLOWER: Final = 1.5
"""From here on a video is shown slower than it was recorded on purpose."""
FULL_FRAME_DIAGONAL_MM: Final = math.hypot(36, 24)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Config:
    """Which frames to use."""

    time_range_s: tuple[float, float] | None = None
    """Use only frames shown from the first up to, not including, the second time; seconds since the first frame."""
    max_frames: int | None = None
    """Use at most this many frames, the first ones."""
    slow_motion: float = 1.0
    """How many times slower than life the video is shown: 8 for 240 Hz shown at 30 Hz. All times are those of life."""

    def __post_init__(self) -> None:
        """Refuse choices that no video could satisfy."""
        if self.max_frames is not None and self.max_frames < 1:
            raise ConfigError(f"max_frames is {self.max_frames}", "choose 1 or more, or leave it out for all frames")
        if not SLOWEST_MOTION >= self.slow_motion > 0:
            raise ConfigError(
                f"slow_motion is {self.slow_motion}", "give how many times slower than life it is: 8, say"
            )
        if self.time_range_s is not None and not 0 <= self.time_range_s[0] < self.time_range_s[1]:
            start_s, end_s = self.time_range_s
            raise ConfigError(
                f"time_range_s runs from {start_s} to {end_s}", "choose a start from 0 on and a later end"
            )


def run(config: Config, video: Path) -> Clip:
    """Decode a video once, without looking at its pixels, to learn its size and when each frame is shown.

    The times are the video's own, whatever its rate does. Decoding goes on behind damaged packets; they are counted
    and a warning says so. It stops at the end of the chosen frames, and so does the counting.

    Raises:
        InputError: the file cannot be used (see `stages.frames.open_video`), no frame can be decoded, or none lies in
            the time range.
    """
    start_s, end_s = config.time_range_s or (0.0, math.inf)
    times_s: list[float] = []
    size_px, focal_length_px, last_s, damaged = (0, 0), math.nan, math.nan, 0
    with open_video(video) as container:
        # Nobody looks at these pixels; smoothing the edges of their blocks is a quarter of the work.
        picture_stream(container).codec_context.options = {"skip_loop_filter": "all"}
        for moment in decode(container, slow_motion=config.slow_motion):
            if moment is None:
                damaged += 1
                continue
            if math.isnan(last_s):
                size_px = _square_size_px(moment.frame, picture_stream(container).sample_aspect_ratio)
                require_size(video, *size_px)
                focal_length_px = _focal_length_px(container, size_px)
                _warn_of_slow_motion(video, container, config)
            last_s = moment.time_s
            if last_s >= end_s:
                break
            if last_s >= start_s:
                times_s.append(last_s)
            if len(times_s) == config.max_frames:
                break
    _require_frames(video, config, len(times_s), last_s)
    if damaged:
        log.warning("%s: %d damaged packets; their frames are missing", video, damaged)
    return Clip(*size_px, np.array(times_s), focal_length_px, damaged, float(config.slow_motion))


def _require_frames(video: Path, config: Config, count: int, last_s: float) -> None:
    if math.isnan(last_s):
        problem = f"{video} holds no frame that can be decoded and has a time"
        raise InputError(problem, "copy the file again, or convert it to H.264 in .mp4")
    if count == 0:
        problem = f"{video} shows no frame in time_range_s {config.time_range_s}"
        raise InputError(problem, f"choose times from 0 to {last_s:.3f} s, where frames are seen")


def _square_size_px(frame: VideoFrame, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """Width and height of the upright picture after its pixels were made square by resampling the stored width."""
    width = max(1, round(frame.width * (pixel_aspect or 1)))
    return (frame.height, width) if quarter_turns(frame) % 2 else (width, frame.height)


def _focal_length_px(container: InputContainer, size_px: tuple[int, int]) -> float:
    """What phones write, converted by the picture's diagonal; NaN where the file says nothing of use.

    A phone that crops its sensor for video or stabilises the picture may state the lens and not the crop.
    """
    text = container.metadata.get(FOCAL_LENGTH_KEY, "")
    try:
        focal_length_mm = float(text)
    except ValueError:
        return math.nan
    return focal_length_mm * math.hypot(*size_px) / FULL_FRAME_DIAGONAL_MM if focal_length_mm > 0 else math.nan


def _warn_of_slow_motion(video: Path, container: InputContainer, config: Config) -> None:
    """Say so where a phone wrote that it recorded faster than it shows."""
    shown_hz = float(picture_stream(container).average_rate or 0)
    try:
        recorded_hz = float(container.metadata.get(RECORDED_RATE_KEY, ""))
    except ValueError:
        return
    if shown_hz > 0 and recorded_hz > SLOWER * shown_hz and config.slow_motion == 1:
        factor = round(recorded_hz / shown_hz, 2)
        log.warning("%s was recorded at %g Hz: --slow-motion %g gives the times of life", video, recorded_hz, factor)
