"""Reads BVH strictly and places its joints; whatever is wrong is refused with the number of its line."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.errors import InputError

POSITIONS: Final = ("Xposition", "Yposition", "Zposition")
ROTATIONS: Final = ("Xrotation", "Yrotation", "Zrotation")


@dataclass(frozen=True)
class BvhJoint:
    """One joint of the file's tree.

    Attributes:
        parent: index of the joint above; -1 for the root, which comes first.
        offset: place in the parent's frame, in the file's unit.
        channels: as the file orders them.
        end_site: where the last bone ends in this joint's frame; None where joints follow.
    """

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[str, ...]
    end_site: tuple[float, float, float] | None


@dataclass(frozen=True, eq=False)
class Bvh:
    """A tree and its motion, lengths in the file's unit.

    Attributes:
        position: each joint's place in its parent's frame: its position channels where it has some, which replace the
            offset (as in Blender; three.js adds the two), else its offset.
        parent_from_joint: rotation matrices.
    """

    joints: tuple[BvhJoint, ...]
    frame_time_s: float
    position: Float[np.ndarray, "frames joints 3"]
    parent_from_joint: Float[np.ndarray, "frames joints 3 3"]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the joints, in the file's order."""
        return tuple(joint.name for joint in self.joints)

    @property
    def parents(self) -> tuple[int, ...]:
        """Parents of the joints, as indices."""
        return tuple(joint.parent for joint in self.joints)


def read_bvh(path: Path) -> Bvh:
    """Read a file; see parse_bvh."""
    try:
        return parse_bvh(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", "check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file", "choose a .bvh file") from error


def parse_bvh(text: str, source: str) -> Bvh:
    """Understand a whole BVH file.

    Args:
        source: what an error calls the file.

    Raises:
        InputError: anything out of order, with the line's number: a missing or surplus brace, a second root, a name
            twice, an unknown or repeated channel, a joint without its three rotations, a number that is none or not
            finite, a frame time that is not positive, a row too long, too short or too many.
    """
    lines = text.split("\n")
    words = _Words(source, lines)
    joints = _hierarchy(words)
    frames, frame_time_s = _motion_head(words)
    rows = _rows(words, lines, frames, sum(len(joint.channels) for joint in joints))
    return Bvh(joints, frame_time_s, *_poses(joints, rows))


def place_bvh_joints(bvh: Bvh) -> Float[np.ndarray, "frames joints 3"]:
    """Place every joint in the world, in the file's unit."""
    placed: list[np.ndarray] = []
    world_from_joint: list[np.ndarray] = []
    for joint, parent in enumerate(bvh.parents):
        position, rotation = bvh.position[:, joint], bvh.parent_from_joint[:, joint]
        if parent >= 0:
            position = placed[parent] + np.einsum("tij,tj->ti", world_from_joint[parent], position)
            rotation = world_from_joint[parent] @ rotation
        placed.append(position)
        world_from_joint.append(rotation)
    return np.stack(placed, axis=1)


class _Words:
    """The words of a file one after the other, and where they stand."""

    def __init__(self, source: str, lines: list[str]) -> None:
        self.source = source
        self.line = 0
        self._words = ((number, word) for number, line in enumerate(lines, start=1) for word in line.split())

    def refuse(self, problem: str, line: int | None = None) -> NoReturn:
        where = f"{self.source}, line {line or self.line}"
        raise InputError(f"{where}: {problem}", "repair the file, or export it again")

    def take(self, *expected: str) -> str:
        """The next word, which must be one of those expected; any word will do where none are named."""
        self.line, word = next(self._words, (self.line, "the end of the file"))
        if expected and word not in expected:
            self.refuse(f"found {word!r} where {' or '.join(expected)} belongs")
        return word

    def number(self) -> float:
        word = self.take()
        try:
            value = float(word)
        except ValueError:
            self.refuse(f"{word!r} is not a number")
        if not math.isfinite(value):
            self.refuse(f"{word!r} is not finite")
        return value

    def count(self) -> int:
        word = self.take()
        if not word.isdecimal():
            self.refuse(f"{word!r} is not a count")
        return int(word)

    def offset(self) -> tuple[float, float, float]:
        self.take("OFFSET")
        return self.number(), self.number(), self.number()


def _hierarchy(words: _Words) -> tuple[BvhJoint, ...]:
    words.take("HIERARCHY")
    words.take("ROOT")
    joints: list[BvhJoint] = []
    _add_joint(words, -1, joints)
    words.take("MOTION")
    return tuple(joints)


def _add_joint(words: _Words, parent: int, joints: list[BvhJoint]) -> None:
    """Append the joint whose name comes next, and all below it."""
    name = words.take()
    if any(joint.name == name for joint in joints):
        words.refuse(f"the name {name!r} was there before")
    words.take("{")
    offset = words.offset()
    words.take("CHANNELS")
    channels = _channels(words)
    index = len(joints)
    joints.append(BvhJoint(name, parent, offset, channels, None))
    while (word := words.take("JOINT", "End", "}")) != "}":
        if word == "JOINT":
            _add_joint(words, index, joints)
        else:
            joints[index] = replace(joints[index], end_site=_end_site(words))


def _channels(words: _Words) -> tuple[str, ...]:
    count = words.count()
    channels = tuple(words.take(*POSITIONS, *ROTATIONS) for _ in range(count))
    if len(set(channels)) < count:
        words.refuse("a channel is named twice")
    if not set(ROTATIONS) <= set(channels) or len(set(channels) & set(POSITIONS)) not in {0, 3}:
        words.refuse("a joint has three rotations, and three positions or none")
    return channels


def _end_site(words: _Words) -> tuple[float, float, float]:
    words.take("Site")
    words.take("{")
    offset = words.offset()
    words.take("}")
    return offset


def _motion_head(words: _Words) -> tuple[int, float]:
    words.take("Frames:")
    frames = words.count()
    if frames == 0:
        words.refuse("there is no frame")
    words.take("Frame")
    words.take("Time:")
    frame_time_s = words.number()
    if frame_time_s <= 0:
        words.refuse(f"a frame lasts {frame_time_s} s")
    return frames, frame_time_s


def _rows(words: _Words, lines: list[str], frames: int, channels: int) -> Float[np.ndarray, "frames channels"]:
    first = words.line
    rows = [line.split() for line in "\n".join(lines[first:]).rstrip().split("\n")]
    for number, row in enumerate(rows, start=first + 1):
        if len(row) != channels:
            words.refuse(f"the row has {len(row)} numbers, the channels are {channels}", number)
    if len(rows) != frames:
        words.refuse(f"the file says {frames} frames and holds {len(rows)}", first - 1)
    values = np.array([_row_numbers(words, number, row) for number, row in enumerate(rows, start=first + 1)])
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        words.refuse("a number is not finite", first + 1 + int(bad[0]))
    return values


def _row_numbers(words: _Words, line: int, row: list[str]) -> list[float]:
    try:
        return list(map(float, row))
    except ValueError as error:
        words.refuse(f"not a number: {error}", line)


def _poses(
    joints: tuple[BvhJoint, ...], rows: Float[np.ndarray, "frames channels"]
) -> tuple[Float[np.ndarray, "frames joints 3"], Float[np.ndarray, "frames joints 3 3"]]:
    """Positions in the parent's frame, and rotations, of all joints."""
    positions: list[np.ndarray] = []
    rotations: list[np.ndarray] = []
    begin = 0
    for joint in joints:
        values = dict(zip(joint.channels, rows[:, begin : begin + len(joint.channels)].T, strict=True))
        begin += len(joint.channels)
        order = "".join(channel[0] for channel in joint.channels if channel in ROTATIONS)
        angles_deg = np.stack([values[f"{axis}rotation"] for axis in order], axis=1)
        rotations.append(Rotation.from_euler(order, angles_deg, degrees=True).as_matrix())
        fixed = np.broadcast_to(joint.offset, (len(rows), 3))
        is_free = POSITIONS[0] in values
        positions.append(np.stack([values[name] for name in POSITIONS], axis=1) if is_free else fixed)
    return np.stack(positions, axis=1), np.stack(rotations, axis=1)
