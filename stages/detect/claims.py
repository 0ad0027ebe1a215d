"""Whose a reading is when several people could claim it: each shows one person, and he should look like himself."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from stages.detect.appearance import unlike
from stages.detect.reading import Reading
from stages.detect.scene import Followed

SAME_POSE: Final = 0.06
"""Readings whose landmarks differ by less than this many sides (median) are of one person."""
STRANGE: Final = 0.12
"""Somebody less unlike himself than this is not doubted."""
MIXED: Final = 0.25
"""Somebody more unlike himself than this is not he."""
CLOSER: Final = 0.6
"""A reading is another's when it is less than this times as unlike him."""


def one_reading_each(
    regions: Float[np.ndarray, "batch 4"], reading: Reading, wanted: Bool[np.ndarray, " batch"]
) -> Bool[np.ndarray, " batch"]:
    """Of wanted readings that show the same person, keep the one that strayed least from where it began.

    Somebody who walks behind another is so lost for a while instead of being taken for him.
    """
    strayed = surprise(regions, reading.next_region)
    same = same_pose(reading)
    kept = list[int]()
    for index in np.argsort(strayed, kind="stable"):
        if wanted[index] and not same[index, kept].any():
            kept.append(int(index))
    return np.isin(np.arange(len(regions)), kept)


def strangers(
    people: Sequence[Followed],
    reading: Reading,
    looks: Float[np.ndarray, "people channels"],
    wanted: Bool[np.ndarray, " people"],
    *,
    alone: bool,
) -> Bool[np.ndarray, " people"]:
    """Whether the reading of each person shows another one, who is not seen elsewhere, or a mixture of two.

    Args:
        alone: nobody else is about, so that nobody is doubted.
    """
    known = np.array([person.looks for person in people]).reshape(looks.shape)
    apart = unlike(looks[:, None], known[None])
    own = np.nan_to_num(np.diag(apart))
    elsewhere = wanted[None] & ~same_pose(reading)
    rival = np.where(elsewhere | np.eye(len(people), dtype=bool), np.inf, np.nan_to_num(apart, nan=np.inf))
    another = (own > STRANGE) & (rival.min(axis=1, initial=np.inf) < CLOSER * own)
    return another | ((own > MIXED) & (not alone))


def surprise(before: Float[np.ndarray, "batch 4"], after: Float[np.ndarray, "batch 4"]) -> Float[np.ndarray, " batch"]:
    """How far and how much larger or smaller a region has become, in sides."""
    distance = np.linalg.norm(after[:, :2] - before[:, :2], axis=1) / before[:, 2]
    growth = np.abs(np.log(np.maximum(after[:, 2], 1e-6) / before[:, 2]))
    return distance + growth


def same_pose(reading: Reading) -> Bool[np.ndarray, "batch batch"]:
    """Which readings, row by row, show the person of which."""
    apart_px = np.linalg.norm(reading.landmarks_px[:, None] - reading.landmarks_px, axis=-1)
    return np.median(apart_px, axis=-1) < SAME_POSE * reading.next_region[:, None, 2]
