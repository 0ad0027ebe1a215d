"""BlazePose without MediaPipe's graph: people in a picture, 33 landmarks in a region.

The networks are those bundled in mediapipe 0.10.14, run by LiteRT. What MediaPipe does around them (anchors, weighted
suppression, rotated regions, refinement by heatmap) is written anew and works on any number of regions at once.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float, Int, UInt8

from stages.detect.networks import DETECTION, LANDMARKS, Network, load_network, sigmoid
from stages.detect.reading import CROP_SIDE, OUTPUTS, CropReading, Reading
from stages.detect.regions import cut, merge_overlapping, picture_from_crop, region_about
from stages.detect.rtmpose import PersonNetwork

_WHOLE_SIDE: Final = 224
_OVERLAP: Final = 0.3
"""Boxes that share more are one person (MediaPipe, pose_detection)."""
SAME_PLACE: Final = 0.15
"""Regions whose centres are closer than this many sides are of one person."""


@dataclass(frozen=True, eq=False)
class BlazePose:
    """Both networks, loaded, and another that finds people in place of the first; belongs to one thread."""

    detection: Network
    landmarks: Network
    people: PersonNetwork | None = None


def load(bundle: Path | None = None) -> BlazePose:
    """Load both networks (0.1 s), those of a .task file where one is given.

    Raises:
        WeightsError: mediapipe 0.10.14 is not what is installed, or the file is no such bundle.
    """
    return BlazePose(load_network(DETECTION, bundle=bundle), load_landmarks(bundle))


def load_landmarks(bundle: Path | None = None) -> Network:
    """Load the landmark network alone; raises as load."""
    return load_network(LANDMARKS, OUTPUTS, bundle)


def find_people(
    models: BlazePose,
    picture: UInt8[np.ndarray, "height width 3"],
    min_score: float,
    looks: Float[np.ndarray, "looks 4"] | None = None,
) -> tuple[Float[np.ndarray, "people 4"], Float[np.ndarray, " people"]]:
    """Look for people in parts of the picture, each of which is scaled to 224 pixels.

    Whoever is smaller than a quarter of the part's side is often missed.

    Args:
        looks: the parts; the whole picture where none are given.

    Returns:
        Regions and how sure the network is (0..1); those of the first part come first, the surest of a part first.
        Of two on one place the first stays.
    """
    if looks is None:
        height, width = picture.shape[:2]
        looks = np.array([[width / 2, height / 2, float(max(height, width)), 0.0]])
    found, sure = np.zeros((0, 4)), np.zeros(0)
    for look in looks:
        regions, score = _find_in(models, picture, min_score, look)
        fresh = nearest(regions, found)[1] > SAME_PLACE
        found, sure = np.concatenate([found, regions[fresh]]), np.concatenate([sure, score[fresh]])
    return found, sure


def nearest(
    regions: Float[np.ndarray, "some 4"], others: Float[np.ndarray, "many 4"]
) -> tuple[Int[np.ndarray, " some"], Float[np.ndarray, " some"]]:
    """The nearest of the others and its distance in sides of the larger; infinitely far where there is none."""
    if not len(others):
        return np.zeros(len(regions), np.intp), np.full(len(regions), np.inf)
    distance_px = np.linalg.norm(regions[:, None, :2] - others[:, :2], axis=-1)
    distance = distance_px / np.maximum(regions[:, None, 2], others[:, 2])
    return distance.argmin(axis=1), distance.min(axis=1)


def anchors() -> Float[np.ndarray, "anchors 2"]:
    """Centres the detector's boxes are counted from, in units of the picture's side.

    Grids of stride 8, 16 and 32 pixels with 2, 2 and 6 boxes a cell (MediaPipe, SsdAnchorsCalculator).
    """
    return np.concatenate([_grid(_WHOLE_SIDE // stride, boxes) for stride, boxes in ((8, 2), (16, 2), (32, 6))])


def cut_crops(
    picture: UInt8[np.ndarray, "height width 3"], regions: Float[np.ndarray, "batch 4"]
) -> UInt8[np.ndarray, "batch side side 3"]:
    """Cut the regions of one picture out for the landmark network."""
    crops = [cut(picture, region, CROP_SIDE) for region in regions]
    return np.array(crops, np.uint8).reshape(-1, CROP_SIDE, CROP_SIDE, 3)


def read_landmarks(
    network: Network,
    crops: UInt8[np.ndarray, "batch side side 3"],
    regions: Float[np.ndarray, "batch 4"],
    *,
    mirrored: bool = False,
) -> Reading:
    """Find the landmarks in crops, which may come from several pictures.

    Args:
        network: that of the landmarks.
        crops: cut by cut_crops.
        regions: where each crop was cut.
        mirrored: as the second of `read_twice`.
    """
    if mirrored:
        return read_twice(network, crops, regions)[1]
    return CropReading.of(network, crops).placed(regions)


def read_mirrored(
    network: Network, crops: UInt8[np.ndarray, "batch side side 3"], regions: Float[np.ndarray, "batch 4"]
) -> Reading:
    """Read the mirror images of crops; what is said is about the crops."""
    return _of_mirror_images(network, crops).placed(regions)


def read_picture(
    models: BlazePose, picture: UInt8[np.ndarray, "height width 3"], regions: Float[np.ndarray, "batch 4"]
) -> Reading:
    """Find the landmarks in regions of one picture."""
    return read_landmarks(models.landmarks, cut_crops(picture, regions), regions)


def read_twice(
    network: Network, crops: UInt8[np.ndarray, "batch side side 3"], regions: Float[np.ndarray, "batch 4"]
) -> tuple[Reading, Reading]:
    """Read crops as they are, and average that with a reading of their mirror images, which errs the other way."""
    plain = CropReading.of(network, crops)
    twin = _of_mirror_images(network, crops)
    return plain.placed(regions), plain.mean_with(twin.with_sides_of(plain)).placed(regions)


def _of_mirror_images(network: Network, crops: UInt8[np.ndarray, "batch side side 3"]) -> CropReading:
    return CropReading.of(network, np.ascontiguousarray(crops[:, :, ::-1])).unmirrored()


def _find_in(
    models: BlazePose, picture: UInt8[np.ndarray, "height width 3"], min_score: float, look: Float[np.ndarray, " 4"]
) -> tuple[Float[np.ndarray, "people 4"], Float[np.ndarray, " people"]]:
    if models.people is not None:
        regions = models.people.regions(picture, look)
        return regions, np.ones(len(regions))
    output = models.detection(cut(picture, look, _WHOLE_SIDE).astype(np.float32) / 127.5 - 1)
    score = sigmoid(output["Identity_1"][:, 0].astype(np.float64))
    sure = score > min_score
    box, points = _decode_boxes(output["Identity"][sure].astype(np.float64), anchors()[sure])
    merged, best = merge_overlapping(box, points, score[sure], _OVERLAP)
    points_px = picture_from_crop(merged, np.broadcast_to(look, (len(merged), 4)))
    return region_about(points_px[:, 0], points_px[:, 1]), best


def _decode_boxes(
    raw: Float[np.ndarray, "boxes 12"], anchor: Float[np.ndarray, "boxes 2"]
) -> tuple[Float[np.ndarray, "boxes 4"], Float[np.ndarray, "boxes 4 2"]]:
    unit = raw / _WHOLE_SIDE
    centre, size = unit[:, :2] + anchor, unit[:, 2:4]
    box = np.concatenate([centre - size / 2, centre + size / 2], axis=1)
    return box, unit[:, 4:].reshape(-1, 4, 2) + anchor[:, None]


def _grid(cells: int, boxes: int) -> Float[np.ndarray, "anchors 2"]:
    y, x = np.meshgrid(*[(np.arange(cells) + 0.5) / cells] * 2, indexing="ij")
    return np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), boxes, axis=0)
