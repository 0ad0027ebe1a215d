"""What each of several cameras saw of one person: his tracks there in one, straightened, left and right put right."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool

from models import side_swap
from models.cameras import CalibratedCamera, undistort
from models.cameras.matching import Track
from stages.contracts import Clip, Person
from stages.lift.sides import find_sides


@dataclass(frozen=True, eq=False)
class Seen:
    """One person in one camera.

    Attributes:
        person: pixels are those of a pinhole, by the detector's own names of left and right.
        sides: where those names are wrong.
    """

    person: Person
    sides: side_swap.Sides

    def track(self, camera: int) -> Track:
        """The form in which tracks are compared."""
        pixels = side_swap.swap_sides(self.person.landmarks_px, self.sides.swapped)
        worth = side_swap.swap_sides(self.person.visibility, self.sides.swapped)
        size_px = float(np.nanmedian(np.ptp(pixels[:, 11:], axis=1).max(axis=1)))
        return Track(camera, self.person.timestamps_s, pixels, np.nan_to_num(worth), max(size_px, 1.0))

    def exchanged(self, where: Bool[np.ndarray, " frames"]) -> "Seen":
        """With left and right the other way round in some frames."""
        return replace(self, sides=replace(self.sides, swapped=self.sides.swapped ^ where))


def see(person: Person, camera: CalibratedCamera) -> Seen:
    """Straighten what a lens bent, and find where the detector confused left and right."""
    straight = replace(person, landmarks_px=undistort(person.landmarks_px, camera))
    return Seen(straight, find_sides(straight))


def join(tracks: Sequence[Person], clip: Clip) -> Person:
    """One person of several tracks in a clip, each of which fills the frames that those before it leave open."""
    first = min(track.first_frame for track in tracks)
    last = max(track.first_frame + len(track.observed) for track in tracks)
    count = last - first
    whole = dict[str, np.ndarray]()
    observed = np.zeros(count, dtype=bool)
    for track in tracks:
        rows = np.arange(len(track.observed)) + track.first_frame - first
        taken = track.observed & ~observed[rows]
        for name in ("region", "landmarks_px", "rough_m", "visibility", "presence"):
            values = getattr(track, name)
            whole.setdefault(name, np.full((count, *values.shape[1:]), np.nan))[rows[taken]] = values[taken]
        observed[rows[taken]] = True
    return Person(first, clip.timestamps_s[first:last], observed, **whole)
