"""What all sheets share: a page of panels, stick figures, pictures of the film."""

import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stages.contracts import Clip
from stages.frames import decode, open_video, picture_stream
from stages.sheets import Backdrop

__all__ = [
    "LEFT",
    "MIDDLE",
    "RIGHT",
    "Figure",
    "draw_bones",
    "frames_a_picture",
    "heat",
    "moments",
    "page",
    "pictures",
    "png_of",
]

DPI: Final = 90
LEFT, RIGHT, MIDDLE = "#0072b2", "#d55e00", "#555555"
"""Told apart by the colour-blind (Okabe and Ito)."""


def page(title: str, rows: int, columns: int, *, height_in: float = 3.0) -> tuple[Figure, list[Axes]]:
    """A sheet with panels in rows."""
    figure = Figure(figsize=(14, height_in * rows), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    return figure, list(np.ravel(figure.subplots(rows, columns, squeeze=False)))


def png_of(figure: Figure) -> bytes:
    """The sheet as a file."""
    content = io.BytesIO()
    # Without the library's version, the same sheet has the same bytes.
    figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()


def moments(count: int, wanted: int) -> list[int]:
    """Up to `wanted` indices spread evenly over `count` frames."""
    return sorted({round(index) for index in np.linspace(0, count - 1, min(wanted, count))})


def draw_bones(axes: Axes, points: Float[np.ndarray, "points 2"], bones: Sequence[tuple[int, int, str]]) -> None:
    """Draw lines between points: (from, to, colour)."""
    for start, end, colour in bones:
        axes.plot(*points[[start, end]].T, color=colour, linewidth=1.4)


def heat(axes: Axes, values: Float[np.ndarray, "frames rows"], names: Sequence[str], **limits: Any) -> None:
    """Draw rows of values over the frames as colours, with a scale beside them."""
    image = axes.imshow(values.T, aspect="auto", interpolation="nearest", **limits)
    axes.set_yticks(range(len(names)), names, fontsize=5)
    axes.set_xlabel("frame")
    axes.figure.colorbar(image, ax=axes, shrink=0.8)


def pictures(backdrop: Backdrop, frames: Sequence[int]) -> list[UInt8[np.ndarray, "height width 3"]]:
    """The film's pictures of some frames of the clip (rising); where the film leaves a frame out, the one before."""
    found = dict[int, np.ndarray]()
    with open_video(backdrop.film) as container:
        step = frames_a_picture(backdrop.clip, picture_stream(container).frames)
        wanted = {frame // step for frame in frames}
        for number, moment in enumerate(decode(container)):
            if moment is not None and number in wanted:
                found[number] = moment.frame.to_ndarray(format="rgb24")
    return [found[frame // step] for frame in frames]


def frames_a_picture(clip: Clip, picture_count: int) -> int:
    """Of how many frames of the clip its film shows one."""
    return max(1, round(len(clip.timestamps_s) / picture_count))
