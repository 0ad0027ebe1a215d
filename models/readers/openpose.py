"""OpenPose: a folder with a JSON file for each frame; BODY_25 or COCO of 18 points, hands and faces left out.

Layout: OpenPose's doc/02_output.md. `people[].pose_keypoints_2d` holds x, y, c for each point in pixels of the source
(--keypoint_scale 0); `person_id` is [-1] unless people are tracked. Files are called NAME_FRAME_keypoints.json.
"""

from pathlib import Path
from typing import Any

from models.errors import InputError
from models.readers.given import PicturePoints, Said
from models.readers.json_text import MAX_FRAME_BYTES, files_of, read_json, triples, wanted
from models.readers.picture import Sighting, people_of


def read(path: Path, said: Said) -> tuple[PicturePoints, ...]:
    """Everybody in a folder.

    Raises:
        InputError: a file is not in this layout, or nobody is seen.
    """
    seen: list[Sighting] = []
    files = files_of(path, ".json")
    first = min(*files, 1)
    for frame, file in files.items():
        people = wanted(read_json(file, MAX_FRAME_BYTES), "people", str(file))
        if not isinstance(people, list):
            raise InputError(f"{file}: 'people' is no list", "hand in the files as OpenPose wrote them")
        seen += [_sighting(frame - first, person, file) for person in people]
    return people_of(str(path), seen, said)


def _sighting(frame: int, person: Any, file: Path) -> Sighting:
    points = triples(wanted(person, "pose_keypoints_2d", str(file)), f"{file}: pose_keypoints_2d")
    told: Any = person.get("person_id", [-1])
    who = told[0] if isinstance(told, list) and told and isinstance(told[0], int) else -1
    return Sighting(frame, who if who >= 0 else None, points)
