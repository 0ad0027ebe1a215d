"""Who is being followed, and when somebody seen is somebody known."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float

from stages.detect.appearance import CHANNELS, unlike
from stages.detect.blazepose import SAME_PLACE, nearest
from stages.detect.lookout import Lookout
from stages.detect.reading import Reading

COVERED: Final = 0.6
"""Somebody new who lies in the box of somebody known with more than this share of his own is no other person ..."""
OTHER_LOOK: Final = 0.15
"""... unless he looks at least this unlike him: pictures of one person seldom do."""
ALIKE: Final = 0.2
"""Somebody lost may come back as whoever is less unlike him than this."""
NEAR: Final = 0.3
"""Sides of his region by which somebody lost may be off where he was or would be, at once ..."""
SPEED: Final = 1.0
"""... and for every second."""
GROWTH: Final = 1.3
"""By which factor he may seem to have grown or shrunk."""
LEARN: Final = 0.1
"""Share of a new sighting in what is remembered of somebody's looks."""
TURN: Final = 0.3
"""Share of a new sighting in what is remembered of somebody's speed."""


@dataclass(frozen=True, eq=False)
class Followed:
    """Somebody who is being followed.

    Attributes:
        region_index: names him in every sighting.
        region: the square about him when last seen.
        box: left, top, right and bottom of his landmarks then.
        seen_s: when that was.
        looks: his appearance; NaN where nothing was seen.
        speed_px_s: of the region's centre.
    """

    region_index: int
    region: Float[np.ndarray, " 4"]
    box: Float[np.ndarray, " 4"]
    seen_s: float
    looks: Float[np.ndarray, " channels"] = field(default_factory=lambda: np.full(CHANNELS, np.nan))
    speed_px_s: Float[np.ndarray, " 2"] = field(default_factory=lambda: np.zeros(2))

    def seen_again(
        self, reading: Reading, row: int, looks: Float[np.ndarray, " channels"], time_s: float
    ) -> "Followed":
        """As this reading shows him now."""
        region = reading.next_region[row]
        speed_px_s = (region[:2] - self.region[:2]) / (time_s - self.seen_s)
        mixed = np.where(np.isnan(looks), self.looks, (1 - LEARN) * self.looks + LEARN * looks)
        return Followed(
            self.region_index,
            region,
            box_of(reading, row),
            time_s,
            np.where(np.isnan(self.looks), looks, mixed),
            (1 - TURN) * self.speed_px_s + TURN * speed_px_s,
        )

    def expected(self, time_s: float) -> Float[np.ndarray, " 4"]:
        """His region if he went on as he did."""
        return self.region + np.array([*(self.speed_px_s * (time_s - self.seen_s)), 0.0, 0.0])


@dataclass(frozen=True, eq=False)
class Doubt:
    """A place where somebody seemed to be and was not; it is left alone until a moment, longer each time."""

    region: Float[np.ndarray, " 4"]
    until_s: float
    pause_s: float


@dataclass(frozen=True, eq=False)
class Scene:
    """Everyone who is being followed after some frame.

    Attributes:
        next_index: of the next newcomer.
        search_s: when to look for newcomers next ...
        lookout: ... and where.
        doubts: places that were looked at in vain.
    """

    people: tuple[Followed, ...] = ()
    next_index: int = 0
    search_s: float = -np.inf
    lookout: Lookout = field(default_factory=Lookout)
    doubts: tuple[Doubt, ...] = ()


def hides(known: Followed, found: Followed) -> bool:
    """Whether somebody found is only another view of somebody known, perhaps one lying across him."""
    if nearest(found.region[None], known.region[None])[1][0] <= SAME_PLACE:
        return True
    shared = np.minimum(known.box[2:], found.box[2:]) - np.maximum(known.box[:2], found.box[:2])
    covered = np.prod(np.maximum(shared, 0.0)) > COVERED * np.prod(found.box[2:] - found.box[:2])
    return bool(covered and not unlike(known.looks, found.looks) > OTHER_LOOK)


def may_be(lost: Followed, found: Followed) -> bool:
    """Whether somebody found is somebody lost: he looks alike and could be here by now."""
    if unlike(lost.looks, found.looks) > ALIKE:
        return False
    if hides(lost, found):
        return True
    elapsed_s = found.seen_s - lost.seen_s
    side_px = max(lost.region[2], found.region[2])
    places = np.stack([lost.region[:2], lost.expected(found.seen_s)[:2]])
    off_px = np.linalg.norm(places - found.region[:2], axis=1).min()
    grown = side_px / min(lost.region[2], found.region[2])
    return bool(off_px < (NEAR + SPEED * elapsed_s) * side_px and grown < GROWTH)


def box_of(reading: Reading, row: int) -> Float[np.ndarray, " 4"]:
    """Left, top, right and bottom of the landmarks."""
    landmarks_px = reading.landmarks_px[row]
    return np.concatenate([landmarks_px.min(axis=0), landmarks_px.max(axis=0)])
