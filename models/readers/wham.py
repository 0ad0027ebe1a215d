"""WHAM: wham_output.pkl, the motion of everybody in the world.

Layout: WHAM's demo.py, which writes by joblib a dictionary by person: pose_world (T, 72) and trans_world (T, 3) in a
world whose Y points up, betas (T, 10) of SMPL, frame_ids (T) into the video. pose and trans are the same in the
camera's axes. The file does not tell the video's rate.
"""

from pathlib import Path
from typing import Any

import numpy as np

from models.errors import InputError
from models.readers.given import MAX_FRAMES, MAX_PEOPLE, BodyMotion, Said, need_length, need_rate
from models.readers.pickles import read_results
from models.readers.records import REMEDY, array
from models.readers.rotations import from_axis_angles, turned_y_up


def read(path: Path, said: Said) -> tuple[BodyMotion, ...]:
    """Everybody, the longest seen first.

    Raises:
        InputError: the file is not in this layout, damaged, holds no radians or metres, or nobody says the rate.
    """
    name, content = str(path), read_results(path)
    if not isinstance(content, dict) or not content:
        raise InputError(f"{name} holds nobody", REMEDY)
    rate_hz = need_rate(said, None, f"{name} does not tell the rate of its video")
    people = [_person(f"{name}, person {who}", str(who), record, rate_hz) for who, record in content.items()]
    longest = sorted(people, key=lambda person: (-len(person.frame_index), person.label))[:MAX_PEOPLE]
    return tuple(turned_y_up(person, said.up or "y") for person in longest)


def _person(name: str, label: str, record: Any, rate_hz: float) -> BodyMotion:
    rotvec, trans_m = array(name, record, "pose_world", (-1, 24, 3)), array(name, record, "trans_world", (-1, 3))
    betas, frame_ids = array(name, record, "betas", (-1, 10)), array(name, record, "frame_ids", (-1,))
    lengths = [("pose_world", len(rotvec)), ("trans_world", len(trans_m)), ("frame_ids", len(frame_ids))]
    need_length(name, [*lengths, ("betas", len(betas))])
    frames = frames_of(name, frame_ids)
    turns, trans_m = from_axis_angles(name, rotvec, trans_m, rate_hz)
    return BodyMotion(label, "smpl", frames, rate_hz, turns, trans_m, np.median(betas, axis=0))


def frames_of(name: str, numbers: np.ndarray) -> np.ndarray:
    """Numbers of frames as whole ones that rise.

    Raises:
        InputError: they do not, or one is beyond MAX_FRAMES.
    """
    frames = numbers.astype(np.int64)
    if (frames != numbers).any() or (np.diff(frames) <= 0).any() or frames[0] < 0 or frames[-1] >= MAX_FRAMES:
        raise InputError(f"{name}: the numbers of its frames do not rise one by one", REMEDY)
    return frames
