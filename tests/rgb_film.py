"""Pictures as films hold them."""

import numpy as np
from av.video.frame import VideoFrame

from stages.frames import small_picture


def as_420(picture: np.ndarray) -> np.ndarray:
    """A picture of RGB in YUV 4:2:0, of its own size."""
    return small_picture(VideoFrame.from_ndarray(picture), picture.shape[1::-1])
