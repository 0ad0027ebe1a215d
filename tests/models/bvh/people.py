"""Writes BVH files of people as other programs would: their names, units, rest poses, channel orders and fingers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import Rotation

T_POSE_M = {
    "pelvis": (0, 0.95, 0), "spine1": (0, 0.1, -0.02), "spine2": (0, 0.13, 0.01), "spine3": (0, 0.12, 0.01),
    "neck": (0, 0.2, -0.02), "head": (0, 0.1, 0.02), "left_hip": (0.09, -0.05, 0.0), "left_knee": (0, -0.43, 0.0),
    "left_ankle": (0, -0.42, -0.02), "left_foot": (0.02, -0.06, 0.14), "left_collar": (0.03, 0.14, 0.0),
    "left_shoulder": (0.14, 0.02, -0.01), "left_elbow": (0.29, 0, 0), "left_wrist": (0.26, 0, 0),
    "left_hand": (0.09, 0, 0), "left_index": (0.09, 0.01, 0.03), "left_index2": (0.03, 0, 0),
    "left_thumb": (0.03, -0.01, 0.03), "left_thigh_root": (0, 0, 0), "neck2": (0, 0.05, 0.01),
}  # fmt: skip
"""Places of a person's joints above their parents in metres, in a T-pose that faces +Z; the right side mirrors it."""

PARENT = {
    "pelvis": None, "spine1": "pelvis", "spine2": "spine1", "spine3": "spine2", "neck": "spine3", "head": "neck",
    "left_hip": "pelvis", "left_knee": "left_hip", "left_ankle": "left_knee", "left_foot": "left_ankle",
    "left_collar": "spine3", "left_shoulder": "left_collar", "left_elbow": "left_shoulder",
    "left_wrist": "left_elbow", "left_hand": "left_wrist", "left_index": "left_wrist", "left_index2": "left_index",
    "left_thumb": "left_wrist", "left_thigh_root": "pelvis", "neck2": "neck",
}  # fmt: skip


@dataclass(frozen=True)
class Person:
    """What one program writes.

    Attributes:
        names: by joint; what has no name is left out, and its children hang on its parent.
        parents: joints that hang elsewhere than in `PARENT`.
        rest: turn from the rest pose to a T-pose by joint; a child's bone lies accordingly in the file.
        file_from_body: left, up and ahead of the person in the file's axes, as columns.
        orders: channel orders, dealt out in turn.
    """

    names: Mapping[str, str]
    parents: Mapping[str, str] = field(default_factory=dict)
    rest: Mapping[str, Rotation] = field(default_factory=dict)
    file_from_body: np.ndarray = field(default_factory=lambda: np.eye(3))
    world_from_y_up: np.ndarray = field(default_factory=lambda: np.eye(3))
    orders: tuple[str, ...] = ("ZYX",)
    unit_m: float = 0.01
    frame_time: str = "0.0333333"
    all_have_positions: bool = False


def mirrored(values: Mapping) -> dict:
    """The same for the right side: names by their word for it, places and turns by their mirror image."""
    found = dict(values)
    for joint, value in values.items():
        if joint.startswith("left_"):
            twin = joint.replace("left", "right")
            if isinstance(value, Rotation):
                x, y, z = value.as_rotvec()
                found[twin] = Rotation.from_rotvec([x, -y, -z])
            else:
                found[twin] = (-value[0], *value[1:])
    return found


T_OFFSETS_M = mirrored(T_POSE_M)


def named(pattern: str, sides: tuple[str, str], **names: str) -> dict[str, str]:
    """Names of a person's joints; * is the side's word, and a joint with one stands for both sides."""
    found: dict[str, str] = {}
    for joint, name in names.items():
        if "*" not in name:
            found[joint] = pattern.replace("#", name)
            continue
        for side, word in zip(("left", "right"), sides, strict=True):
            found[f"{side}_{joint}"] = pattern.replace("#", name.replace("*", word))
    return found


def _bent(axis: str, angle_deg: np.ndarray | float) -> Rotation:
    return Rotation.from_euler(axis, np.atleast_1d(angle_deg)[:, None], degrees=True)


def walk(frames: int = 60, seed: int = 0) -> dict[str, Rotation]:
    """Turns of the joints against their parents, away from a T-pose: hinges bend, the rest sways."""
    rng = np.random.default_rng(seed)
    phase = np.linspace(0, 4 * np.pi, frames)

    def sway(joint: str, size_deg: float) -> Rotation:
        parts = [size_deg * np.sin(phase * rng.integers(1, 3) + rng.uniform(0, 6)) for _ in range(3)]
        return Rotation.from_euler("YXZ", np.stack(parts, axis=1), degrees=True)

    turns = {joint: sway(joint, 8) for joint in ("spine1", "spine2", "spine3", "neck", "head", "pelvis")}
    for side, sign in (("left", 1), ("right", -1)):
        lag = 0 if sign > 0 else np.pi
        turns[f"{side}_hip"] = _bent("X", -25 * np.sin(phase + lag)) * sway("", 6)
        turns[f"{side}_knee"] = _bent("X", 35 - 25 * np.cos(phase + lag))
        turns[f"{side}_ankle"] = _bent("X", -10 + 10 * np.sin(phase + lag))
        turns[f"{side}_foot"] = _bent("X", -8 + 8 * np.cos(phase + lag))
        turns[f"{side}_collar"] = sway("", 5)
        down = _bent("Z", -70 * sign)
        turns[f"{side}_shoulder"] = down * _bent("Y", -20 * sign * np.sin(phase + lag))
        turns[f"{side}_elbow"] = _bent("Y", -sign * (40 + 20 * np.sin(phase + lag)))
        turns[f"{side}_wrist"] = sway("", 10)
    return turns


def world_turns(turns: Mapping[str, Rotation], frames: int) -> dict[str, Rotation]:
    """Orientations of all joints in a world with Y up."""
    world: dict[str, Rotation] = {}
    for joint in T_OFFSETS_M:
        parent = _parent(joint)
        local = turns.get(joint, Rotation.identity(frames))
        world[joint] = local if parent is None else world[parent] * local
    return world


def write_bvh(person: Person, turns: Mapping[str, Rotation], frames: int) -> str:
    """The whole file: the person walks straight ahead, one metre a second."""
    world = world_turns(turns, frames)
    root_m = np.stack([np.zeros(frames), np.full(frames, 0.95), np.linspace(0, frames / 30, frames)], axis=1)
    rows: list[np.ndarray] = []
    hierarchy: list[str] = []
    numbers = iter(range(1000))

    def file_turn(joint: str) -> Rotation:
        rest = person.rest.get(joint, Rotation.identity())
        turned = world[joint] * rest * Rotation.from_matrix(person.file_from_body.T)
        return Rotation.from_matrix(person.world_from_y_up) * turned

    def add(joint: str, above: str | None, indent: str) -> None:
        order = person.orders[next(numbers) % len(person.orders)]
        offset = _file_offset(person, joint, above) / person.unit_m
        local = file_turn(joint) if above is None else file_turn(above).inv() * file_turn(joint)
        has_place = above is None or person.all_have_positions
        place = root_m @ person.world_from_y_up.T / person.unit_m if above is None else np.tile(offset, (frames, 1))
        rows.extend([place] if has_place else [])
        rows.append(local.as_euler(order, degrees=True))
        channels = ["Xposition", "Yposition", "Zposition"] * has_place + [f"{axis}rotation" for axis in order]
        hierarchy.extend([
            f"{indent}{'ROOT' if above is None else 'JOINT'} {person.names[joint]}", f"{indent}{{",
            f"{indent}  OFFSET {offset[0]:.8f} {offset[1]:.8f} {offset[2]:.8f}",
            f"{indent}  CHANNELS {len(channels)} {' '.join(channels)}",
        ])  # fmt: skip
        below = [child for child in person.names if _named_parent(person, child) == joint]
        for child in below:
            add(child, joint, indent + "  ")
        if not below:
            hierarchy.extend([f"{indent}  End Site", f"{indent}  {{", f"{indent}    OFFSET 0 1 2", f"{indent}  }}"])
        hierarchy.append(f"{indent}}}")

    add(next(iter(person.names)), None, "")
    lines = [" ".join(f"{value:.7f}" for value in row) for row in np.concatenate(rows, axis=1)]
    head = ["MOTION", f"Frames: {frames}", f"Frame Time: {person.frame_time}"]
    return "\n".join(["HIERARCHY", *hierarchy, *head, *lines, ""])


def _file_offset(person: Person, joint: str, above: str | None) -> np.ndarray:
    """A bone as it lies in the rest pose of the file; joints that are left out in between are stretched over."""
    if above is None:
        return np.array([3.0, 1.0, 2.0]) * person.unit_m
    bone_m, link = np.zeros(3), joint
    while link is not None and link != above:
        bone_m = bone_m + np.array(T_OFFSETS_M[link])
        link = person.parents.get(link, _parent(link))
    rest = person.rest.get(above, Rotation.identity())
    return person.file_from_body @ rest.inv().apply(bone_m)


def _parent(joint: str) -> str | None:
    side, _, part = joint.partition("_")
    twin = PARENT[f"left_{part}" if side == "right" else joint]
    return twin.replace("left", side) if twin and side == "right" else twin


def _named_parent(person: Person, joint: str) -> str | None:
    above = person.parents.get(joint, _parent(joint))
    while above is not None and above not in person.names:
        above = person.parents.get(above, _parent(above))
    return above
