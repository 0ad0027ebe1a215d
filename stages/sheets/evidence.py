"""Sheets of what was seen: the clip, the detections, the people."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes

from models.skeletons import LANDMARK_BONES, LANDMARK_INDEX
from stages.contracts import Clip, Detections, Person
from stages.sheets import Backdrop
from stages.sheets.figures import LEFT, MIDDLE, RIGHT, Figure, draw_bones, moments, page, pictures

_SHOWN: Final = 6
LANDMARK_LINES: Final = tuple(
    (
        LANDMARK_INDEX[start],
        LANDMARK_INDEX[end],
        LEFT if "right" not in start + end else RIGHT if "left" not in start + end else MIDDLE,
    )
    for start, end in LANDMARK_BONES
)


def draw_clip(clip: Clip, backdrop: Backdrop | None) -> Figure:
    """When frames are shown, and some of them."""
    title = f"{clip.width_px} x {clip.height_px} px, {len(clip.timestamps_s)} frames, {clip.damaged_packets} damaged"
    figure, panels = page(title, 2, 4)
    panels[0].plot(np.diff(clip.timestamps_s) * 1e3, ".", markersize=2)
    panels[0].set(xlabel="frame", ylabel="time to the next frame (ms)", ylim=(0, None))
    indices = moments(len(clip.timestamps_s), len(panels) - 1)
    _draw_pictures(panels[1:], backdrop, indices)
    for axes, index in zip(panels[1:], indices, strict=False):
        axes.set_title(f"frame {index}, {clip.timestamps_s[index]:.2f} s", fontsize=8)
    return figure


def draw_detections(found: Detections, backdrop: Backdrop | None) -> Figure:
    """Sightings over time, how sure the detector was, and the landmarks of some frames."""
    title = f"{len(found.frame_index)} sightings of {len(set(found.region_index.tolist()))} regions"
    figure, panels = page(title, 2, 4)
    panels[0].scatter(found.frame_index, found.region_index, c=found.score, s=4, vmin=0, vmax=1)
    panels[0].set(xlabel="frame", ylabel="region", title="colour: score")
    panels[1].plot(found.frame_index, found.visibility.mean(1), ".", markersize=2)
    panels[1].set(xlabel="frame", title="mean visibility", ylim=(0, 1))
    indices = moments(found.frame_count, _SHOWN)
    _draw_pictures(panels[2:], backdrop, indices)
    for axes, index in zip(panels[2:], indices, strict=False):
        for row in np.flatnonzero(found.frame_index == index):
            draw_bones(axes, found.landmarks_px[row], LANDMARK_LINES)
        axes.set_title(f"frame {index}", fontsize=8)
    return figure


def draw_people(people: tuple[Person, ...], backdrop: Backdrop | None) -> Figure:
    """When each person was seen, where he stood and how large."""
    figure, panels = page(f"{len(people)} people", 1, 3, height_in=4.0)
    for number, person in enumerate(people):
        frames = person.first_frame + np.arange(len(person.observed))
        label = f"person {number}: {person.observed.mean():.0%} of {len(frames)} frames"
        panels[0].plot(frames, np.where(person.observed, number, np.nan), linewidth=6, label=label)
        panels[1].plot(*person.region[:, :2].T)
        panels[2].plot(frames, person.region[:, 2])
    panels[0].set(xlabel="frame", ylabel="person", yticks=range(len(people)))
    panels[0].legend(fontsize=7)
    panels[1].set(title="centre of the region (px)", aspect="equal")
    panels[1].invert_yaxis()
    panels[2].set(xlabel="frame", title="side of the region (px)", ylim=(0, None))
    return figure


def _draw_pictures(panels: list[Axes], backdrop: Backdrop | None, frames: list[int]) -> None:
    """Fill panels with frames of the clip, in its pixels; without a film, with their place only."""
    for axes in panels:
        axes.set_axis_off()
        axes.set_aspect("equal")
        axes.invert_yaxis()
    if backdrop is None:
        return
    clip = backdrop.clip
    for axes, picture in zip(panels, pictures(backdrop, frames), strict=False):
        axes.imshow(picture, extent=(0, clip.width_px, clip.height_px, 0))
