"""Sheets of points in the world: from the front, from the side, from above."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes

from models.skeletons import LANDMARK_INDEX, LANDMARKS, SMPL_JOINTS, SMPL_PARENTS
from stages.contracts import JointTrack, Motion
from stages.sheets import Backdrop
from stages.sheets.evidence import LANDMARK_LINES
from stages.sheets.figures import LEFT, MIDDLE, RIGHT, Figure, draw_bones, heat, moments, page

_SHOWN: Final = 6
_FRONT, _SIDE, _ABOVE = [0, 1], [2, 1], [0, 2]
Points = Float[np.ndarray, "frames points 3"]
Lines = Sequence[tuple[int, int, str]]


def _side_colour(name: str) -> str:
    return LEFT if name.startswith("left") else RIGHT if name.startswith("right") else MIDDLE


JOINT_LINES: Final = tuple(
    (parent, joint, _side_colour(SMPL_JOINTS[joint])) for joint, parent in enumerate(SMPL_PARENTS) if parent >= 0
)


def draw_track(track: JointTrack, backdrop: Backdrop | None) -> Figure:
    """The landmarks in metres, how far they are trusted, and where left and right were put right."""
    title = f"lift: {len(track.timestamps_s)} frames at {track.rate_hz} Hz, {int(track.swapped.sum())} swapped"
    figure, panels = page(title, 3, 4)
    _draw_poses(panels, track.landmarks_m, track.observed, LANDMARK_LINES)
    heat(panels[8], track.confidence, LANDMARKS, vmin=0, vmax=1)
    panels[8].set_title("confidence")
    hips_m = track.landmarks_m[:, [LANDMARK_INDEX["left_hip"], LANDMARK_INDEX["right_hip"]]].mean(1)
    _draw_path(panels[9], hips_m)
    _draw_heights(panels[10], track.timestamps_s, track.landmarks_m, LANDMARKS)
    panels[11].plot(track.timestamps_s, track.swapped, label="swapped")
    panels[11].plot(track.timestamps_s, track.observed * 0.9, label="observed")
    panels[11].legend(fontsize=7)
    return figure


def draw_motion(motion: Motion, backdrop: Backdrop | None) -> Figure:
    """The joints in metres, how fast they move, and where the root goes."""
    title = f"motion: {len(motion.timestamps_s)} frames at {motion.rate_hz} Hz, body {motion.body_model}"
    figure, panels = page(title, 3, 4)
    _draw_poses(panels, motion.joints_m, motion.observed, JOINT_LINES)
    heat(panels[8], motion.confidence, SMPL_JOINTS, vmin=0, vmax=1)
    panels[8].set_title("confidence")
    _draw_path(panels[9], motion.joints_m[:, 0])
    _draw_heights(panels[10], motion.timestamps_s, motion.joints_m, SMPL_JOINTS)
    speed_m_s = np.linalg.norm(np.diff(motion.joints_m, axis=0), axis=-1) * motion.rate_hz
    heat(panels[11], speed_m_s, SMPL_JOINTS, vmin=0)
    panels[11].set_title("speed (m/s)")
    return figure


def _draw_poses(panels: list[Axes], points_m: Points, observed: Bool[np.ndarray, " frames"], lines: Lines) -> None:
    """Some poses from the front in the first row, from the side in the second."""
    seen = np.flatnonzero(observed)
    for axes, view in zip(panels[:2] + panels[4:6], (_FRONT, _FRONT, _SIDE, _SIDE), strict=True):
        axes.axhline(0, color="#cccccc")
        axes.set_aspect("equal")
        axes.set_title("from the front (m)" if view == _FRONT else "from the side (m)", fontsize=8)
    chosen = [int(seen[index]) for index in moments(len(seen), _SHOWN)]
    for order, frame in enumerate(chosen):
        column = 0 if order < len(chosen) / 2 else 1
        draw_bones(panels[column], points_m[frame][:, _FRONT], lines)
        draw_bones(panels[4 + column], points_m[frame][:, _SIDE], lines)
    for axes, view in ((panels[2], _FRONT), (panels[6], _SIDE)):
        axes.plot(points_m[..., view[0]], points_m[..., view[1]], linewidth=0.4)
        axes.set_aspect("equal")
        axes.set_title("paths of all points (m)", fontsize=8)
    for axes, coordinate in ((panels[3], "x"), (panels[7], "z")):
        axes.plot(points_m[:, :, "xyz".index(coordinate)], linewidth=0.4)
        axes.set_title(f"{coordinate} of all points (m)", fontsize=8)


def _draw_path(axes: Axes, root_m: Float[np.ndarray, "frames 3"]) -> None:
    axes.plot(*root_m[:, _ABOVE].T)
    axes.set_aspect("equal", adjustable="datalim")
    axes.invert_yaxis()
    axes.set_title("the pelvis from above (m), the camera below", fontsize=8)


def _draw_heights(axes: Axes, times_s: Float[np.ndarray, " frames"], points_m: Points, names: Sequence[str]) -> None:
    for name in ("left_heel", "right_heel", "left_foot_index", "right_foot_index", "left_foot", "right_foot"):
        if name in names:
            axes.plot(times_s, points_m[:, names.index(name), 1], label=name, color=_side_colour(name))
    axes.axhline(0, color="#cccccc")
    axes.set_title("height of the feet (m)", fontsize=8)
    axes.legend(fontsize=6)
