"""4D-Humans (PHALP): results/demo_NAME.pkl, poses of everybody in the camera's axes.

Layout: PHALP's trackers/PHALP.py, which writes by joblib a dictionary by name of the frame, each with `time` (the
frame's number) and lists over people: `tid` (who), `smpl` (global_orient (1, 3, 3), body_pose (23, 3, 3), betas (10)),
`tracked_time` (0 where the person was seen and not merely predicted). Y points down and Z forward.

Its camera is one of weak perspective about each crop: how far people stand is not told, so that the way through the
world is left out and the motion stays in place. The file does not tell the video's rate.
"""

from pathlib import Path
from typing import Any

import numpy as np

from models.errors import InputError
from models.readers.given import MAX_FRAMES, MAX_PEOPLE, BodyMotion, Said, need_length, need_rate
from models.readers.pickles import read_results
from models.readers.records import REMEDY, array
from models.readers.rotations import as_axis_angles, from_axis_angles, turned_y_up

Sightings = dict[int, tuple[np.ndarray, np.ndarray]]


def read(path: Path, said: Said) -> tuple[BodyMotion, ...]:
    """Everybody, the longest seen first.

    Raises:
        InputError: the file is not in this layout, damaged, or nobody says the rate.
    """
    name, content = str(path), read_results(path)
    if not isinstance(content, dict) or not all(isinstance(row, dict) for row in content.values()):
        raise InputError(f"{name} holds no frames", REMEDY)
    rate_hz = need_rate(said, None, f"{name} does not tell the rate of its video")
    people: dict[int, Sightings] = {}
    for order, row in enumerate(content.values()):
        _gather(name, row, order, people)
    if not people:
        raise InputError(f"{name} shows nobody", "hand in results with somebody in them")
    longest = sorted(people.items(), key=lambda item: (-len(item[1]), item[0]))[:MAX_PEOPLE]
    motions = [_person(name, str(who), seen, rate_hz) for who, seen in longest]
    return tuple(turned_y_up(motion, said.up or "-y") for motion in motions)


def _gather(name: str, row: Any, order: int, people: dict[int, Sightings]) -> None:
    who, poses = row.get("tid", []), row.get("smpl", [])
    fresh = row.get("tracked_time", [0] * len(who))
    frame = row.get("time", order)
    need_length_of_people = len(who) == len(poses) == len(fresh)
    if not need_length_of_people or not isinstance(frame, int) or not 0 <= frame < MAX_FRAMES:
        raise InputError(f"{name}: a frame has {len(who)} people and {len(poses)} poses", REMEDY)
    for number, pose, age in zip(who, poses, fresh, strict=True):
        if isinstance(number, int) and isinstance(pose, dict) and age == 0:
            root = array(name, pose, "global_orient", (1, 3, 3))
            body = array(name, pose, "body_pose", (23, 3, 3))
            people.setdefault(number, {})[frame] = np.concatenate([root, body]), array(name, pose, "betas", (10,))


def _person(name: str, label: str, seen: Sightings, rate_hz: float) -> BodyMotion:
    frames = np.array(sorted(seen), dtype=np.int64)
    need_length(name, [("a person", len(frames))])
    rotvec = as_axis_angles(name, np.stack([seen[frame][0] for frame in frames.tolist()]))
    turns, trans_m = from_axis_angles(name, rotvec, np.zeros((len(frames), 3)), rate_hz)
    betas = np.median([seen[frame][1] for frame in frames.tolist()], axis=0)
    return BodyMotion(label, "smpl", frames, rate_hz, turns, trans_m, betas, has_way=False)
