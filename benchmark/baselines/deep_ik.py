"""Deep IK: limbs by the recurrent network of deep_ik_net, everything else analytic.

Pelvis and chest turn as their joints show (Wahba's problem), the spine lies between them, neck, hands and feet swing
onto their tips. Each limb is shown the last seven frames of its end; before the first frame it stood still. Points that
are missing are filled by smpl_iks_joints.seen_joints.
"""

from functools import cache
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor

from benchmark.baselines.deep_ik_net import WINDOW, DeepIkNet, net_of
from benchmark.baselines.smpl_iks_joints import seen_joints
from benchmark.ik_problem import Method, Problem
from models.limbs import LIMB_JOINTS, TRUNK_JOINT, LimbName
from models.rig import Pose
from models.rotations import part_way, shortest_arc, turn_onto
from models.skeletons import SMPL_INDEX, SMPL_JOINTS, SMPL_PARENTS
from models.weights import find_weights

FILE: Final = "deep_ik.safetensors"
WEIGHTS: Final = Path(__file__).parents[1] / "weights"
_PELVIS: Final = [SMPL_INDEX[name] for name in ("pelvis", "left_hip", "right_hip", "spine1")]
_CHEST: Final = [
    SMPL_INDEX[name] for name in ("spine3", "neck", "left_collar", "right_collar", "left_shoulder", "right_shoulder")
]
_SWUNG: Final = {"neck": "head", **{f"{side}_{a}": f"{side}_{b}" for side in ("left", "right")
                                    for a, b in (("wrist", "hand"), ("ankle", "foot"))}}  # fmt: skip
"""Joints that swing onto the one after."""

Joints = Float[Tensor, "sequences frames 24 3"]
Turns = Float[Tensor, "sequences frames 3 3"]


def deep_ik() -> Method:
    """The method with its weights."""
    return lambda problem: solve(problem, {kind: shipped_net(kind) for kind in ("arm", "leg")})


@cache
def shipped_net(kind: str) -> DeepIkNet:
    """The network for arms or legs."""
    return net_of(load_file(find_weights(FILE, WEIGHTS).path), kind)


@torch.no_grad()
def solve(problem: Problem, nets: dict[str, DeepIkNet]) -> Pose:
    """Pose every frame; `nets` has one for `arm` and one for `leg`."""
    joints_m = seen_joints(problem)
    offset_m = problem.rig.offset_m.expand_as(joints_m)
    world = _trunk(offset_m, joints_m)
    for limb in LIMB_JOINTS:
        upper, lower, end = LIMB_JOINTS[limb]
        trunk = world[TRUNK_JOINT[limb]]
        length_m = offset_m[:, :, [lower, end]].norm(dim=-1).sum(-1)[..., None]
        way_m = (trunk.mT @ (joints_m[:, :, end] - joints_m[:, :, upper])[..., None])[..., 0]
        from_upper, from_lower = turn_limb(nets[limb.split("_")[1]], limb, way_m / length_m)
        world |= {upper: trunk @ from_upper, lower: trunk @ from_lower}
    for name, parent in enumerate(SMPL_PARENTS):
        world.setdefault(name, torch.empty(0))
        if not world[name].numel():
            world[name] = _swing(world[parent], name, offset_m, joints_m)
    return Pose(torch.stack([world[joint] for joint in range(len(SMPL_JOINTS))], dim=2), joints_m[:, :, 0])


def turn_limb(net: DeepIkNet, limb: LimbName, end: Float[Tensor, "sequences frames 3"]) -> tuple[Turns, Turns]:
    """Orientations of upper and lower bone in the trunk's frame.

    Args:
        end: of the limb about its root in the trunk's frame, over its length.
    """
    flip = torch.tensor([-1.0 if limb.startswith("right") else 1.0, 1.0, 1.0]).to(end)
    frames = end.shape[1]
    window = (torch.arange(frames)[:, None] + torch.arange(1 - WINDOW, 1)).clamp_min(0)
    turns = net((flip * end)[:, window].flatten(0, 1))
    upper, lower = (flip[:, None] * flip * turn.unflatten(0, end.shape[:2]) for turn in turns)
    return upper, lower


def _trunk(offset_m: Joints, joints_m: Joints) -> dict[int, Turns]:
    rest_m = [torch.zeros_like(joints_m[:, :, 0])]
    for joint, parent in list(enumerate(SMPL_PARENTS))[1:]:
        rest_m.append(rest_m[parent] + offset_m[:, :, joint])
    rest = torch.stack(rest_m, dim=2)
    pelvis, chest = (_part(rest, joints_m, part) for part in (_PELVIS, _CHEST))
    spine = {SMPL_INDEX[f"spine{k}"]: part_way(pelvis, chest, k / 3) for k in (1, 2)}
    collars = {SMPL_INDEX[f"{side}_collar"]: chest for side in ("left", "right")}
    return {SMPL_INDEX["pelvis"]: pelvis, SMPL_INDEX["spine3"]: chest, **spine, **collars}


def _part(rest_m: Joints, seen_m: Joints, joints: list[int]) -> Turns:
    rest, seen = (points[:, :, joints] - points[:, :, joints].mean(2, keepdim=True) for points in (rest_m, seen_m))
    return turn_onto(rest, seen, torch.ones_like(seen[..., 0]))


def _swing(parent: Turns, joint: int, offset_m: Joints, joints_m: Joints) -> Turns:
    """As the parent, its own bone swung onto the next joint where it has one that is seen to move."""
    if (tip := _SWUNG.get(SMPL_JOINTS[joint])) is None:
        return parent
    child = SMPL_INDEX[tip]
    posed_m = (parent @ offset_m[:, :, child, :, None])[..., 0]
    return shortest_arc(posed_m, joints_m[:, :, child] - joints_m[:, :, joint], parent[..., 2]) @ parent
