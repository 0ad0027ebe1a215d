"""Carries the person of a BVH over to the SMPL tree: bones point where the file's do, and twist as they do.

The orientation of every joint is the file's times a constant (models/retarget/axes.py); a last, smallest turn lays
each long bone exactly along the file's, whatever stands between its two joints. Of the spine, pelvis and chest are the
file's own; in between, the SMPL tree's three joints take the file's orientations at equal shares of the way, so that
three joints go one to one, and one or none is split evenly. Fingers and whatever else hangs on a limb are left out.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.retarget.axes import LEFT, UP, between, clip_alignments, standing_axes
from models.retarget.source import SIDES, Source
from models.rotations import shortest_arc
from models.skeletons import SMPL_INDEX, SMPL_JOINTS, SMPL_PARENTS

Turn = Float[np.ndarray, "3 3"]
Turns = Float[np.ndarray, "frames 3 3"]
Vector = Float[np.ndarray, " 3"]

_MAIN_CHILD: Final = {
    "spine1": "spine2", "spine2": "spine3", "neck": "head",
    **{f"{side}_{a}": f"{side}_{b}" for side in SIDES
       for a, b in (("hip", "knee"), ("knee", "ankle"), ("ankle", "foot"),
                    ("shoulder", "elbow"), ("elbow", "wrist"), ("wrist", "hand"))},
}  # fmt: skip
"""The joint to which each bone leads that shall point where the file's does."""


def retarget_rotations(source: Source, rest_joints_m: Float[np.ndarray, "24 3"]) -> Float[np.ndarray, "frames 24 3 3"]:
    """World orientations of the SMPL tree's joints.

    Args:
        rest_joints_m: the body that shall move, at rest.
    """
    bone_m = {
        name: rest_joints_m[SMPL_INDEX[child]] - rest_joints_m[SMPL_INDEX[name]] for name, child in _MAIN_CHILD.items()
    }
    world = _Posed(source, bone_m).world()
    return np.stack([world[name] for name in SMPL_JOINTS], axis=1)


def parent_from_joints(world_from_joint: Float[np.ndarray, "frames 24 3 3"]) -> Float[np.ndarray, "frames 24 3 3"]:
    """Rotations against the parent; the root's stays."""
    above = world_from_joint[:, list(SMPL_PARENTS)]
    above[:, 0] = np.eye(3)
    return np.swapaxes(above, -1, -2) @ world_from_joint


class _Posed:
    """The file's orientations in the SMPL tree's axes."""

    def __init__(self, source: Source, bone_m: Mapping[str, Vector]) -> None:
        self.source = source
        self.bone_m = bone_m
        self.standing = standing_axes(source)
        self.by_joint = {} if self.standing is not None else clip_alignments(source, bone_m)

    def world(self) -> dict[str, Turns]:
        found = self._spine() | self._head()
        for side in SIDES:
            found[f"{side}_collar"] = self._own(f"{side}_collar", found["spine3"])
            for name in ("hip", "knee", "shoulder", "elbow"):
                found[f"{side}_{name}"] = self._along(f"{side}_{name}", self._turned(self._joint(f"{side}_{name}")))
            found |= self._foot(side) | self._hand(side)
        return found

    def _joint(self, name: str) -> int:
        return self.source.joint[name]

    def _turned(self, joint: int) -> Turns:
        """Orientation of a joint of the file, in the SMPL tree's axes."""
        alignment = self.by_joint[joint] if self.standing is None else self.standing
        return self.source.world_from_joint[:, joint] @ alignment

    def _own(self, name: str, otherwise: Turns) -> Turns:
        return self._turned(self._joint(name)) if name in self.source.joint else otherwise

    def _spine(self) -> dict[str, Turns]:
        pelvis, joints = self._turned(self._joint("pelvis")), self.source.spine
        known = [pelvis, *(self._turned(joint) for joint in joints)]
        found = {"pelvis": pelvis}
        for number in (1, 2, 3):
            place = number / 3 * (len(known) - 1)
            start = min(int(place), max(len(known) - 2, 0))
            end = min(start + 1, len(known) - 1)
            found[f"spine{number}"] = between(known[start], known[end], place - start)
        if len(joints) == 3:
            for name, start, end in zip(("spine1", "spine2"), joints, joints[1:], strict=False):
                bone = self.source.joints_m[:, end] - self.source.joints_m[:, start]
                found[name] = self._laid(name, found[name], bone)
        return found

    def _head(self) -> dict[str, Turns]:
        chest = self._turned(self._joint("spine3"))
        head = self._own("head", chest)
        if not self.source.neck:
            return {"neck": between(chest, head, 0.5), "head": head}
        neck = self.source.neck[0]
        bone = self.source.places_m("head") - self.source.joints_m[:, neck]
        return {"neck": self._laid("neck", self._turned(neck), bone), "head": head}

    def _foot(self, side: str) -> dict[str, Turns]:
        """Level soles stay level, whatever the slope of the foot's bone; toes out stay as far out."""
        ankle, toe = f"{side}_ankle", f"{side}_foot"
        outwards = np.eye(3) if self.standing is None else self._toes_out(side)
        foot = self._turned(self._joint(ankle)) @ outwards
        return {ankle: foot, toe: self._turned(self._joint(toe)) @ outwards if toe in self.source.joint else foot}

    def _toes_out(self, side: str) -> Turn:
        """About the vertical, from where the body's foot points at rest to where the file's does."""
        assert self.standing is not None
        tip, own = self.standing.T @ self.source.toe_tip[side], self.bone_m[f"{side}_ankle"]
        has_heading = np.hypot(tip[0], tip[2]) > 1e-6 * (np.linalg.norm(tip) + 1e-12)
        heading_rad = np.arctan2(tip[0], tip[2]) if has_heading else 0.0
        return Rotation.from_rotvec(UP * (heading_rad - np.arctan2(own[0], own[2]))).as_matrix()

    def _hand(self, side: str) -> dict[str, Turns]:
        """The hand at rest continues the file's hand, or its forearm where there are no fingers."""
        wrist, hand, elbow = f"{side}_wrist", f"{side}_hand", f"{side}_elbow"
        lay = np.eye(3)
        if self.standing is not None:
            start, end, own = (wrist, hand, wrist) if hand in self.source.joint else (elbow, wrist, elbow)
            bone = self.source.rest[self._joint(end)] - self.source.rest[self._joint(start)]
            lay = _arcs(self.bone_m[own][None], (self.standing.T @ bone)[None])[0]
        turned = self._turned(self._joint(wrist)) @ lay
        return {wrist: turned, hand: self._turned(self._joint(hand)) @ lay if hand in self.source.joint else turned}

    def _along(self, name: str, turns: Turns) -> Turns:
        bone = self.source.places_m(_MAIN_CHILD[name]) - self.source.places_m(name)
        return self._laid(name, turns, bone)

    def _laid(self, name: str, turns: Turns, bone: Float[np.ndarray, "frames 3"]) -> Turns:
        """Turned as little as lays the body's bone along this one."""
        return _arcs(turns @ self.bone_m[name], bone) @ turns


def _arcs(start: Float[np.ndarray, "frames 3"], end: Float[np.ndarray, "frames 3"]) -> Turns:
    hint = np.where(np.abs(start @ LEFT)[:, None] < 0.9 * np.linalg.norm(start, axis=1)[:, None], LEFT, UP)
    return shortest_arc(torch.from_numpy(start), torch.from_numpy(end), torch.from_numpy(hint)).numpy()
