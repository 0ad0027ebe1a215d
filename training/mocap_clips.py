"""Reads the compact motion capture shards that training uses: rotations along a tree, 30 Hz, metres, Y up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.errors import InputError
from models.kinematics import place_joints, world_from_joints

FORMAT_KEYS = {
    "names", "parents", "offsets", "rot", "root", "clip_start", "canon", "canon_idx", "fps", "clip", "subject",
    "action",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class MocapClip:
    """One take.

    Attributes:
        family: name of the shard; the clips of a family share their joints and rest pose.
        joints: names in the source's own words.
        offset_m: each joint's position in its parent's frame.
        parent_from_joint: the root's is world_from_root.
        joint_of: index of the joint that plays a part (`l_knee`, `chest`, ...); absent parts are left out.
    """

    family: str
    name: str
    subject: str
    action: str
    rate_hz: float
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    offset_m: Float[np.ndarray, "joints 3"]
    parent_from_joint: Float[np.ndarray, "frames joints 3 3"]
    root_m: Float[np.ndarray, "frames 3"]
    joint_of: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class WorldPose:
    """Where the joints are and how they are turned, in the world."""

    joints_m: Float[np.ndarray, "frames joints 3"]
    world_from_joint: Float[np.ndarray, "frames joints 3 3"]


def read_clips(folder: Path) -> Iterator[MocapClip]:
    """Yield every clip of every shard in a folder, in the order of their names.

    Raises:
        InputError: the folder holds no shard, or a file is not one.
    """
    shards = sorted(folder.glob("*.npz"))
    if not shards:
        raise InputError(f"{folder} holds no motion capture shard", "give the folder with the train split's .npz files")
    for shard in shards:
        with np.load(shard, allow_pickle=False) as packed:
            if not set(packed.files) >= FORMAT_KEYS:
                raise InputError(f"{shard} is not a motion capture shard", "give a folder of mocap-compact-1 files")
            arrays = dict(packed)
        if problem := _misfit(arrays):
            raise InputError(
                f"{shard} is not a motion capture shard: {problem}", "copy the file again, or leave it out"
            )
        for index in range(len(arrays["clip_start"]) - 1):
            yield _clip(shard.stem, arrays, index)


def world_pose(clip: MocapClip) -> WorldPose:
    """Chain the rotations of every frame."""
    return _chain(clip, clip.parent_from_joint, clip.root_m)


def rest_pose(clip: MocapClip) -> Float[np.ndarray, "joints 3"]:
    """Joints with all rotations zero and the root at the origin."""
    zero = np.broadcast_to(np.eye(3), (1, len(clip.joints), 3, 3)).copy()
    return _chain(clip, zero, np.zeros((1, 3))).joints_m[0]


def _chain(clip: MocapClip, parent_from_joint: np.ndarray, root_m: np.ndarray) -> WorldPose:
    world = world_from_joints(clip.parents, torch.from_numpy(parent_from_joint))
    joints = place_joints(clip.parents, torch.from_numpy(clip.offset_m), torch.from_numpy(root_m), world)
    return WorldPose(joints.numpy(), world.numpy())


def _misfit(arrays: Mapping[str, np.ndarray]) -> str:
    """What of the arrays does not fit the rest, in words; empty where all do."""
    clips, joints = len(np.atleast_1d(arrays["clip"])), len(np.atleast_1d(arrays["names"]))
    frames, parts = len(np.atleast_1d(arrays["root"])), len(np.atleast_1d(arrays["canon"]))
    shapes = {
        "names": (joints,),
        "parents": (joints,),
        "offsets": (clips, joints, 3),
        "rot": (frames, joints, 4),
        "root": (frames, 3),
        "clip_start": (clips + 1,),
        "clip": (clips,),
        "subject": (clips,),
        "action": (clips,),
        "canon": (parts,),
        "canon_idx": (parts,),
        "fps": (),
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            return f"{name} has the shape {arrays[name].shape} instead of {shape}"
    start, parents = arrays["clip_start"], arrays["parents"]
    if start[0] < 0 or start[-1] > frames or np.any(np.diff(start) < 1):
        return f"clips do not follow each other within {frames} frames"
    if parents[0] != -1 or np.any(parents[1:] < 0) or np.any(parents >= np.arange(joints)):
        return "a joint comes before its parent"
    if np.any(arrays["canon_idx"] < -1) or np.any(arrays["canon_idx"] >= joints):
        return f"a part of the body is none of {joints} joints"
    numbers = ("offsets", "root", "fps")
    wrong = [name for name in numbers if not np.isfinite(arrays[name].astype(np.float64)).all()]
    return f"{wrong[0]} holds NaN or infinity" if wrong else ""


def _clip(family: str, arrays: Mapping[str, np.ndarray], index: int) -> MocapClip:
    frames = slice(*arrays["clip_start"][index : index + 2].tolist())
    quaternion = arrays["rot"][frames].astype(np.float64)
    matrix = Rotation.from_quat(quaternion.reshape(-1, 4), scalar_first=True).as_matrix()
    parts = zip(arrays["canon"].tolist(), arrays["canon_idx"].tolist(), strict=True)
    return MocapClip(
        family=family,
        name=str(arrays["clip"][index]),
        subject=str(arrays["subject"][index]),
        action=str(arrays["action"][index]),
        rate_hz=float(arrays["fps"]),
        joints=tuple(arrays["names"].tolist()),
        parents=tuple(arrays["parents"].tolist()),
        offset_m=arrays["offsets"][index].astype(np.float64),
        parent_from_joint=matrix.reshape(*quaternion.shape[:-1], 3, 3),
        root_m=arrays["root"][frames].astype(np.float64),
        joint_of={part: joint for part, joint in parts if joint >= 0},
    )
