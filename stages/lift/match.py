"""Matches people across cameras and measures how well the cameras agree about them."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.cameras import CalibratedCamera
from models.cameras.agreement import missed_px, shifted_px
from models.cameras.matching import Track, find_lead_s, joined, match
from stages.contracts import Person, Views
from stages.lift.rays import see

MOMENT_S: Final = 1 / 15
"""Time between the moments that are compared."""


def match_people(max_lead_s: float, cameras: Sequence[CalibratedCamera], people: Sequence[Sequence[Person]]) -> Views:
    """Who is whom, and how clocks and pictures agree.

    Args:
        people: of each camera.
    """
    tracks = [see(person, cameras[number]).track(number) for number, group in enumerate(people) for person in group]
    by_camera = [[track for track in tracks if track.camera == number] for number in range(len(cameras))]
    lead_s = [0.0, *(find_lead_s(by_camera[0], other, cameras, max_lead_s) for other in by_camera[1:])]
    groups = match(tracks, lead_s, cameras)
    person = np.full(len(tracks), -1)
    for number, members in enumerate(groups):
        person[members] = number
    pixels, worth = _together(tracks, groups, lead_s, len(cameras))
    return Views(
        camera_names=np.array([camera.name for camera in cameras]),
        lead_s=np.array(lead_s),
        track_camera=np.array([track.camera for track in tracks]),
        track_person=person,
        missed_px=missed_px(pixels, worth, cameras),
        shifted_px=shifted_px(pixels, worth, cameras),
        person_size_px=np.array([np.median([track.size_px for track in group]) for group in by_camera]),
    )


def _together(
    tracks: Sequence[Track], groups: Sequence[Sequence[int]], lead_s: Sequence[float], cameras: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and confidence of everyone matched, all people's moments in one row, for each camera."""
    pixels, worth = list[np.ndarray](), list[np.ndarray]()
    for members in groups:
        own = [[tracks[index] for index in members if tracks[index].camera == number] for number in range(cameras)]
        begin_s = min(track.timestamps_s[0] - lead_s[track.camera] for group in own for track in group)
        end_s = max(track.timestamps_s[-1] - lead_s[track.camera] for group in own for track in group)
        at_s = np.arange(begin_s, end_s + MOMENT_S, MOMENT_S)
        seen = [joined(group, at_s + lead_s[number]) if group else _nothing(at_s) for number, group in enumerate(own)]
        pixels.append(np.stack([px for px, _ in seen]))
        worth.append(np.stack([w for _, w in seen]))
    if not groups:
        return np.full((cameras, 1, 33, 2), np.nan), np.zeros((cameras, 1, 33))
    return np.concatenate(pixels, axis=1), np.concatenate(worth, axis=1)


def _nothing(at_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.full((len(at_s), 33, 2), np.nan), np.zeros((len(at_s), 33))
