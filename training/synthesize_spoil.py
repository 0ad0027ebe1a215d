"""What real videos do to pictures: things stand before people, light is poor, lenses blur, codecs smear."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from models.raster import View

COVERED_SHARE: Final = 0.22
"""Of the snippets, with something in front of the person."""
BLURRED_SHARE, BLUR_PX = 0.35, (0.5, 1.8)
DARK_SHARE: Final = 0.4
NOISY_SHARE, NOISE = 0.7, (2.0, 14.0)
CODED_SHARE, QUALITY = 0.45, (18, 75)
COARSE_SHARE: Final = 0.4
"""Of noisy videos, with grain of two pixels, as of enlarged ones."""
NOISE_SIDE: Final = 1400


@dataclass(frozen=True, eq=False)
class Spoil:
    """One video's faults.

    Attributes:
        covers_px: left, top, right, bottom of what stands in front.
        cover_colour: red, green, blue of each.
        blur_px: deviation of the lens's blur; 0 for none.
        tone: new value of every grey value of red, green and blue.
        noise: grey values of the sensor's noise, drawn once and shifted from frame to frame.
        quality: of JPEG; 0 where nothing is coded.
    """

    covers_px: Int[np.ndarray, "covers 4"]
    cover_colour: Float[np.ndarray, "covers 3"]
    blur_px: float
    tone: UInt8[np.ndarray, "256 3"]
    noise: np.ndarray | None
    quality: int

    def hides(self, points_px: Float[np.ndarray, "*points 2"]) -> Bool[np.ndarray, "*points"]:
        """Which points lie behind what stands in front."""
        low, high = self.covers_px[:, :2], self.covers_px[:, 2:]
        inside = (points_px[..., None, :] > low) & (points_px[..., None, :] < high)
        return np.asarray(inside.all(axis=-1).any(axis=-1))


def random_spoil(landmarks_px: Float[np.ndarray, "frames 33 2"], view: View, rng: np.random.Generator) -> Spoil:
    """The faults of one video, given where the person is."""
    covers_px = _random_covers(landmarks_px, view, rng) if rng.random() < COVERED_SHARE else np.zeros((0, 4), int)
    noise = None
    if rng.random() < NOISY_SHARE:
        grain = rng.standard_normal((NOISE_SIDE // 2, NOISE_SIDE // 2), np.float32) * rng.uniform(*NOISE)
        coarse = rng.random() < COARSE_SHARE
        noise = (cv2.resize(grain, (NOISE_SIDE, NOISE_SIDE)) if coarse else np.tile(grain, (2, 2))).astype(np.int16)
    return Spoil(
        covers_px=covers_px,
        cover_colour=rng.uniform(20, 220, (len(covers_px), 3)),
        blur_px=float(rng.uniform(*BLUR_PX)) if rng.random() < BLURRED_SHARE else 0.0,
        tone=_random_tone(rng),
        noise=noise,
        quality=int(rng.integers(*QUALITY)) if rng.random() < CODED_SHARE else 0,
    )


def spoil_picture(
    picture: UInt8[np.ndarray, "height width 3"],
    spoil: Spoil,
    region: Float[np.ndarray, " 4"],
    rng: np.random.Generator,
) -> UInt8[np.ndarray, "height width 3"]:
    """The picture as the video shows it, as far as the region reaches; what is outside stays."""
    result = picture.copy()
    for (left, top, right, bottom), colour in zip(spoil.covers_px, spoil.cover_colour, strict=True):
        result[top:bottom, left:right] = colour
    window = _window(result, region)
    if window.size == 0:
        return result
    if spoil.blur_px:
        window[:] = cv2.GaussianBlur(window, (0, 0), spoil.blur_px)
    window[:] = cv2.LUT(window, spoil.tone[None])
    if spoil.noise is not None:
        height, width = window.shape[:2]
        top, left = (int(rng.integers(NOISE_SIDE - side)) for side in (height, width))
        grain = spoil.noise[top : top + height, left : left + width, None]
        np.clip(window + grain, 0, 255, out=window, casting="unsafe")
    if spoil.quality:
        coded = cv2.imencode(".jpg", window, [cv2.IMWRITE_JPEG_QUALITY, spoil.quality])[1]
        window[:] = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return result


def _window(picture: np.ndarray, region: Float[np.ndarray, " 4"]) -> np.ndarray:
    """The part of the picture that a region may show, cut to whole blocks of the codec."""
    reach = region[2] / 2 * (abs(np.cos(region[3])) + abs(np.sin(region[3])))
    low = np.maximum(np.floor((region[:2] - reach) / 8).astype(int) * 8, 0)
    high = np.maximum(np.ceil(region[:2] + reach).astype(int), 0)
    return picture[low[1] : high[1], low[0] : high[0]]


def _random_covers(
    landmarks_px: Float[np.ndarray, "frames 33 2"], view: View, rng: np.random.Generator
) -> Int[np.ndarray, "covers 4"]:
    """A table before the legs, a pillar, or a thing or two anywhere about the person."""
    low, high = np.percentile(landmarks_px, (5, 95), axis=(0, 1))
    size, picture = high - low, np.array([view.width_px, view.height_px])
    match int(rng.integers(3)):
        case 0:
            top = high[1] - rng.uniform(0.15, 0.5) * size[1]
            wide = rng.uniform(0.4, 1.6) * size[0]
            left = rng.uniform(low[0] - wide / 2, high[0] - wide / 2)
            boxes = [[left, top, left + wide, top + rng.uniform(0.1, 1.0) * size[1]]]
        case 1:
            left = rng.uniform(low[0], high[0])
            boxes = [[left, 0, left + rng.uniform(0.08, 0.35) * size[1], picture[1]]]
        case _:
            middle = rng.uniform(low, high, (int(rng.integers(1, 4)), 2))
            half = rng.uniform(0.04, 0.16, middle.shape) * size[1]
            boxes = np.concatenate([middle - half, middle + half], axis=1)
    return np.clip(np.array(boxes), 0, np.tile(picture, 2)).astype(int)


def _random_tone(rng: np.random.Generator) -> UInt8[np.ndarray, "256 3"]:
    grey = np.linspace(0, 1, 256)[:, None] * np.ones(3)
    grey = grey * rng.normal(1, 0.04, 3)
    if rng.random() < DARK_SHARE:
        contrast, gain, gamma = rng.uniform(0.35, 1.0), rng.uniform(0.35, 1.1), rng.uniform(0.7, 1.6)
        grey = (0.5 + (grey - 0.5) * contrast).clip(0, 1) ** gamma * gain
    return (grey.clip(0, 1) * 255).astype(np.uint8)
