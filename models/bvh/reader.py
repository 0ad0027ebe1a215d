"""Reads BVH strictly and places its joints; whatever is wrong is refused with the number of its line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.bvh.words import Words
from models.errors import InputError

POSITIONS: Final = ("Xposition", "Yposition", "Zposition")
ROTATIONS: Final = ("Xrotation", "Yrotation", "Zrotation")

MAX_BYTES: Final = 256 * 2**20
MAX_JOINTS: Final = 1000
MAX_DEPTH: Final = 200
MAX_POSES: Final = 3_000_000
"""Joints times frames: 30 joints for 14 minutes at 120 Hz; three gigabytes for whoever retargets them. More is refused
unread."""


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
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES // 2**20} MiB", "cut it into shorter clips")
        return parse_bvh(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", "check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file", "choose a .bvh file") from error


def parse_bvh(text: str, source: str) -> Bvh:
    """Understand a whole BVH file.

    A joint's name is what follows ROOT or JOINT on its line, blanks included (3ds Max writes them). Memory grows with
    the file, never with a count that the file claims.

    Args:
        source: what an error calls the file.

    Raises:
        InputError: anything out of order, with the line's number: a missing or surplus brace, a second root or end
            site, a name twice, an unknown or repeated channel, a joint without its three rotations, a number that is
            none, not finite or beyond all measure, a frame time that is not positive, a row too long, too short or
            too many, a tree of more than MAX_JOINTS joints or deeper than MAX_DEPTH.
    """
    lines = text.split("\n")
    words = Words(source, lines)
    joints = _hierarchy(words)
    frames = _frame_count(words, len(joints))
    claimed_on = words.line
    frame_time_s = _frame_time_s(words)
    if frames != words.rows_left():
        words.refuse(f"the file says {frames} frames and holds {words.rows_left()}", claimed_on)
    rows = words.rows(frames, sum(len(joint.channels) for joint in joints))
    return Bvh(joints, frame_time_s, *_poses(joints, rows))


def place_bvh_joints(bvh: Bvh) -> Float[np.ndarray, "frames joints 3"]:
    """Place every joint in the world, in the file's unit."""
    return pose_bvh_joints(bvh)[0]


def pose_bvh_joints(
    bvh: Bvh,
) -> tuple[Float[np.ndarray, "frames joints 3"], Float[np.ndarray, "frames joints 3 3"]]:
    """Places of all joints in the world, in the file's unit, and their orientations."""
    placed: list[np.ndarray] = []
    world_from_joint: list[np.ndarray] = []
    for joint, parent in enumerate(bvh.parents):
        position, rotation = bvh.position[:, joint], bvh.parent_from_joint[:, joint]
        if parent >= 0:
            position = placed[parent] + np.einsum("tij,tj->ti", world_from_joint[parent], position)
            rotation = world_from_joint[parent] @ rotation
        placed.append(position)
        world_from_joint.append(rotation)
    return np.stack(placed, axis=1), np.stack(world_from_joint, axis=1)


@dataclass
class _Open:
    """A joint whose closing brace is still to come."""

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[str, ...]
    end_site: tuple[float, float, float] | None = None


def _hierarchy(words: Words) -> tuple[BvhJoint, ...]:
    """The tree, root first, depth first; braces are counted on a stack, so that no depth exhausts ours."""
    words.take("HIERARCHY")
    words.take("ROOT")
    joints = [_begin_joint(words, -1, set())]
    names, stack = {joints[0].name}, [0]
    while stack:
        word = words.take("JOINT", "End", "}")
        if word == "}":
            stack.pop()
        elif word == "End":
            joints[stack[-1]].end_site = _end_site(words, joints[stack[-1]])
        else:
            joints.append(_begin_joint(words, stack[-1], names))
            names.add(joints[-1].name)
            stack.append(len(joints) - 1)
            _require_bounds(words, len(joints), len(stack))
    words.take("MOTION")
    return tuple(BvhJoint(j.name, j.parent, j.offset, j.channels, j.end_site) for j in joints)


def _require_bounds(words: Words, joints: int, depth: int) -> None:
    if joints > MAX_JOINTS:
        words.refuse(f"the tree has more than {MAX_JOINTS} joints")
    if depth > MAX_DEPTH:
        words.refuse(f"joints are nested more than {MAX_DEPTH} deep")


def _begin_joint(words: Words, parent: int, names: set[str]) -> _Open:
    """All of a joint before what hangs on it."""
    name = words.name()
    if name in names:
        words.refuse(f"the name {name!r} was there before")
    words.take("{")
    offset = words.offset()
    words.take("CHANNELS")
    return _Open(name, parent, offset, _channels(words))


def _channels(words: Words) -> tuple[str, ...]:
    count = words.count()
    if count > len(POSITIONS) + len(ROTATIONS):
        words.refuse(f"{count} channels are more than six")
    channels = tuple(words.take(*POSITIONS, *ROTATIONS) for _ in range(count))
    if len(set(channels)) < count:
        words.refuse("a channel is named twice")
    if not set(ROTATIONS) <= set(channels) or len(set(channels) & set(POSITIONS)) not in {0, 3}:
        words.refuse("a joint has three rotations, and three positions or none")
    return channels


def _end_site(words: Words, joint: _Open) -> tuple[float, float, float]:
    words.take("Site")
    if joint.end_site is not None:
        words.refuse(f"{joint.name!r} has a second end site")
    words.take("{")
    offset = words.offset()
    words.take("}")
    return offset


def _frame_count(words: Words, joints: int) -> int:
    words.take("Frames:")
    frames = words.count()
    if frames == 0:
        words.refuse("there is no frame")
    if frames * joints > MAX_POSES:
        words.refuse(f"{frames} frames of {joints} joints are more than {MAX_POSES} poses")
    return frames


def _frame_time_s(words: Words) -> float:
    words.take("Frame")
    words.take("Time:")
    frame_time_s = words.number()
    if frame_time_s <= 0:
        words.refuse(f"a frame lasts {frame_time_s} s")
    return frame_time_s


def _poses(
    joints: tuple[BvhJoint, ...], rows: Float[np.ndarray, "frames channels"]
) -> tuple[Float[np.ndarray, "frames joints 3"], Float[np.ndarray, "frames joints 3 3"]]:
    """Positions in the parent's frame, and rotations, of all joints."""
    position = np.empty((len(rows), len(joints), 3))
    rotation = np.empty((len(rows), len(joints), 3, 3))
    begin = 0
    for index, joint in enumerate(joints):
        values = dict(zip(joint.channels, rows[:, begin : begin + len(joint.channels)].T, strict=True))
        begin += len(joint.channels)
        order = "".join(channel[0] for channel in joint.channels if channel in ROTATIONS)
        angles_deg = np.stack([values[f"{axis}rotation"] for axis in order], axis=1)
        rotation[:, index] = Rotation.from_euler(order, angles_deg, degrees=True).as_matrix()
        is_free = POSITIONS[0] in values
        position[:, index] = np.stack([values[name] for name in POSITIONS], axis=1) if is_free else joint.offset
    return position, rotation
