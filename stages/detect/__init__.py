"""Where people are in every frame, and their 33 landmarks."""

from pathlib import Path
from typing import Final

from stages.contracts import Clip, Detections
from stages.detect import two_pass
from stages.detect.config import Config
from stages.detect.networks import network_files

__all__ = ["VERSION", "Config", "reads", "run"]

VERSION: Final = 4


def run(config: Config, video: Path, clip: Clip) -> Detections:
    """Find everyone in every frame of the clip.

    Raises:
        WeightsError: the networks of mediapipe 0.10.14 are not installed, or the bundle does not hold such networks.
    """
    match config.detector:
        case "blazepose":
            return two_pass.detect(config, video, clip)
        case "mediapipe":
            # MediaPipe takes a second to import, so only whoever asks for it pays.
            from stages.detect import mediapipe_graph  # noqa: PLC0415

            return mediapipe_graph.detect(config, video, clip)


def reads(config: Config) -> tuple[Path, ...]:
    """Files other than the video that decide the result: the networks."""
    return network_files() if config.bundle is None else (config.bundle,)
