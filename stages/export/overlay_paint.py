"""Paints people over one picture: the skin half transparent, the skeleton's lines on top."""

from typing import Final

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from models.raster import NEAR_M, Mesh, View, blend, draw_mesh
from models.skeletons import SMPL_JOINTS, SMPL_PARENTS
from stages.export.overlay_figures import Figure

RGB = tuple[int, int, int]
LEFT_RGB: Final[RGB] = (255, 140, 40)
RIGHT_RGB: Final[RGB] = (60, 150, 255)
MIDDLE_RGB: Final[RGB] = (245, 245, 245)
TINTS: Final = np.array([[200, 208, 216], [228, 194, 156], [174, 216, 180], [214, 180, 216], [216, 210, 156]], float)
"""Colours of the skins, one for each person in turn."""
FAINT: Final = 0.35
"""Share of the usual opacity for a pose that nobody saw."""
LINE_SHARE: Final = 1 / 320
"""Thickness of a bone as a share of the picture's long side."""
SHIFT: Final = 4
"""cv2 takes whole numbers; these bits of fraction keep a slow joint from jumping by pixels."""
FARTHEST: Final = 2**20
"""cv2's fixed-point numbers overflow beyond."""


def paint(
    picture: UInt8[np.ndarray, "_ _ 3"],
    figures: tuple[Figure, ...],
    size_px: tuple[int, int],
    opacity: float,
) -> UInt8[np.ndarray, "height width 3"]:
    """Scale the picture to a width and a height and draw the figures over it, the farthest first."""
    height_px, width_px = picture.shape[:2]
    canvas = np.ascontiguousarray(picture)
    if (width_px, height_px) != size_px:
        # Averaging areas takes seven times as long, and less than halving a picture does not need it.
        way = cv2.INTER_LINEAR if 2 * size_px[0] > width_px else cv2.INTER_AREA
        canvas = cv2.resize(canvas, size_px, interpolation=way).astype(np.uint8, copy=False)
    scale = np.diag([size_px[0] / width_px, size_px[1] / height_px, 1.0])
    for figure in sorted(figures, key=lambda figure: -figure.joints_m[0, 2]):
        view = View(scale @ figure.camera_matrix, *size_px)
        strength = 1.0 if figure.observed else FAINT
        canvas = blend(canvas, draw_mesh(_mesh(figure), view), opacity * strength)
        canvas = _with_bones(canvas, figure.joints_m, view, strength)
    return canvas


def _mesh(figure: Figure) -> Mesh:
    tint = TINTS[figure.person % len(TINTS)]
    return Mesh(figure.vertices_m, figure.faces, np.broadcast_to(tint, figure.vertices_m.shape))


def _with_bones(
    canvas: UInt8[np.ndarray, "height width 3"], joints_m: Float[np.ndarray, "24 3"], view: View, strength: float
) -> UInt8[np.ndarray, "height width 3"]:
    drawn = canvas.copy()
    thickness = max(1, round(max(view.width_px, view.height_px) * LINE_SHARE))
    seen = joints_m[:, 2] > NEAR_M
    pixel = (joints_m / np.where(seen, joints_m[:, 2], 1.0)[:, None]) @ view.camera_matrix[:2].T
    # cv2 counts from the middle of the first pixel.
    point = np.clip((pixel - 0.5) * 2**SHIFT, -FARTHEST, FARTHEST).round().astype(int).tolist()
    for joint, parent in enumerate(SMPL_PARENTS):
        if parent >= 0 and seen[joint] and seen[parent]:
            cv2.line(drawn, point[parent], point[joint], _side_rgb(joint), thickness, cv2.LINE_AA, SHIFT)
    for joint in np.flatnonzero(seen).tolist():
        cv2.circle(drawn, point[joint], thickness * 2**SHIFT, _side_rgb(joint), -1, cv2.LINE_AA, SHIFT)
    if strength < 1:
        drawn = cv2.addWeighted(drawn, strength, canvas, 1 - strength, 0).astype(np.uint8, copy=False)
    return drawn


def _side_rgb(joint: int) -> RGB:
    name = SMPL_JOINTS[joint]
    if name.startswith("left"):
        return LEFT_RGB
    return RIGHT_RGB if name.startswith("right") else MIDDLE_RGB
