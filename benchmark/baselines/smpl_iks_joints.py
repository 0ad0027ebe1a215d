"""Where the 24 joints are seen: what solvers that know only joints are given, whatever points there are.

A point that is missing for a while is interpolated in time and held at both ends. Then, from the trunk outwards: a
joint is where its point is, shifted as the trunk is turned where the two differ at rest; a joint without a point hangs
on the trunk, head, foot or hand whose other points show how that is turned, lies on the way to the next joint that is
seen, or hangs on its parent as at rest. Papers that need all 24 joints say nothing of the case; this is what they could
do without a model of poses.
"""

from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from benchmark.baselines.smpl_iks_swing import CHILDREN, beside
from benchmark.ik_problem import Problem
from models.kinematics import place_joints
from models.rig import Pose, Rig, rig_points
from models.rotations import shortest_arc, turn_onto
from models.skeletons import SMPL_INDEX, SMPL_PARENTS

SAME_M: Final = 1e-3
"""A point this near to a joint at rest is the joint."""
REACH_M: Final = 0.08
"""And this near it stands for a joint of a limb."""
PRIOR_M2: Final = 1e-4
"""How much a part keeps to what it hangs on: as three perpendicular arms of a centimetre."""


def _joints(*names: str) -> tuple[int, ...]:
    return tuple(SMPL_INDEX[name] for name in names)


_LIMB: Final = _joints(
    *(f"{side}_{name}" for side in ("left", "right") for name in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist"))
)
_TRUNK: Final = _joints(
    "pelvis", "left_hip", "right_hip", "spine1", "spine2", "spine3", "neck", "left_collar", "right_collar",
    "left_shoulder", "right_shoulder",
)  # fmt: skip
_ENDS: Final = {SMPL_INDEX["head"]: _joints("head")} | {
    SMPL_INDEX[f"{side}_{end}"]: _joints(f"{side}_{near}", f"{side}_{end}")
    for side in ("left", "right")
    for near, end in (("ankle", "foot"), ("wrist", "hand"))
}
"""For each leaf, the joints whose points turn with it."""


@dataclass(frozen=True, eq=False)
class _Scene:
    """Attributes, `known` being 1 for a point that is seen and 0 else:
    rest_m: the points at rest.
    rest_joint_m: and the joints.
    link: for each joint the point that stands for it, or -1.
    nearest: for each point the joint that is nearest at rest.
    """

    seen_m: Float[Tensor, "sequences frames points 3"]
    known: Float[Tensor, "sequences frames points"]
    rest_m: Float[Tensor, "sequences 1 points 3"]
    rest_joint_m: Float[Tensor, "sequences 1 24 3"]
    link: Int64[Tensor, "24"]
    nearest: Int64[Tensor, " points"]


@dataclass(frozen=True, eq=False)
class _Part:
    """Something rigid: where its middle is, at rest and seen, and how it is turned."""

    rest_m: Tensor
    seen_m: Tensor
    turn: Tensor

    def place(self, rest_m: Tensor) -> Tensor:
        return self.seen_m + (self.turn @ (rest_m - self.rest_m)[..., None])[..., 0]


def seen_joints(problem: Problem) -> Float[Tensor, "sequences frames 24 3"]:
    """Finite whatever is missing; a body at rest at the origin for a sequence without a point."""
    scene = _scene(problem)
    trunk = _trunk(scene)
    placed: dict[int, Tensor] = {}
    turns: dict[int, Tensor] = {}
    for joint in range(len(SMPL_PARENTS)):
        parent = SMPL_PARENTS[joint]
        if joint in _TRUNK:
            turns[joint] = trunk.turn
            guess = trunk.place(scene.rest_joint_m[..., joint, :])
        else:
            turns[joint] = _bone_turn(scene, turns[parent], placed, parent, joint)
            guess = _guess(scene, placed[parent], turns[joint], joint)
        placed[joint] = _seen_or(scene, joint, trunk.turn, guess)
    return torch.stack([placed[joint] for joint in range(len(SMPL_PARENTS))], dim=-2)


def filled_in_time(
    points_m: Float[Tensor, "*batch frames points 3"], known: Float[Tensor, "*batch frames points"]
) -> tuple[Float[Tensor, "*batch frames points 3"], Float[Tensor, "*batch frames points"]]:
    """Interpolate each point between the frames that show it and hold it before and after.

    Returns:
        The points, and 1 where a point is seen somewhere in its sequence, else 0.
    """
    frames = known.shape[-2]
    index = torch.arange(frames, device=known.device)[:, None].expand(known.shape)
    there = known > 0
    before = torch.where(there, index, -1).cummax(-2).values
    after = torch.where(there, index, frames).flip(-2).cummin(-2).values.flip(-2)
    start = torch.where(before < 0, after, before).clamp(0, frames - 1)
    end = torch.where(after >= frames, before, after).clamp(0, frames - 1)
    share = ((index - start) / (end - start).clamp_min(1)).to(points_m)[..., None]
    start_m, end_m = (points_m.gather(-3, at[..., None].expand(points_m.shape)) for at in (start, end))
    ever = there.any(-2, keepdim=True).expand(known.shape)
    filled_m = torch.where(ever[..., None], start_m + share * (end_m - start_m), torch.zeros_like(points_m))
    return filled_m, ever.to(points_m)


def _scene(problem: Problem) -> _Scene:
    rig, keypoints = problem.rig, problem.keypoints
    seen_m, known = filled_in_time(keypoints.points_m, keypoints.confidence)
    rest_m, rest_joint_m = _at_rest(rig)
    distance_m = torch.cdist(rest_joint_m.mean((0, 1)), rest_m.mean((0, 1)))
    nearest_m, link = distance_m.min(-1)
    reach_m = torch.full_like(nearest_m, SAME_M)
    reach_m[list(_LIMB)] = REACH_M
    return _Scene(seen_m, known, rest_m, rest_joint_m, torch.where(nearest_m < reach_m, link, -1), distance_m.argmin(0))


def _at_rest(rig: Rig) -> tuple[Float[Tensor, "sequences 1 points 3"], Float[Tensor, "sequences 1 24 3"]]:
    eye = torch.eye(3, dtype=rig.offset_m.dtype, device=rig.offset_m.device).expand(*rig.offset_m.shape, 3)
    pose = Pose(eye, rig.pelvis_m)
    return rig_points(rig, pose), place_joints(SMPL_PARENTS, rig.offset_m, pose.root_m, eye)


def _trunk(scene: _Scene) -> _Part:
    """The trunk as its points show it, and as all points show it where it has none."""
    few = PRIOR_M2 * torch.eye(3).to(scene.seen_m).expand(*scene.known.shape[:-1], 3, 3)
    body = _part(scene.rest_m, scene.seen_m, scene.known, few)
    known = scene.known * torch.isin(scene.nearest, torch.tensor(_TRUNK, device=scene.nearest.device))
    trunk = _part(scene.rest_m, scene.seen_m, known, PRIOR_M2 * body.turn)
    none = (known.sum(-1) == 0)[..., None]
    return _Part(torch.where(none, body.rest_m, trunk.rest_m), torch.where(none, body.seen_m, trunk.seen_m), trunk.turn)


def _part(rest_m: Tensor, seen_m: Tensor, known: Tensor, prior: Tensor) -> _Part:
    share = (known / known.sum(-1, keepdim=True).clamp_min(1))[..., None]
    rest_mid_m, seen_mid_m = (share * rest_m).sum(-2), (share * seen_m).sum(-2)
    turn = turn_onto(rest_m - rest_mid_m[..., None, :], seen_m - seen_mid_m[..., None, :], known, prior)
    return _Part(rest_mid_m, seen_mid_m, turn)


def _seen_or(scene: _Scene, joint: int, trunk: Tensor, guess: Tensor) -> Tensor:
    """Where the joint's point is; the guess where it has none that is known."""
    if (point := int(scene.link[joint])) < 0:
        return guess
    place_m = scene.seen_m[..., point, :]
    if joint in _TRUNK:
        arm_m = scene.rest_joint_m[..., joint, :] - scene.rest_m[..., point, :]
        place_m = place_m + (trunk @ arm_m[..., None])[..., 0]
    return torch.where(scene.known[..., point, None] > 0, place_m, guess)


def _bone_turn(scene: _Scene, above: Tensor, placed: dict[int, Tensor], parent: int, joint: int) -> Tensor:
    """How the bone that ends at a joint is turned, as far as its points show it."""
    placed_m = placed[parent]
    if joint in _ENDS:
        own = torch.isin(scene.nearest, torch.tensor(_ENDS[joint], device=scene.nearest.device))
        rest_m = torch.cat([scene.rest_m, scene.rest_joint_m[..., parent, None, :]], dim=-2)
        seen_m = torch.cat([scene.seen_m, placed_m[..., None, :]], dim=-2)
        known = torch.cat([scene.known * own, torch.ones_like(scene.known[..., :1])], dim=-1)
        return _part(rest_m, seen_m, known, PRIOR_M2 * above).turn
    bone_m = above @ (scene.rest_joint_m[..., joint, :] - scene.rest_joint_m[..., parent, :])[..., None]
    return shortest_arc(bone_m[..., 0], _way(scene, placed_m, joint), beside(bone_m[..., 0])) @ above


def _way(scene: _Scene, start_m: Tensor, joint: int) -> Tensor:
    """Towards the first joint from here on that is seen; zero where none is."""
    way_m, chain = torch.zeros_like(start_m), [joint]
    while CHILDREN[chain[-1]]:
        chain.append(CHILDREN[chain[-1]][0])
    for below in reversed(chain):
        if (point := int(scene.link[below])) >= 0:
            way_m = torch.where(scene.known[..., point, None] > 0, scene.seen_m[..., point, :] - start_m, way_m)
    return way_m


def _guess(scene: _Scene, parent_m: Tensor, turn: Tensor, joint: int) -> Tensor:
    bone_m = scene.rest_joint_m[..., joint, :] - scene.rest_joint_m[..., SMPL_PARENTS[joint], :]
    return parent_m + (turn @ bone_m[..., None])[..., 0]
