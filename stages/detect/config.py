"""What can be set about finding people and their landmarks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.errors import ConfigError


@dataclass(frozen=True)
class Config:
    """Settings of the stage detect."""

    detector: Literal["blazepose", "mediapipe", "rtmpose"] = "blazepose"
    """blazepose: several people, two passes, both cores. mediapipe: MediaPipe's own graph, one person, to compare.
    rtmpose: blazepose, with pixels from your own RTMPose where it knows a point."""
    bundle: Path | None = None
    """MediaPipe's .task file whose networks blazepose runs; those in mediapipe 0.10.14's wheel, unless told."""
    rtmpose_pose: Path | None = None
    """ONNX file of an RTMPose for bodies (17, 26 or 133 points); only files that are there, nothing is fetched."""
    rtmpose_detector: Path | None = None
    """ONNX file of a detector of people to search with in place of BlazePose's."""
    rtmpose_detector_kind: Literal["yolox", "rtmdet"] = "yolox"
    """Which of the two that file is: they take pictures of different scales."""
    min_person_score: float = 0.3
    """How sure the search of the whole picture must be to look closer, 0..1; the landmark network decides."""
    min_newcomer_score: float = 0.9
    """How sure the landmark network must be before somebody new is followed, 0..1."""
    min_landmark_score: float = 0.5
    """How sure the landmark network must be that somebody known is still there, 0..1."""
    max_people: int = 8
    """No more people than this are followed at a time."""
    search_interval_s: float = 0.1
    """The whole picture is searched for newcomers this often."""
    follow_rate_hz: float = 15.0
    """People are followed at this rate at most; frames in between are read all the same."""
    smoothing_s: float = 0.4
    """Length of the window over which regions are smoothed."""
    patience_s: float = 2.0
    """Somebody lost is looked for where he was, and where he would be by now, for this long."""
    mirrored: bool = True
    """Read every second frame mirrored and average: 7 % less error."""
    skip_rate_hz: float = 45.0
    """Of more frames a second than this every other one is read; those in between lie on a line."""
    watch_rate_hz: float = 10.0
    """The background is looked at this often at most, to tell whether the camera turns."""

    def __post_init__(self) -> None:
        if self.bundle is not None and self.detector == "mediapipe":
            raise ConfigError(
                f"detect.bundle is {self.bundle}, but MediaPipe's graph runs its own networks",
                "choose detect.detector blazepose, or leave the bundle out",
            )
        if (self.detector == "rtmpose") != (self.rtmpose_pose is not None):
            raise ConfigError(
                f"detect.detector is {self.detector} and detect.rtmpose_pose {self.rtmpose_pose}",
                "give both, detect.detector rtmpose and the path of RTMPose's ONNX file, or neither",
            )
        if self.rtmpose_detector is not None and self.detector != "rtmpose":
            raise ConfigError(
                f"detect.rtmpose_detector is {self.rtmpose_detector}, but detect.detector {self.detector}",
                "choose detect.detector rtmpose, or leave the file out",
            )
        for name in ("min_person_score", "min_newcomer_score", "min_landmark_score"):
            value: float = getattr(self, name)
            if not 0 < value < 1:
                raise ConfigError(f"detect.{name} is {value}", "choose a number between 0 and 1")
        for name in (
            "max_people",
            "search_interval_s",
            "follow_rate_hz",
            "smoothing_s",
            "patience_s",
            "skip_rate_hz",
            "watch_rate_hz",
        ):
            value = getattr(self, name)
            if not value > 0:
                raise ConfigError(f"detect.{name} is {value}", "choose a number above 0")
