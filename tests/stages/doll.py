"""Draws a doll that the detector takes for a person, and videos of it."""

from collections.abc import Iterable
from pathlib import Path

import av
import cv2
import numpy as np

from stages import ingest
from stages.contracts import Clip

SKIN, SHIRT, TROUSERS, SHOE, HAIR = (224, 172, 140), (60, 90, 160), (50, 50, 60), (30, 25, 25), (60, 40, 30)
JOINTS = {
    "left_shoulder": (0.13, -0.26), "left_elbow": (0.24, -0.19), "left_wrist": (0.27, -0.03), "left_hip": (0.07, 0.0),
    "left_knee": (0.09, 0.24), "left_ankle": (0.1, 0.47),
}  # fmt: skip
"""The doll's left half, seen from the front, in units of its size from its mid-hip; the right half mirrors it."""


def backdrop(height: int, width: int) -> np.ndarray:
    picture = np.full((height, width, 3), (200, 205, 210), np.uint8)
    picture[int(height * 0.75) :] = (150, 140, 125)
    return picture


def add_doll(picture: np.ndarray, x: float, y: float, size: float) -> np.ndarray:
    """The picture with a doll `size` pixels tall whose mid-hip lies at x, y."""
    picture = picture.copy()

    def place(point: tuple[float, float]) -> tuple[int, int]:
        # OpenCV's 0 is the middle of the first pixel.
        return round(x + point[0] * size - 0.5), round(y + point[1] * size - 0.5)

    def limb(start: tuple[float, float], end: tuple[float, float], width: float, colour: tuple[int, int, int]) -> None:
        cv2.line(picture, place(start), place(end), colour, max(1, round(width * size)), cv2.LINE_AA)

    def disc(centre: tuple[float, float], rx: float, ry: float, colour: tuple[int, int, int]) -> None:
        radii = (max(1, round(rx * size)), max(1, round(ry * size)))
        cv2.ellipse(picture, place(centre), radii, 0, 0, 360, colour, -1, cv2.LINE_AA)

    for sign in (1, -1):
        joint = {name: (sign * u, v) for name, (u, v) in JOINTS.items()}
        limb(joint["left_hip"], joint["left_knee"], 0.085, TROUSERS)
        limb(joint["left_knee"], joint["left_ankle"], 0.065, TROUSERS)
        limb((sign * 0.1, 0.485), (sign * 0.13, 0.5), 0.05, SHOE)
        limb(joint["left_shoulder"], joint["left_elbow"], 0.06, SHIRT)
        limb(joint["left_elbow"], joint["left_wrist"], 0.045, SKIN)
        disc((sign * 0.27, 0.0), 0.025, 0.035, SKIN)
    trunk = [(-0.13, -0.28), (0.13, -0.28), (0.1, -0.1), (0.105, 0.03), (-0.105, 0.03), (-0.1, -0.1)]
    cv2.fillPoly(picture, [np.array([place(point) for point in trunk])], SHIRT, cv2.LINE_AA)
    limb((0.0, -0.27), (0.0, -0.33), 0.055, SKIN)
    disc((0.0, -0.4), 0.058, 0.075, SKIN)
    disc((0.0, -0.445), 0.06, 0.045, HAIR)
    for sign in (1, -1):
        disc((sign * 0.022, -0.405), 0.008, 0.006, HAIR)
    disc((0.0, -0.385), 0.008, 0.012, (200, 145, 115))
    limb((-0.02, -0.36), (0.02, -0.36), 0.008, (160, 80, 80))
    return picture


def film(path: Path, pictures: Iterable[np.ndarray], rate_hz: int = 30) -> tuple[Path, Clip]:
    """Write pictures as a video and measure it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate_hz, options={"crf": "12"})
        stream.pix_fmt = "yuv420p"
        for index, picture in enumerate(pictures):
            if index == 0:
                stream.height, stream.width = picture.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path, ingest.run(ingest.Config(), path)
