"""AlphaPose: one file for a video with a row for each person in each frame; COCO-17, Halpe-26 or Halpe-136.

Layout: AlphaPose's doc/output.md. alphapose-results.json is a list of {image_id, category_id, keypoints: x, y, c for
each, score}; `idx` numbers people where they are tracked. `image_id` names the picture, whose number is the frame's.
Confidence may exceed 1 (COCO's set: up to 6); it is cut there. COCO's own results files have the same rows.
"""

from pathlib import Path
from typing import Any

from models.errors import InputError
from models.readers.given import PicturePoints, Said
from models.readers.json_text import last_number, read_json, triples, wanted
from models.readers.picture import Sighting, people_of


def read(path: Path, said: Said) -> tuple[PicturePoints, ...]:
    """Everybody in a file.

    Raises:
        InputError: the file is not in this layout, or nobody is seen.
    """
    rows = read_json(path)
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{path} holds no list of people", "hand in alphapose-results.json as AlphaPose wrote it")
    return people_of(str(path), [_sighting(row, str(path)) for row in rows], said)


def _sighting(row: Any, where: str) -> Sighting:
    image = str(wanted(row, "image_id", where))
    frame = last_number(image.rsplit(".", 1)[0])
    if frame is None:
        raise InputError(f"{where}: image_id {image[:80]!r} has no number", "name pictures by their frame, as 12.jpg")
    who: Any = row.get("idx")
    known = isinstance(who, int) and not isinstance(who, bool) and who >= 0
    return Sighting(frame, who if known else None, triples(wanted(row, "keypoints", where), f"{where}: keypoints"))
