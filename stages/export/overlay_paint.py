"""Paints people over one picture: the skin half transparent, the skeleton's lines on top."""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from models.raster import NEAR_M, Layer, Mesh, Planes, View, blend_420, draw_mesh
from models.skeletons import SMPL_JOINTS, SMPL_PARENTS
from stages.export.overlay_figures import Figure
from stages.frames import planes_420

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
BLACK: Final = (16, 128, 128)
FARTHEST: Final = 2**20
"""cv2's fixed-point numbers overflow beyond."""


def paint(
    picture: UInt8[np.ndarray, "rows width"],
    figures: tuple[Figure, ...],
    scale: tuple[float, float],
    opacity: float,
) -> UInt8[np.ndarray, "rows width"]:
    """Draw the figures over a picture in YUV 4:2:0, the farthest first.

    Args:
        picture: as stages.frames.small_picture makes it; stays as it is.
        scale: width and height of the picture as shares of those that the figures' cameras refer to.
        opacity: of the skins, 0..1.
    """
    canvas = picture.copy()
    planes = Planes(*planes_420(canvas))
    height_px, width_px = planes.luma.shape
    for figure in sorted(figures, key=lambda figure: -figure.joints_m[0, 2]):
        view = View(np.diag([*scale, 1.0]) @ figure.camera_matrix, width_px, height_px)
        strength = 1.0 if figure.observed else FAINT
        tint = _above_black(TINTS[figure.person % len(TINTS)])
        blend_420(planes, _soft(draw_mesh(_mesh(figure), view)), tint, opacity * strength)
        if strength == 1:
            _draw_bones(planes, figure.joints_m, view)
        else:
            before = canvas.copy()
            _draw_bones(planes, figure.joints_m, view)
            cv2.addWeighted(canvas, strength, before, 1 - strength, 0, dst=canvas)
    return canvas


def _mesh(figure: Figure) -> Mesh:
    return Mesh(figure.vertices_m, figure.faces, np.broadcast_to(np.float32(255), (len(figure.vertices_m), 1)))


def _soft(layer: Layer) -> Layer:
    """Blurred by 1:2:1 both ways: edges nearly as smooth as with four samples a pixel, in a tenth of the time."""
    if layer.coverage.size == 0:
        return layer
    colour, coverage = (cv2.GaussianBlur(array, (3, 3), 0) for array in (layer.colour, layer.coverage))
    return replace(layer, colour=colour[..., None], coverage=coverage)


def _draw_bones(planes: Planes, joints_m: Float[np.ndarray, "24 3"], view: View) -> None:
    thickness_px = max(1, round(max(view.width_px, view.height_px) * LINE_SHARE))
    seen = joints_m[:, 2] > NEAR_M
    pixel = (joints_m / np.where(seen, joints_m[:, 2], 1.0)[:, None]) @ view.camera_matrix[:2].T
    for channel, (plane, share) in enumerate(((planes.luma, 1.0), (planes.blue, 0.5), (planes.red, 0.5))):
        # cv2 counts from the middle of the first pixel.
        point = np.clip((pixel * share - 0.5) * 2**SHIFT, -FARTHEST, FARTHEST).round().astype(int).tolist()
        width, radius = max(1, round(thickness_px * share)), round(thickness_px * share * 2**SHIFT)
        for joint, parent in enumerate(SMPL_PARENTS):
            if parent >= 0 and seen[joint] and seen[parent]:
                cv2.line(plane, point[parent], point[joint], SIDE_YUV[joint][channel], width, cv2.LINE_AA, SHIFT)
        for joint in np.flatnonzero(seen).tolist():
            cv2.circle(plane, point[joint], radius, SIDE_YUV[joint][channel], -1, cv2.LINE_AA, SHIFT)


def _above_black(rgb: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " 3"]:
    """Luma, blue and red of a colour in television's range, above those of black (ITU-R BT.709-6, items 3.2 to 3.4)."""
    luma = rgb @ (0.2126, 0.7152, 0.0722)
    return np.array([219 * luma, 224 * (rgb[2] - luma) / 1.8556, 224 * (rgb[0] - luma) / 1.5748]) / 255


def _side_yuv(name: str) -> tuple[int, ...]:
    rgb = LEFT_RGB if name.startswith("left") else RIGHT_RGB if name.startswith("right") else MIDDLE_RGB
    return tuple((_above_black(np.array(rgb, float)) + BLACK).round().astype(int).tolist())


SIDE_YUV: Final = tuple(_side_yuv(name) for name in SMPL_JOINTS)
"""Colour of each joint and of the bone that leads to it."""
