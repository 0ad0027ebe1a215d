"""Looks back for whoever was found: he was there a little before, half hidden or too far from a search."""

from collections.abc import Sequence

import numpy as np

from stages.detect.appearance import look, unlike
from stages.detect.blazepose import SAME_PLACE, BlazePose, nearest, read_picture
from stages.detect.claims import surprise
from stages.detect.config import Config
from stages.detect.follow import JITTER, TOP_SPEED
from stages.detect.scene import ALIKE, Followed
from stages.detect.second_pass import Frame
from stages.detect.steady import Sample


def look_back(
    models: BlazePose, person: Followed, past: Sequence[Frame], samples: Sequence[Sample], config: Config
) -> list[Sample]:
    """Follow somebody backward from where he was found until he is not seen, or is somebody else.

    Args:
        past: pictures before that moment; the last first.
        samples: all sightings in them; where he has one himself, nothing is looked for.
    """
    mine_s = max((one.time_s for one in samples if one.region_index == person.region_index), default=-np.inf)
    found, last = list[Sample](), Sample(person.region_index, person.seen_s, person.region)
    for before in past:
        if before.time_s <= mine_s:
            return found
        reading = read_picture(models, before.picture, last.region[None])
        reach = JITTER + TOP_SPEED * (last.time_s - before.time_s)
        others = np.array([one.region for one in samples if one.time_s == before.time_s]).reshape(-1, 4)
        apart = unlike(look(before.picture, reading.landmarks_px, reading.visibility), person.looks)[0]
        if (
            reading.score[0] < config.min_landmark_score
            or surprise(last.region[None], reading.next_region)[0] > reach
            or nearest(reading.next_region, others)[1][0] <= SAME_PLACE
            or apart > ALIKE
        ):
            return found
        last = Sample(person.region_index, before.time_s, reading.next_region[0])
        found.append(last)
    return found
