"""What the landmark network says about crops, and what that means in the picture."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8

from models.skeletons import LANDMARK_MIRROR
from stages.detect.networks import Network, sigmoid
from stages.detect.regions import picture_from_crop, region_about, turn

CROP_SIDE: Final = 256
OUTPUTS: Final = ("Identity", "Identity_1", "Identity_3", "Identity_4")
"""Points with visibility and presence, score, heat and metres."""

_POINTS: Final = 39
"""33 landmarks and six helpers: 33 is the middle of the person, 34 lies on the circle about him."""

_MIRROR: Final = np.array([*LANDMARK_MIRROR, *range(33, _POINTS)])
PARTS: Final = (slice(0, 11), slice(11, 23), slice(23, 33))
"""Face, arms and legs: what the network turns the wrong way round as one."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What the landmark network sees in some regions; fields as in contracts.Detections.

    Attributes:
        next_region: the square about the person as seen now, where to look in the next frame.
    """

    landmarks_px: Float[np.ndarray, "batch 33 2"]
    rough_m: Float[np.ndarray, "batch 33 3"]
    visibility: Float[np.ndarray, "batch 33"]
    presence: Float[np.ndarray, "batch 33"]
    score: Float[np.ndarray, " batch"]
    next_region: Float[np.ndarray, "batch 4"]

    def only(self, kept: Bool[np.ndarray, " batch"]) -> "Reading":
        """The readings that are kept."""
        return self.at(np.flatnonzero(kept))

    def at(self, rows: Int[np.ndarray, " some"]) -> "Reading":
        """The readings in these rows."""
        return Reading(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @staticmethod
    def concatenate(readings: Sequence["Reading"]) -> "Reading":
        """All readings in one batch."""
        names = [field.name for field in fields(Reading)]
        return Reading(**{name: np.concatenate([getattr(one, name) for one in readings]) for name in names})


@dataclass(frozen=True, eq=False)
class CropReading:
    """Readings in the crop's own frame: x, y in 0..1, metres along the crop's axes."""

    unit: Float[np.ndarray, "batch points 2"]
    rough_m: Float[np.ndarray, "batch points 3"]
    visibility: Float[np.ndarray, "batch points"]
    presence: Float[np.ndarray, "batch points"]
    score: Float[np.ndarray, " batch"]

    @staticmethod
    def of(network: Network, crops: UInt8[np.ndarray, "batch side side 3"]) -> "CropReading":
        """Run the network over one crop after another: more at a time is no faster."""
        outputs = [network(crop.astype(np.float32) / 255) for crop in crops]
        point = _stack(outputs, "Identity", _POINTS, 5)
        heat = np.array([output["Identity_3"] for output in outputs], np.float32).reshape(-1, 64, 64, _POINTS)
        return CropReading(
            unit=refine_by_heat(point[..., :2] / CROP_SIDE, heat),
            rough_m=_stack(outputs, "Identity_4", _POINTS, 3),
            visibility=sigmoid(point[..., 3]),
            presence=sigmoid(point[..., 4]),
            score=_stack(outputs, "Identity_1").reshape(-1),
        )

    def unmirrored(self) -> "CropReading":
        """What the mirror images of these crops say about the crops themselves."""
        return CropReading(
            unit=(self.unit * [-1, 1] + [1, 0])[:, _MIRROR],
            rough_m=(self.rough_m * [-1, 1, 1])[:, _MIRROR],
            visibility=self.visibility[:, _MIRROR],
            presence=self.presence[:, _MIRROR],
            score=self.score,
        )

    def with_sides_of(self, other: "CropReading") -> "CropReading":
        """Exchange left and right in each part of the body that agrees far better with the other reading so.

        The network takes a back for a front now and then; a mean of both beliefs would be neither.
        """
        source = np.broadcast_to(np.arange(_POINTS), self.visibility.shape).copy()
        swapped = self.unit[:, _MIRROR]
        for part in PARTS:
            as_is = np.linalg.norm(self.unit - other.unit, axis=-1)[:, part].mean(axis=1)
            exchanged = np.linalg.norm(swapped - other.unit, axis=-1)[:, part].mean(axis=1)
            source[:, part] = np.where((exchanged < as_is / 2)[:, None], _MIRROR[part], source[:, part])
        batch = np.arange(len(source))[:, None]
        return CropReading(
            unit=self.unit[batch, source],
            rough_m=self.rough_m[batch, source],
            visibility=self.visibility[batch, source],
            presence=self.presence[batch, source],
            score=self.score,
        )

    def mean_with(self, other: "CropReading") -> "CropReading":
        """Half of each."""
        return CropReading(
            unit=(self.unit + other.unit) / 2,
            rough_m=(self.rough_m + other.rough_m) / 2,
            visibility=(self.visibility + other.visibility) / 2,
            presence=(self.presence + other.presence) / 2,
            score=(self.score + other.score) / 2,
        )

    def placed(self, regions: Float[np.ndarray, "batch 4"]) -> Reading:
        """Carry the readings over to the picture, given where the crops were cut."""
        points_px = picture_from_crop(self.unit, regions)
        across_m = turn(self.rough_m[..., :2], regions[:, 3])
        rough_m = np.concatenate([across_m, self.rough_m[..., 2:]], axis=-1)[:, :33]
        return Reading(
            landmarks_px=points_px[:, :33],
            rough_m=rough_m - rough_m[:, 23:25].mean(axis=1, keepdims=True),
            visibility=self.visibility[:, :33],
            presence=self.presence[:, :33],
            score=self.score,
            next_region=region_about(points_px[:, 33], points_px[:, 34]),
        )


def refine_by_heat(
    unit: Float[np.ndarray, "batch points 2"], heat: Float32[np.ndarray, "batch rows columns points"]
) -> Float[np.ndarray, "batch points 2"]:
    """Move each point to the centre of heat within three cells, where any cell is at least half sure.

    Args:
        unit: x, y in 0..1 across the crop; points outside stay.
        heat: logits.

    MediaPipe, RefineLandmarksFromHeatmapCalculator: kernel 7, cells counted from their upper left corner.
    """
    rows, columns = heat.shape[1:3]
    centre = np.floor(unit * [columns, rows]).astype(np.intp)
    inside = np.all((centre >= 0) & (centre < [columns, rows]), axis=-1)
    reach = np.arange(-3, 4)
    x = centre[..., 0, None] + reach
    y = centre[..., 1, None] + reach
    x_known, y_known = (x >= 0) & (x < columns), (y >= 0) & (y < rows)
    batch, point = np.ogrid[: heat.shape[0], : heat.shape[3]]
    logit = heat[
        batch[..., None, None], _clip(y, rows)[..., None], _clip(x, columns)[..., None, :], point[..., None, None]
    ]
    warmth = sigmoid(logit.astype(np.float64)) * (y_known[..., None] & x_known[..., None, :])
    total = warmth.sum(axis=(-2, -1))
    sure: Bool[np.ndarray, "batch points"] = inside & (warmth.max(axis=(-2, -1)) >= 0.5)
    divisor = np.where(sure, total, 1.0)
    mean_x = (warmth.sum(axis=-2) * x).sum(axis=-1) / divisor / columns
    mean_y = (warmth.sum(axis=-1) * y).sum(axis=-1) / divisor / rows
    return np.where(sure[..., None], np.stack([mean_x, mean_y], axis=-1), unit)


def _clip(index: np.ndarray, count: int) -> np.ndarray:
    return np.clip(index, 0, count - 1)


def _stack(outputs: list[dict[str, np.ndarray]], name: str, *shape: int) -> Float[np.ndarray, "..."]:
    stacked = np.array([output[name] for output in outputs], np.float64)
    return stacked.reshape(-1, *shape) if shape else stacked
