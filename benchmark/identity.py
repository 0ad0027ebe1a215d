"""How well people keep their identity: IDF1 over frames, changes of identity, and people who are not there.

Ristani et al. 2016, "Performance measures and a data set for multi-target, multi-camera tracking", section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import linear_sum_assignment

MATCH: Final = 0.5
"""Intersection over union from which on a box found is that of a person."""
TOUCH: Final = 0.3
"""A box that overlaps nobody at least so much shows nobody."""
COUNTS: Final = 0.5
"""Share of a person that must be visible in a frame for it to count; below, finding him is neither right nor wrong."""

Tracks = Float[np.ndarray, "people frames 4"]
"""Left, top, right and bottom; NaN where a person is not seen."""


@dataclass(frozen=True)
class Identity:
    """Counts over the frames of a clip, or of several.

    Attributes:
        true_frames, found_frames: frames of true and of found people that count.
        kept_frames: those in which the found person is the one that is assigned to the true one over the whole clip.
        changes: how often the person found at a true person's place is another than before.
        ghosts: found people who are mostly where nobody is.
        longest_ghost: frames of the longest such.
    """

    true_frames: int
    found_frames: int
    kept_frames: int
    changes: int
    ghosts: int
    longest_ghost: int

    @property
    def idf1(self) -> float:
        """Harmonic mean of the shares of true and of found frames with the right identity."""
        return 2 * self.kept_frames / max(self.true_frames + self.found_frames, 1)

    @property
    def recall(self) -> float:
        """Share of true frames with the right identity."""
        return self.kept_frames / max(self.true_frames, 1)


def compare(true_px: Tracks, visible: Float[np.ndarray, "people frames"], found_px: Tracks) -> Identity:
    """Compare found people with true ones.

    Args:
        true_px: boxes; those of people outside the picture may be anything.
        visible: share of each person that can be seen.
        found_px: boxes of the people that were found.
    """
    overlap = overlaps(true_px[:, None], found_px[None])
    counts = visible >= COUNTS
    hit = (overlap >= MATCH) & counts[:, None]
    there = ~np.isnan(found_px[..., 0])
    excused = ~hit.any(axis=0) & ((overlap >= TOUCH) & ~counts[:, None]).any(axis=0)
    pairs = linear_sum_assignment(-hit.sum(axis=2))
    nobody = there & ~((overlap >= TOUCH) & (visible > 0)[:, None]).any(axis=0)
    ghostly = nobody.sum(axis=1) > there.sum(axis=1) / 2
    return Identity(
        true_frames=int(counts.sum()),
        found_frames=int((there & ~excused).sum()),
        kept_frames=int(hit.sum(axis=2)[pairs].sum()),
        changes=sum(_changes(one) for one in hit & (overlap >= overlap.max(axis=0))),
        ghosts=int(ghostly.sum()),
        longest_ghost=int(nobody.sum(axis=1)[ghostly].max(initial=0)),
    )


def total(parts: Sequence[Identity]) -> Identity:
    """Over several clips."""
    return Identity(
        true_frames=sum(one.true_frames for one in parts),
        found_frames=sum(one.found_frames for one in parts),
        kept_frames=sum(one.kept_frames for one in parts),
        changes=sum(one.changes for one in parts),
        ghosts=sum(one.ghosts for one in parts),
        longest_ghost=max((one.longest_ghost for one in parts), default=0),
    )


def overlaps(one: Float[np.ndarray, "*#batch 4"], other: Float[np.ndarray, "*#batch 4"]) -> Float[np.ndarray, "*batch"]:
    """Intersection over union of boxes; 0 where one is NaN."""
    low, high = np.maximum(one[..., :2], other[..., :2]), np.minimum(one[..., 2:], other[..., 2:])
    shared = np.maximum(high - low, 0).prod(axis=-1)
    union = sum((box[..., 2:] - box[..., :2]).prod(axis=-1) for box in (one, other)) - shared
    return np.nan_to_num(shared / np.maximum(union, 1e-9))


def _changes(hit: Bool[np.ndarray, "found frames"]) -> int:
    """How often the found person changes; while the last one is still there he counts."""
    last, changes = None, 0
    for column in hit.T:
        here = np.flatnonzero(column)
        if len(here) and last not in here:
            changes += last is not None
            last = here[0]
    return changes
