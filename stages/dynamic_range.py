"""High dynamic range -> the range that a plain screen shows and that detectors have learnt from.

Both curves of such videos (ITU-R BT.2100: PQ, HLG) are undone to light; what is brighter than paper white is
compressed instead of cut, wide colours are brought into BT.709's, and sRGB's curve is applied.
"""

from functools import cache
from typing import Final

import cv2
import numpy as np
from av.video.frame import VideoFrame
from jaxtyping import Float, UInt8, UInt16

PQ: Final = 16
HLG: Final = 18
"""Numbers of the curves in a stream, and below of wide colours (ITU-T H.273)."""
WIDE_PRIMARIES: Final = 9
WHITE_CD_M2: Final = 203.0
"""Of paper (ITU-R BT.2408): 58 % of PQ's signal, 75 % of HLG's."""
BRIGHTEST_CD_M2: Final = 1000.0
"""Becomes white; of a common screen for such videos. What is brighter is cut."""
HLG_GAMMA: Final = 1.2
"""Of a screen of that brightness; applied to each colour by itself, which saturates a little."""
SIGNAL_BITS: Final = 10
LIGHT_STEPS: Final = 4095
_PRIMARIES_2020: Final = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
_PRIMARIES_709: Final = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_WHITE_D65: Final = (0.3127, 0.3290)


def is_high(frame: VideoFrame) -> bool:
    """Whether the frame says of itself that its range is high."""
    return frame.color_trc in (PQ, HLG)


def to_standard(rgb: UInt16[np.ndarray, "height width 3"], frame: VideoFrame) -> UInt8[np.ndarray, "height width 3"]:
    """The picture as a plain screen shows it.

    Args:
        rgb: the frame's signal in 16 bits, whole range.
        frame: whose curve and colours are meant.
    """
    light = _light_of_signal(frame.color_trc).take(rgb >> (16 - SIGNAL_BITS), mode="clip")
    if frame.color_primaries == WIDE_PRIMARIES:
        light = cv2.transform(light, _narrow_from_wide())
    step = np.clip(light * LIGHT_STEPS, 0, LIGHT_STEPS).astype(np.uint16)
    return _signal_of_light().take(step, mode="clip")


@cache
def _light_of_signal(curve: int) -> Float[np.ndarray, " levels"]:
    """Light on the screen for each signal: 1 is the brightest."""
    signal = np.linspace(0, 1, 1 << SIGNAL_BITS)
    light_cd_m2 = _pq_cd_m2(signal) if curve == PQ else _hlg_cd_m2(signal)
    relative, brightest = light_cd_m2 / WHITE_CD_M2, BRIGHTEST_CD_M2 / WHITE_CD_M2
    return np.minimum(relative * (1 + relative / brightest**2) / (1 + relative), 1).astype(np.float32)


def _pq_cd_m2(signal: Float[np.ndarray, " levels"]) -> Float[np.ndarray, " levels"]:
    """BT.2100, table 4."""
    root = signal ** (32 / 2523)
    over = np.maximum(root - 107 / 128, 0)
    return 10_000 * (over / (2413 / 128 - 2392 / 128 * root)) ** (8192 / 1305)


def _hlg_cd_m2(signal: Float[np.ndarray, " levels"]) -> Float[np.ndarray, " levels"]:
    """BT.2100, table 5."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return BRIGHTEST_CD_M2 * scene**HLG_GAMMA


@cache
def _signal_of_light() -> UInt8[np.ndarray, " steps"]:
    light = np.linspace(0, 1, LIGHT_STEPS + 1)
    return np.rint(255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)).astype(
        np.uint8
    )


@cache
def _narrow_from_wide() -> Float[np.ndarray, "3 3"]:
    return (np.linalg.inv(_xyz_from_rgb(_PRIMARIES_709)) @ _xyz_from_rgb(_PRIMARIES_2020)).astype(np.float32)


def _xyz_from_rgb(primaries: tuple[tuple[float, float], ...]) -> Float[np.ndarray, "3 3"]:
    """Columns are the primaries, each as bright as equal parts of all give white."""
    columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries]).T
    x, y = _WHITE_D65
    return columns * np.linalg.solve(columns, np.array([x / y, 1, (1 - x - y) / y]))
