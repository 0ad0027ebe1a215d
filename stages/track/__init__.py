"""Who is who: sightings become people, one track each."""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models.errors import InputError
from stages.contracts import Clip, Detections, Person
from stages.track.by_hand import correct
from stages.track.config import Config
from stages.track.joining import join
from stages.track.pieces import Rows, Sightings, pieces
from stages.track.selection import choose

__all__ = ["VERSION", "Config", "choose", "run"]

VERSION: Final = 4
SEEN: Final = 0.75
"""Mean visibility of the landmarks that somebody reaches in a quarter of his sightings. People on real and drawn clips
reach 0.84 and more, half hidden ones too; a skeleton on a stand that was taken for a person 0.69, bushes 0.62."""


def run(config: Config, clip: Clip, detections: Detections) -> tuple[Person, ...]:
    """Turn regions that were followed into people, ordered by first appearance, the larger first.

    A cut of the film ends everybody.

    Raises:
        InputError: nobody was seen, or nobody for long enough, or a correction by hand names nobody.
    """
    if not len(detections.frame_index):
        remedy = "choose a video that shows a whole person, well lit and not small"
        raise InputError("no person was found in any frame", remedy)
    sightings = Sightings.of(clip, detections)
    joined = join(pieces(sightings), sightings, clip, config)
    credible = [rows for rows in joined if _is_seen(rows, detections)] or joined
    kept = _ordered(_long_enough(credible, clip, detections, config), detections)
    if config.split or config.merge:
        kept = _ordered(correct(kept, sightings, config), detections)
    return tuple(_person(rows, clip, detections) for rows in kept)


def _is_seen(rows: Rows, detections: Detections) -> bool:
    """Whether there are times at which most of him can be seen: things that are taken for people never look so."""
    return bool(np.quantile(detections.visibility[rows].mean(axis=1), 0.75) >= SEEN)


def _long_enough(joined: list[Rows], clip: Clip, detections: Detections, config: Config) -> list[Rows]:
    step_s = float(np.median(np.diff(clip.timestamps_s))) if len(clip.timestamps_s) > 1 else 1.0
    enough_s = min(config.min_duration_s, step_s * detections.frame_count / 2)
    kept = [rows for rows in joined if len(rows) * step_s >= enough_s]
    if not kept:
        problem = f"nobody was seen for longer than {max(map(len, joined)) * step_s:.2f} s"
        raise InputError(problem, f"lower track.min_duration_s, which is {config.min_duration_s}")
    return kept


def _ordered(people: list[Rows], detections: Detections) -> list[Rows]:
    def order(rows: Rows) -> tuple[int, float]:
        return int(detections.frame_index[rows[0]]), -float(np.sum(detections.region[rows, 2] ** 2))

    return sorted(people, key=order)


def _person(rows: Rows, clip: Clip, detections: Detections) -> Person:
    frames = detections.frame_index[rows]
    first, count = int(frames[0]), int(frames[-1] - frames[0] + 1)
    observed = np.isin(np.arange(count), frames - first)

    def spread(values: Float[np.ndarray, "sightings ..."]) -> Float[np.ndarray, "frames ..."]:
        return _spread(values[rows], observed)

    return Person(
        first_frame=first,
        timestamps_s=clip.timestamps_s[first : first + count],
        observed=observed,
        region=spread(detections.region),
        landmarks_px=spread(detections.landmarks_px),
        rough_m=spread(detections.rough_m),
        visibility=spread(detections.visibility),
        presence=spread(detections.presence),
    )


def _spread(
    values: Float[np.ndarray, "sightings ..."], observed: Bool[np.ndarray, " frames"]
) -> Float[np.ndarray, "frames ..."]:
    """Put values at the frames that were observed, NaN at the others."""
    everywhere = np.full((len(observed), *values.shape[1:]), np.nan)
    everywhere[observed] = values
    return everywhere
