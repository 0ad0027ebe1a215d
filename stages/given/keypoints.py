"""Keypoints of another detector in place of our own detector's pixels, wherever they show the same person.

Depth, regions and who is seen at all stay our detector's: one picture's keypoints alone do not say how far off a limb
lies, so the video has to be there.
"""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from models.errors import InputError
from models.readers.given import PicturePoints, Said
from models.skeletons import LANDMARK_INDEX
from stages.contracts import Clip, Detections

VERSION: Final = 1
NEAR: Final = 0.35
"""Two sightings are of one person when their points lie apart by less than this share of his size, in the middle."""
LEAST_SHARED: Final = 4
TRUSTED: Final = 0.2
"""Less confident points are left to our detector."""
TOE: Final = {"left_bigtoe": "left_foot_index", "right_bigtoe": "right_foot_index"}
log = logging.getLogger(__name__)


def run(
    said: Said, clip: Clip, detections: Detections, format_name: str, path: str, files: tuple[Path, ...]
) -> Detections:
    """Put the keypoints of a file or folder in place of the detector's pixels.

    Args:
        clip: the video whose frames the keypoints are numbered by; all of it, from its first frame.
        format_name: one of models.readers.registry.ON_PICTURE.
        path: of the file or folder.
        files: all that is read of it, so that the result depends on their bytes.

    Raises:
        InputError: the file cannot be used, is of another video, or shows nobody whom the detector sees.
    """
    from models.readers.registry import ON_PICTURE  # noqa: PLC0415

    people = ON_PICTURE[format_name].read(Path(path), said)
    last = max(int(person.frame_index[-1]) for person in people)
    if last >= detections.frame_count:
        raise InputError(
            f"{path} has a frame {last}, the video has {detections.frame_count}",
            "name the video that the keypoints were found in, whole",
        )
    return put_in(detections, people, path)


def put_in(detections: Detections, people: tuple[PicturePoints, ...], path: str) -> Detections:
    """The detections with other pixels; raises InputError where no sighting is anybody's."""
    pixels, visibility = detections.landmarks_px.copy(), detections.visibility.copy()
    rows = [_landmarks(person) for person in people]
    taken = 0
    for sighting, frame in enumerate(detections.frame_index.tolist()):
        best = min(
            ((_apart(pixels[sighting], *found), found) for found in _in_frame(people, rows, frame)),
            key=lambda pair: pair[0],
            default=(np.inf, None),
        )
        if best[1] is not None and best[0] < NEAR:
            points_px, trust = best[1]
            known = trust > TRUSTED
            pixels[sighting, known] = points_px[known]
            visibility[sighting, known] = trust[known]
            taken += 1
    if not taken:
        raise InputError(
            f"nobody in {path} is where the video shows somebody",
            "name the video that the keypoints were found in, with pixels of its own size",
        )
    log.info("keypoints of %d of %d sightings taken from %s", taken, len(detections.frame_index), Path(path).name)
    return replace(detections, landmarks_px=pixels, visibility=visibility)


def _landmarks(person: PicturePoints) -> tuple[np.ndarray, np.ndarray]:
    """Its points as the 33 landmarks, with confidence 0 for those that the set lacks."""
    from models.readers.names import parts_of  # noqa: PLC0415

    points_px = np.zeros((len(person.frame_index), len(LANDMARK_INDEX), 2))
    trust = np.zeros(points_px.shape[:2])
    for column, part in enumerate(parts_of(person.set_name)):
        landmark = LANDMARK_INDEX.get(TOE.get(part, part))
        if landmark is not None:
            points_px[:, landmark] = person.points_px[:, column]
            trust[:, landmark] = person.confidence[:, column]
    return points_px, trust


def _in_frame(
    people: tuple[PicturePoints, ...], rows: list[tuple[np.ndarray, np.ndarray]], frame: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for person, (points_px, trust) in zip(people, rows, strict=True):
        at = int(np.searchsorted(person.frame_index, frame))
        if at < len(person.frame_index) and person.frame_index[at] == frame:
            found.append((points_px[at], trust[at]))
    return found


def _apart(ours_px: np.ndarray, theirs_px: np.ndarray, trust: np.ndarray) -> float:
    known = trust > TRUSTED
    if known.sum() < LEAST_SHARED:
        return float("inf")
    size_px = max(float(np.ptp(ours_px, axis=0).max()), 1.0)
    return float(np.median(np.linalg.norm(ours_px[known] - theirs_px[known], axis=1))) / size_px
