"""Where people are in every frame, and their 33 landmarks."""

from pathlib import Path
from typing import Final

from stages.contracts import Clip, Detections
from stages.detect import two_pass
from stages.detect.config import Config
from stages.detect.networks import network_files

__all__ = ["VERSION", "Config", "reads", "run"]

VERSION: Final = 9


def run(config: Config, video: Path, clip: Clip) -> Detections:
    """Find everyone in every frame of the clip.

    Raises:
        WeightsError: the networks of mediapipe 0.10.14 are not installed, or a file named in the settings is missing
            or holds no such network.
    """
    match config.detector:
        case "blazepose" | "rtmpose":
            return two_pass.detect(config, video, clip)
        case "mediapipe":
            # MediaPipe takes a second to import, so only whoever asks for it pays.
            from stages.detect import mediapipe_graph  # noqa: PLC0415

            return mediapipe_graph.detect(config, video, clip)


def reads(config: Config) -> tuple[Path, ...]:
    """Files other than the video that decide the result: the networks."""
    blazepose = network_files() if config.bundle is None else (config.bundle,)
    return (*blazepose, *(path for path in (config.rtmpose_pose, config.rtmpose_detector) if path is not None))
