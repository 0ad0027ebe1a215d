"""A clip as films of it show it: fewer pictures a second, smaller, and at which constant rate."""

from dataclasses import replace

from stages.contracts import Clip


def thinned(clip: Clip, max_rate_hz: float) -> Clip:
    """The clip with every second, third ... frame, so that about `max_rate_hz` are left for a second."""
    step = max(1, round(mean_rate_hz(clip) / max_rate_hz))
    return replace(clip, timestamps_s=clip.timestamps_s[::step])


def fitting_size(clip: Clip, long_side_px: int) -> tuple[int, int]:
    """Width and height of its film: even, as H.264 wants them, never larger than the picture, at least 2."""
    scale = min(1.0, long_side_px / max(clip.width_px, clip.height_px))
    width_px, height_px = (max(2, round(side * scale) // 2 * 2) for side in (clip.width_px, clip.height_px))
    return width_px, height_px


def mean_rate_hz(clip: Clip) -> float:
    """Pictures per second at which a film takes as long as the clip; 1 for a single picture."""
    if len(clip.timestamps_s) == 1:
        return 1.0
    return float((len(clip.timestamps_s) - 1) / (clip.timestamps_s[-1] - clip.timestamps_s[0]))
