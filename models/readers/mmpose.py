"""MMPose and RTMPose: predictions of COCO-17, Halpe-26/136 or COCO-WholeBody-133 points as JSON.

Layouts: MMPose 1.x. The inferencer's --pred-out-dir writes one file for a video: a list of {frame_id, instances}, or,
for pictures, one file for each with a list of instances. The demo's --save-predictions writes {meta_info,
instance_info}, where instance_info is such a list. An instance holds `keypoints` (x, y for each) and
`keypoint_scores`; trackers add `track_id`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import InputError
from models.readers.given import PicturePoints, Said
from models.readers.json_text import MAX_FRAME_BYTES, files_of, read_json, triples, wanted
from models.readers.picture import Sighting, people_of


def read(path: Path, said: Said) -> tuple[PicturePoints, ...]:
    """Everybody in a file of a video, or in a folder of files of its frames.

    Raises:
        InputError: a file is not in one of these layouts, or nobody is seen.
    """
    seen: list[Sighting] = []
    if path.is_dir():
        files = files_of(path, ".json")
        first = min(*files, 1)
        for number, file in files.items():
            for _, instances in _frames(read_json(file, MAX_FRAME_BYTES), str(file)):
                seen += [_sighting(number - first, each, str(file)) for each in instances]
    else:
        for frame, instances in _frames(read_json(path), str(path)):
            seen += [_sighting(frame, each, str(path)) for each in instances]
    return people_of(str(path), seen, said)


def _frames(content: Any, where: str) -> Iterator[tuple[int, list[Any]]]:
    rows = wanted(content, "instance_info", where) if isinstance(content, dict) else content
    if not isinstance(rows, list):
        raise InputError(f"{where} holds no list of instances", "hand in the file as MMPose wrote it")
    if all(isinstance(row, dict) and "keypoints" in row for row in rows):
        yield 0, rows
        return
    numbers = [wanted(row, "frame_id", where) for row in rows]
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise InputError(f"{where}: a frame_id is no number", "hand in the file as MMPose wrote it")
    first = min(numbers)
    for number, row in zip(numbers, rows, strict=True):
        instances = wanted(row, "instances", where)
        yield number - min(first, 1), instances if isinstance(instances, list) else []


def _sighting(frame: int, instance: Any, where: str) -> Sighting:
    places = triples(wanted(instance, "keypoints", where), f"{where}: keypoints", 2)
    scores = triples(wanted(instance, "keypoint_scores", where), f"{where}: keypoint_scores", 1)
    if len(places) != len(scores):
        raise InputError(f"{where}: {len(places)} keypoints have {len(scores)} scores", "write one for each")
    who = instance.get("track_id")
    return Sighting(frame, who if isinstance(who, int) and who >= 0 else None, np.concatenate([places, scores], axis=1))
