"""Simple ways to tell who is who, to compare with: by region and place, and by overlap from frame to frame."""

from typing import Final

import numpy as np

from benchmark.identity import overlaps
from stages.contracts import Clip, Detections
from stages.track.pieces import Rows

GAP_S: Final = 0.5
"""Both forget somebody who was not seen for longer."""
OVERLAP: Final = 0.3
LEAST_S: Final = 0.5
"""Both drop whoever is seen for less."""


def by_place(clip: Clip, found: Detections) -> list[Rows]:
    """Regions that were followed, each joined to the one that ended last near where it begins, of about its size."""
    regions = [np.flatnonzero(found.region_index == index) for index in np.unique(found.region_index)]
    people = list[Rows]()
    for rows in sorted(regions, key=lambda rows: int(found.frame_index[rows[0]])):
        before = [other for other in people if _continues(other, rows, clip, found)]
        if before:
            last = max(before, key=lambda other: int(found.frame_index[other[-1]]))
            people = [np.concatenate([last, rows]) if one is last else one for one in people]
        else:
            people.append(rows)
    return _long_enough(people, clip)


def by_overlap(clip: Clip, found: Detections) -> list[Rows]:
    """Each box goes to the person whose last box it overlaps most, the best pairs first."""
    box = np.concatenate([found.landmarks_px.min(axis=1), found.landmarks_px.max(axis=1)], axis=1)
    people = list[list[int]]()
    for frame in range(found.frame_count):
        rows = np.flatnonzero(found.frame_index == frame).tolist()
        time_s = clip.timestamps_s[frame]
        alive = [one for one in people if time_s - clip.timestamps_s[found.frame_index[one[-1]]] <= GAP_S]
        pairs = sorted(
            ((float(overlaps(box[one[-1]], box[row])), k, row) for k, one in enumerate(alive) for row in rows)
        )
        taken = set[int]()
        for share, k, row in reversed(pairs):
            if share >= OVERLAP and row in rows and k not in taken:
                alive[k].append(row)
                taken.add(k)
                rows.remove(row)
        people += [[row] for row in rows]
    return _long_enough([np.array(one) for one in people], clip)


def _continues(earlier: Rows, later: Rows, clip: Clip, found: Detections) -> bool:
    end, start = earlier[-1], later[0]
    gap_s = clip.timestamps_s[found.frame_index[start]] - clip.timestamps_s[found.frame_index[end]]
    last, first = found.region[end], found.region[start]
    side_px = max(last[2], first[2])
    near = np.linalg.norm(first[:2] - last[:2]) <= (0.25 + gap_s) * side_px
    return bool(0 < gap_s <= GAP_S and near and side_px <= 1.3 * min(last[2], first[2]))


def _long_enough(people: list[Rows], clip: Clip) -> list[Rows]:
    step_s = float(np.median(np.diff(clip.timestamps_s)))
    return [rows for rows in people if len(rows) * step_s >= LEAST_S]
