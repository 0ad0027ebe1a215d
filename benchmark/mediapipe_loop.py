"""How long MediaPipe takes by itself: its pose solution in a plain loop over a video, as its users write it.

    python -m benchmark.mediapipe_loop VIDEO [--tasks]

Prints one line of JSON. Meant to be timed from outside as a process of its own, so that imports count.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

import cv2
import mediapipe as mp
import numpy as np
from jaxtyping import UInt8

Picture = UInt8[np.ndarray, "height width 3"]


def main() -> None:
    """Run the loop that the command line asks for and print frames, people seen and seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("--tasks", action="store_true", help="the Tasks PoseLandmarker in video mode instead")
    arguments = parser.parse_args()
    start = time.perf_counter()
    loop: Callable[[Path], list[bool]] = tasks_loop if arguments.tasks else solution_loop
    seen = loop(arguments.video)
    print(json.dumps({"frames": len(seen), "seen": sum(seen), "seconds": round(time.perf_counter() - start, 3)}))


def solution_loop(video: Path) -> list[bool]:
    """mp.solutions.pose with its default settings; whether a person was seen, by frame."""
    solutions: Any = mp.solutions  # pyright: ignore[reportAttributeAccessIssue]
    with solutions.pose.Pose() as pose:
        return [pose.process(picture).pose_landmarks is not None for _, picture in _pictures(video)]


def tasks_loop(video: Path) -> list[bool]:
    """MediaPipe Tasks' PoseLandmarker in video mode, with a bundle made of the networks in the wheel."""
    vision: Any = mp.tasks.vision  # pyright: ignore[reportAttributeAccessIssue]
    seen = list[bool]()
    with TemporaryDirectory() as folder:
        options = vision.PoseLandmarkerOptions(
            base_options=mp.tasks.BaseOptions(model_asset_path=str(_bundle(Path(folder)))),  # pyright: ignore
            running_mode=vision.RunningMode.VIDEO,
        )
        with vision.PoseLandmarker.create_from_options(options) as landmarker:
            for time_ms, picture in _pictures(video):
                image = mp.Image(image_format=mp.ImageFormat.SRGB, data=picture)
                seen.append(bool(landmarker.detect_for_video(image, time_ms).pose_landmarks))
    return seen


def _pictures(video: Path) -> Iterator[tuple[int, Picture]]:
    capture = cv2.VideoCapture(str(video))
    rate_hz = capture.get(cv2.CAP_PROP_FPS)
    index = 0
    while True:
        found, picture = capture.read()
        if not found:
            return
        yield round(index * 1000 / rate_hz), cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        index += 1


def _bundle(folder: Path) -> Path:
    modules = Path(mp.__file__).parent / "modules"
    bundle = folder / "pose.task"
    with ZipFile(bundle, "w") as archive:
        detector = modules / "pose_detection/pose_detection.tflite"
        archive.writestr("pose_detector.tflite", _with_metadata(detector, 127.5, 127.5, 2))
        landmarks = modules / "pose_landmark/pose_landmark_full.tflite"
        archive.writestr("pose_landmarks_detector.tflite", _with_metadata(landmarks, 0.0, 255.0, 5))
    return bundle


def _with_metadata(network: Path, mean: float, deviation: float, outputs: int) -> bytes:
    # Costs half a second to import, and only the Tasks loop needs it.
    from mediapipe.tasks.python.metadata.metadata_writers.metadata_writer import MetadataWriter  # noqa: PLC0415

    writer: Any = MetadataWriter.create(bytearray(network.read_bytes()))
    writer.add_general_info(network.stem, "bundled with mediapipe")
    writer.add_image_input([mean] * 3, [deviation] * 3)
    for _ in range(outputs):
        writer.add_feature_output()
    return bytes(writer.populate()[0])


if __name__ == "__main__":
    main()
