"""How somebody looks: the colours of his head, trunk and limbs, read off the picture between his landmarks."""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float, UInt8

from models.skeletons import LANDMARK_INDEX

CHANNELS: Final = 54
"""Six parts (head, trunk, upper arms, forearms, thighs, shins) x three colours x three quantiles."""
_QUANTILES: Final = [3, 8, 12]
"""Of sixteen points, sorted."""
_DARK: Final = 24.0
"""Added to 0..255 before the logarithm: what is darker than this is noise."""
_SEEN: Final = 0.5
"""Mean visibility of its landmarks from which on a part counts as seen."""

_MOSTLY: Final = 0.25
"""Share of a part's points that others may cover."""


def _weights() -> Float[np.ndarray, "6 16 33"]:
    """Points on each part as means of landmarks."""
    weights = np.zeros((6, 16, 33))

    def along(part: int, start: str, end: str) -> None:
        for side, first in (("left", 0), ("right", 8)):
            for step in range(8):
                share = 0.15 + 0.1 * step
                weights[part, first + step, LANDMARK_INDEX[f"{side}_{start}"]] += 1 - share
                weights[part, first + step, LANDMARK_INDEX[f"{side}_{end}"]] += share

    for step, name in enumerate(
        ("nose", "left_ear", "right_ear", "left_eye", "right_eye", "mouth_left", "mouth_right")
    ):
        for other in range(2):
            weights[0, 2 * step + other, LANDMARK_INDEX[name]] = 0.5
            weights[0, 2 * step + other, LANDMARK_INDEX[("left_ear", "right_ear")[other]]] += 0.5
    weights[0, 14:, LANDMARK_INDEX["nose"]] = 1
    for point in range(16):
        down, across = 0.1 + 0.25 * (point // 4), 0.2 + 0.2 * (point % 4)
        for side, sideways in (("left", across), ("right", 1 - across)):
            weights[1, point, LANDMARK_INDEX[f"{side}_shoulder"]] = sideways * (1 - down)
            weights[1, point, LANDMARK_INDEX[f"{side}_hip"]] = sideways * down
    for part, ends in enumerate((("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")), 2):
        along(part, *ends)
    return weights


_WEIGHTS: Final = _weights()
_SHARES: Final = _WEIGHTS.mean(axis=1)


def look(
    picture: UInt8[np.ndarray, "height width 3"],
    landmarks_px: Float[np.ndarray, "people 33 2"],
    visibility: Float[np.ndarray, "people 33"],
    covered: Bool[np.ndarray, "height width"] | None = None,
) -> Float[np.ndarray, "people channels"]:
    """Quantiles of the colours of every part; the mean difference of two is the way between their distributions.

    Colours are log(light), log(red / green) and log(blue / green): more light on somebody changes the first alone.

    Args:
        covered: where somebody else is in front.

    Returns:
        54 channels, part by part; NaN for a part that is hidden or reaches out of the picture.
    """
    points_px = np.einsum("ksl,pld->pksd", _WEIGHTS, landmarks_px)
    pixel = np.floor(points_px).astype(np.intp)
    size = picture.shape[1::-1]
    inside = np.all((pixel >= 0) & (pixel < size), axis=-1).all(axis=-1)
    column, row = np.moveaxis(np.clip(pixel, 0, np.array(size) - 1), -1, 0)
    red, green, blue = np.moveaxis(np.log(picture[row, column].astype(np.float64) + _DARK), -1, 0)
    colours = np.stack([(red + green + blue) / 3, red - green, blue - green], axis=-1)
    quantiles = np.sort(colours, axis=2)[:, :, _QUANTILES].swapaxes(2, 3)
    seen = inside & (visibility @ _SHARES.T > _SEEN)
    if covered is not None:
        seen &= covered[row, column].mean(axis=-1) < _MOSTLY
    return np.where(seen[:, :, None, None], quantiles, np.nan).reshape(len(landmarks_px), CHANNELS)


def unlike(
    one: Float[np.ndarray, "*#batch channels"], other: Float[np.ndarray, "*#batch channels"]
) -> Float[np.ndarray, "*batch"]:
    """Mean difference over the channels that both know; NaN where there is none."""
    apart = np.abs(one - other)
    known = ~np.isnan(apart)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, apart, 0.0).sum(axis=-1) / known.sum(axis=-1))
