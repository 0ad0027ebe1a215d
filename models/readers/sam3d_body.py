"""SAM 3D Body: keypoints in metres that its estimator returns for every picture, saved as .npz or .pkl.

Layout: sam_3d_body/sam_3d_body_estimator.py returns a list of people for a picture, each a dictionary with
pred_keypoints_3d (70, 3) and pred_cam_t (3) in the camera's axes (Y down, Z forward), so that a point lies at their
sum; the 70 points are those of metadata/mhr70.py, of which the first 21 are face, body and feet, 41 and 62 the wrists
and 69 the neck. How users save a video is nobody's standard. Read here, an assumption: a .npz of one person with these
two stacked over frames (T, 70, 3) and (T, 3); or a .pkl of a list over frames of such lists of people, in which people
are told apart by where they are. Neither tells the rate.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float

from models.errors import InputError
from models.readers.given import MAX_PEOPLE, Said, WorldPoints, need_length, need_rate
from models.readers.joints_npz import arrays_of, numbers
from models.readers.names import by_names, spread
from models.readers.pickles import read_results
from models.readers.records import REMEDY, array
from models.readers.world import Told, person_in_world

POINTS: Final = 70
NAMED: Final = {
    **dict(enumerate((
        "Nose", "LEye", "REye", "LEar", "REar", "LShoulder", "RShoulder", "LElbow", "RElbow", "LHip", "RHip", "LKnee",
        "RKnee", "LAnkle", "RAnkle", "LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel",
    ))),
    41: "RWrist", 62: "LWrist", 69: "Neck",
}  # fmt: skip
REACH_M: Final = 0.5
"""Somebody is the same in the next frame when his middle moved by less."""

Track = dict[int, np.ndarray]


def read(path: Path, said: Said) -> tuple[WorldPoints, ...]:
    """Everybody, the longest seen first.

    Raises:
        InputError: the file is not in this layout, damaged, or nobody says the rate.
    """
    name = str(path)
    rate_hz = need_rate(said, None, f"{name} does not tell the rate of its video")
    tracks = [_from_npz(path)] if path.suffix == ".npz" else _followed(name, read_results(path))
    longest = sorted(tracks, key=lambda track: -len(track))[:MAX_PEOPLE]
    return tuple(_person(name, str(who), track, rate_hz, said) for who, track in enumerate(longest))


def _from_npz(path: Path) -> Track:
    arrays = arrays_of(path, frozenset({"pred_keypoints_3d", "pred_cam_t"}))
    points_m = numbers(str(path), arrays, "pred_keypoints_3d", 3)
    camera_m = numbers(str(path), arrays, "pred_cam_t", 2)
    frames = need_length(str(path), [("pred_keypoints_3d", len(points_m)), ("pred_cam_t", len(camera_m))])
    if points_m.shape[1] != POINTS or camera_m.shape[1] != 3:
        raise InputError(f"{path} has {points_m.shape[1]} points", f"write the {POINTS} that the estimator returns")
    placed_m = points_m + camera_m[:, None]
    return {frame: placed_m[frame] for frame in range(frames) if np.isfinite(placed_m[frame]).all()}


def _followed(name: str, frames: Any) -> list[Track]:
    """People by where they were a frame before."""
    if not isinstance(frames, list) or not frames or not all(isinstance(people, list) for people in frames):
        raise InputError(f"{name} holds no list over frames of lists of people", REMEDY)
    need_length(name, [("the list", len(frames))])
    tracks: list[Track] = []
    for frame, people in enumerate(frames):
        present = [_placed(name, person) for person in people]
        for points_m in present:
            near = [track for track in tracks if frame not in track and _apart_m(track, points_m) < REACH_M]
            if near:
                min(near, key=lambda track: _apart_m(track, points_m))[frame] = points_m
            else:
                tracks.append({frame: points_m})
    if not tracks:
        raise InputError(f"{name} shows nobody", "hand in results with somebody in them")
    return tracks


def _placed(name: str, person: Any) -> Float[np.ndarray, "70 3"]:
    return array(name, person, "pred_keypoints_3d", (POINTS, 3)) + array(name, person, "pred_cam_t", (3,))


def _apart_m(track: Track, points_m: np.ndarray) -> float:
    return float(np.linalg.norm(track[max(track)].mean(axis=0) - points_m.mean(axis=0)))


def _person(name: str, label: str, track: Track, rate_hz: float, said: Said) -> WorldPoints:
    frames: Sequence[int] = sorted(track)
    points_m = np.stack([track[frame][list(NAMED)] for frame in frames])
    layout = by_names(name, list(NAMED.values()), said)
    there = spread(np.ones(points_m.shape[:2]), layout)
    points = WorldPoints(label, layout[0], np.array(frames) / rate_hz, spread(points_m, layout), there)
    return person_in_world(name, points, said=said, told=Told("m", "-y"))
