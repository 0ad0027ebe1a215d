"""One small picture that stands for a clip: the middle of a film."""

from pathlib import Path
from typing import Final

import av
import cv2

from models.errors import InputError

LONG_SIDE_PX: Final = 320
JPEG_QUALITY: Final = 80


def encode(film: Path) -> bytes:
    """The picture at the last keyframe before the middle, as JPEG.

    Raises:
        InputError: the film holds no picture.
    """
    with av.open(f"file:{film}") as container:
        stream = container.streams.video[0]
        container.seek((container.duration or 0) // 2)
        for frame in container.decode(stream):
            scale = LONG_SIDE_PX / max(frame.width, frame.height)
            small = frame.reformat(round(frame.width * scale), round(frame.height * scale), format="bgr24")
            return cv2.imencode(".jpg", small.to_ndarray(), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
    raise InputError(f"{film} holds no picture", "run the clip again with --overwrite")
