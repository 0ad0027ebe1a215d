"""Joint orientations from landmarks in closed form, root to leaf, all frames at once.

Pelvis and thorax are the weighted least-squares rotations of the hip line, the shoulder line and the line between
their middles (Wahba 1965), so that neither depends on a pelvis joint. Long bones swing by the shortest arc from where
the parents that are already solved have put the body's own landmarks. Twist comes from what shows it: the plane of a
bent elbow or knee, the foot, the hand, the face; else it is zero.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from models.anatomy import ARMS, FACE_POINTS, HINGE_RANGE_RAD, HIP_POINTS, LEGS, SHOULDER_POINTS, SUBTREES, Limb
from models.rig import Pose, Rig, rig_points
from models.rotations import (
    across,
    angle_about,
    part_way,
    rotation_about,
    shortest_arc,
    turn_onto,
    twist_about,
    unit,
)
from models.skeletons import SMPL_INDEX

SPINE_SHARE = {"spine1": 1 / 3, "spine2": 2 / 3}
"""Of the turn from pelvis to thorax; spine3 is the thorax itself."""
NECK_SHARE = 0.5
"""Of the turn from thorax to head."""
PRONATION_SHARE = 0.4
"""Of the hand's twist against the upper arm that the forearm takes; the wrist takes the rest."""
FOOT_SHARE = 0.3
"""Of the foot's turn about a straight leg that the thigh takes; the ankle takes the rest."""
FAR_LINE_WEIGHT = 0.3
"""Of the shoulders' line for the pelvis and the hips' line for the thorax, as their own lines are short and noisy."""
POINT_SD_M = {"head": 0.04, "hand": 0.05, "foot": 0.06}
"""Noise of a landmark against its neighbours on the same part, most of it depth."""
LOOSE_RAD = {"head": 0.6, "hand": 0.6, "foot": 0.5}
"""How far a part usually turns from its parent."""
FOOT_SINE = (0.3, 0.8)
"""A foot in line with the leg shows no twist: it counts from the first sine of their angle on, fully at the next."""
FOOT_TURN_COSINE = (-0.3, 0.5)
"""A foot that is turned against the leg this far is not believed at the first cosine, and fully at the second."""
ELBOW_COSINE = (-0.7, 0.3)
KNEE_COSINE = (-0.3, 0.5)
"""A bend whose plane would turn the hinge this far from where it lies without twist is not believed at the first
cosine, and fully at the second: nobody twists so far, and half a turn either way would flip from frame to frame."""
CLEAR_COSINE = (-0.2, 0.4)
"""An elbow bent from 78 degrees on is believed for that alone, in full from 114 on: the hand on one's back."""
BEND_SINE = (0.3, 0.7)
"""A bend's plane counts from the first sine on, and alone from the second on."""

World = Float[Tensor, "*batch 24 3 3"]
Points = Float[Tensor, "*batch 33 3"]
Weights = Float[Tensor, "*batch 33"]


def direct_orientations(rig: Rig, seen_m: Points, weight: Weights) -> World:
    """World orientations of the 24 joints.

    Args:
        seen_m: landmarks in the world.
        weight: of each landmark, 0..1.
    """
    world = _trunk(rig, seen_m, weight)
    world = _head(rig, world, seen_m, weight)
    for limb in LEGS:
        world = _swing(rig, world, seen_m, limb.upper, limb.root_point, limb.bend_point)
        world = _turn(world, limb.upper, _leg_twist(world, seen_m, limb))
        world = _bend(rig, world, seen_m, limb)
        world = _foot(rig, world, seen_m, weight, limb)
    for limb in ARMS:
        world = _swing(rig, world, seen_m, limb.upper, limb.root_point, limb.bend_point)
        world = _turn(world, limb.upper, _arm_twist(world, seen_m, limb))
        world = _bend(rig, world, seen_m, limb)
        world = _hand(rig, world, seen_m, weight, limb)
    return world


def _rest_landmarks(rig: Rig) -> Float[Tensor, "33 3"]:
    eye = torch.eye(3, dtype=rig.share.dtype, device=rig.share.device).expand(24, 3, 3)
    return rig_points(rig, Pose(eye, rig.pelvis_m))


def _trunk_lines(points_m: Points) -> Float[Tensor, "*batch 3 3"]:
    """Directions of the hip line, the shoulder line and the line from mid-hip to mid-shoulder."""
    hips, shoulders = points_m[..., HIP_POINTS, :], points_m[..., SHOULDER_POINTS, :]
    lines = (hips[..., 0, :] - hips[..., 1, :], shoulders[..., 0, :] - shoulders[..., 1, :])
    return unit(torch.stack([*lines, shoulders.mean(-2) - hips.mean(-2)], dim=-2))


def _trunk(rig: Rig, seen_m: Points, weight: Weights) -> World:
    rest, seen = _trunk_lines(_rest_landmarks(rig)), _trunk_lines(seen_m)
    hips, shoulders = weight[..., HIP_POINTS].amin(-1), weight[..., SHOULDER_POINTS].amin(-1)
    upright = torch.minimum(hips, shoulders)
    pelvis = turn_onto(rest, seen, torch.stack([hips, FAR_LINE_WEIGHT * shoulders, upright], dim=-1))
    thorax = turn_onto(rest, seen, torch.stack([FAR_LINE_WEIGHT * hips, shoulders, upright], dim=-1))
    world = torch.stack([pelvis] * 24, dim=-3)
    world = _set(world, SUBTREES[SMPL_INDEX["spine3"]], thorax)
    for name, share in SPINE_SHARE.items():
        world = _set(world, (SMPL_INDEX[name],), part_way(pelvis, thorax, share))
    return world


def _head(rig: Rig, world: World, seen_m: Points, weight: Weights) -> World:
    thorax = world[..., SMPL_INDEX["spine3"], :, :]
    head = _rigid(rig, seen_m, weight, FACE_POINTS, thorax, "head")
    world = _set(world, (SMPL_INDEX["head"],), head)
    return _set(world, (SMPL_INDEX["neck"],), part_way(thorax, head, NECK_SHARE))


def _swing(rig: Rig, world: World, seen_m: Points, joint: int, start: int, end: int) -> World:
    """Turn a long bone so that the body's landmarks lie in the seen direction of each other."""
    posed_m = rig_points(rig, Pose(world, torch.zeros_like(seen_m[..., 0, :])))
    posed_way = posed_m[..., end, :] - posed_m[..., start, :]
    seen_way = seen_m[..., end, :] - seen_m[..., start, :]
    return _turn(world, joint, shortest_arc(posed_way, seen_way, world[..., joint, :, 2]))


def _bend(rig: Rig, world: World, seen_m: Points, limb: Limb) -> World:
    """Swing the lower bone, and keep the bend within what a hinge can do."""
    world = _swing(rig, world, seen_m, limb.lower, limb.bend_point, limb.end_point)
    upper, lower = world[..., limb.upper, :, :], world[..., limb.lower, :, :]
    return _turn(world, limb.lower, upper @ bend_repair(upper.mT @ lower, limb) @ upper.mT)


def bend_repair(upper_from_lower: Float[Tensor, "*batch 3 3"], limb: Limb) -> Float[Tensor, "*batch 3 3"]:
    """The rotation in the upper bone's frame that brings a bend back into its range."""
    hinge = upper_from_lower.new_tensor(limb.hinge)
    bend = twist_about(upper_from_lower, hinge)
    return rotation_about(hinge, bend.clamp(*HINGE_RANGE_RAD) - bend)


def _bend_normal(seen_m: Points, limb: Limb) -> tuple[Tensor, Tensor, Tensor]:
    """The upper bone's direction, the axis about which the seen limb bends (its length the bend's sine), and how
    much to believe it."""
    upper = unit(seen_m[..., limb.bend_point, :] - seen_m[..., limb.root_point, :])
    lower = unit(seen_m[..., limb.end_point, :] - seen_m[..., limb.bend_point, :])
    normal = torch.linalg.cross(upper, lower)
    sine = torch.where((upper * lower).sum(-1) > 0, normal.norm(dim=-1), torch.ones_like(normal[..., 0]))
    return upper, normal, _smooth_step(sine, *BEND_SINE)


def _arm_twist(world: World, seen_m: Points, limb: Limb) -> Float[Tensor, "*batch 3 3"]:
    upper, normal, bend_belief = _bend_normal(seen_m, limb)
    hinge = _hinge_in_world(world, limb, upper)
    likely = _smooth_step((unit(normal) * hinge).sum(-1), *ELBOW_COSINE)
    lower = unit(seen_m[..., limb.end_point, :] - seen_m[..., limb.bend_point, :])
    clear = _smooth_step(-(upper * lower).sum(-1), *CLEAR_COSINE)
    belief = bend_belief * torch.maximum(likely, clear)
    blend = (1 - belief)[..., None] * hinge + belief[..., None] * unit(normal)
    return rotation_about(upper, angle_about(upper, hinge, blend))


def _leg_twist(world: World, seen_m: Points, limb: Limb) -> Float[Tensor, "*batch 3 3"]:
    """As the arm's, but a straight leg follows the foot, and a knee that bends forward is not believed."""
    upper, normal, bend_belief = _bend_normal(seen_m, limb)
    hinge = _hinge_in_world(world, limb, upper)
    foot_way = unit(seen_m[..., limb.end_points[2], :] - seen_m[..., limb.end_points[1], :])
    foot = torch.linalg.cross(foot_way, upper)
    foot_angle = angle_about(upper, hinge, foot)
    belief = _smooth_step(foot.norm(dim=-1), *FOOT_SINE) * _smooth_step(foot_angle.cos(), *FOOT_TURN_COSINE)
    straight = (rotation_about(upper, FOOT_SHARE * belief * foot_angle) @ hinge[..., None])[..., 0]
    belief = bend_belief * _smooth_step((unit(normal) * straight).sum(-1), *KNEE_COSINE)
    blend = (1 - belief)[..., None] * straight + belief[..., None] * unit(normal)
    return rotation_about(upper, angle_about(upper, hinge, blend))


def _hinge_in_world(world: World, limb: Limb, upper: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3"]:
    return unit(across(world[..., limb.upper, :, :] @ world.new_tensor(limb.hinge), upper))


def _foot(rig: Rig, world: World, seen_m: Points, weight: Weights, limb: Limb) -> World:
    foot = _rigid(rig, seen_m, weight, limb.end_points, world[..., limb.lower, :, :], "foot")
    return _set(world, SUBTREES[limb.end], foot)


def _hand(rig: Rig, world: World, seen_m: Points, weight: Weights, limb: Limb) -> World:
    forearm = world[..., limb.lower, :, :]
    hand = _rigid(rig, seen_m, weight, limb.end_points, forearm, "hand")
    axis = unit(rig.offset_m[limb.end])
    twist = PRONATION_SHARE * twist_about(forearm.mT @ hand, axis)
    world = _set(world, (limb.lower,), forearm @ rotation_about(axis, twist))
    return _set(world, SUBTREES[limb.end], hand)


def _rigid(
    rig: Rig, seen_m: Points, weight: Weights, points: tuple[int, ...], parent: Float[Tensor, "*batch 3 3"], part: str
) -> Float[Tensor, "*batch 3 3"]:
    """The turn of points that hold together, which stays near the parent's where they say little."""
    rest, seen, weight = _rest_landmarks(rig)[points, :], seen_m[..., points, :], weight[..., points]
    share = (weight / weight.sum(-1, keepdim=True))[..., None]
    rest = rest - (share * rest).sum(-2, keepdim=True)
    seen = seen - (share * seen).sum(-2, keepdim=True)
    return turn_onto(rest, seen, weight / POINT_SD_M[part] ** 2, parent / (2 * LOOSE_RAD[part] ** 2))


def _smooth_step(value: Tensor, low: float, high: float) -> Tensor:
    share = ((value - low) / (high - low)).clamp(0, 1)
    return share * share * (3 - 2 * share)


def _turn(world: World, joint: int, rotation: Float[Tensor, "*batch 3 3"]) -> World:
    """Turn a joint and all that hangs on it, in the world."""
    return _set(world, SUBTREES[joint], rotation[..., None, :, :] @ world[..., SUBTREES[joint], :, :])


def _set(world: World, joints: tuple[int, ...], rotation: Tensor) -> World:
    changed = world.clone()
    changed[..., joints, :, :] = rotation if rotation.ndim == world.ndim else rotation[..., None, :, :]
    return changed
