"""The steps of models/ik_kernels_steps.py in torch: all poses at once, joint after joint."""

from dataclasses import dataclass

import roma
import torch
from jaxtyping import Float
from torch import Tensor

from models import ik_kernels_steps as kernel
from models.ik_kernels_swing import FLOOR_M, SMALL_VAR
from models.ik_limits import HINGE
from models.ik_twin_swing import CHILD, Scene
from models.ik_twin_turns import (
    Number,
    Turn,
    Vector,
    about,
    cross_matrix,
    drift_from,
    hinge_excess,
    invert,
    limit,
    row_of,
)
from models.rotations import unit
from models.skeletons import SMPL_PARENTS


@dataclass(frozen=True, eq=False)
class Standing:
    """Poses with what they are off by.

    Attributes:
        local: rotations against the parents.
        miss_m: of every point, from where it is to where it is seen.
        weight: what each point counts.
        cost: what steps lower.
        moved: how far limits moved bones, squared.
    """

    local: Float[Tensor, "poses 24 3 3"]
    world: Float[Tensor, "poses 24 3 3"]
    at: Float[Tensor, "poses 24 3"]
    miss_m: Float[Tensor, "poses points 3"]
    weight: Float[Tensor, "poses points"]
    cost: Number
    moved: Number


def refine_poses(scene: Scene, start: Tensor, root_m: Vector, steps: int) -> Standing:
    """Steps, each taken only where it lowers the cost, else tried again with more damping.

    Args:
        start: rotations against the parents.
    """
    best = stand(scene, start, root_m, limited=False)
    damping = torch.zeros_like(best.cost)
    for _ in range(steps):
        local, shift_m = _step(scene, best, damping)
        tried = stand(scene, local, best.at[:, 0] + shift_m, limited=True)
        better = tried.cost < best.cost
        best = Standing(*(
            torch.where(better.view(-1, *(1,) * (new.ndim - 1)), new, old)
            for new, old in ((getattr(tried, name), getattr(best, name)) for name in Standing.__dataclass_fields__)
        ))  # fmt: skip
        damping = torch.where(better, 0.1 * damping, 10 * damping + kernel.DAMPING)
    return best


def stand(scene: Scene, local: Tensor, root_m: Vector, *, limited: bool) -> Standing:
    """Limits, then places in the world, misses and cost."""
    turns, moved = list(local.unbind(1)), torch.zeros_like(root_m[:, 0])
    if limited:
        for joint in range(1, 24):
            _hand_over(joint, scene, turns)
        for joint in range(1, 24):
            turns[joint], off, changed = limit(joint, turns[joint])
            moved = moved + torch.where(changed, off, 0.0)
    world, at = [turns[0]], [root_m]
    for joint in range(1, 24):
        parent = SMPL_PARENTS[joint]
        world.append(world[parent] @ turns[joint])
        at.append(at[parent] + (world[parent] @ scene.offset_m[:, joint, :, None])[..., 0])
    placed = (torch.stack(turns, 1), torch.stack(world, 1), torch.stack(at, 1))
    miss_m = _misses(scene, placed[1], placed[2])
    wide = (kernel.ROBUST_SD**2 * scene.noise_m.square() + kernel.ROBUST_M**2)[:, None]
    squared = miss_m.square().sum(-1)
    tail = wide / (wide + squared)
    across, along = _stiffness(scene)
    away = drift_from(scene.local, placed[0])
    lengthwise = (away * _bones(scene)).sum(-1).square()
    held = across * (away.square().sum(-1) - lengthwise) + along * lengthwise
    cost = (scene.confidence * tail * squared).sum(-1) + held.sum(-1)
    return Standing(*placed, miss_m, scene.confidence * tail.square(), cost, moved)


def _misses(scene: Scene, world: Tensor, at: Tensor) -> Tensor:
    plan = scene.plan
    lever_m = (world[:, plan.joint] @ scene.lever_m[..., None])[..., 0]
    carried = plan.share[:, None] * (at[:, plan.joint] + lever_m)
    return scene.seen_m - torch.zeros_like(scene.seen_m).index_add(1, plan.point, carried)


def _bones(scene: Scene) -> Float[Tensor, "poses 24 3"]:
    """The direction of each joint's bone; zero where it has none."""
    child = torch.tensor(CHILD, device=scene.offset_m.device)
    return torch.where((child > 0)[:, None], unit(scene.offset_m[:, child.clamp_min(0)]), 0.0)


def _stiffness(scene: Scene) -> tuple[Float[Tensor, "poses 24"], Float[Tensor, "poses 24"]]:
    scale = (scene.noise_m.square() + FLOOR_M**2)[:, None]
    return scale / (scene.swing_sd.square() + SMALL_VAR), scale / (scene.twist_sd.square() + SMALL_VAR)


def _hand_over(joint: int, scene: Scene, turns: list[Turn]) -> None:
    if row_of(joint)[0] != HINGE:
        return
    way = turns[joint] @ turns[joint].new_tensor(row_of(joint)[1:4])
    excess, bone_m = hinge_excess(joint, way), scene.offset_m[:, joint]
    turns[SMPL_PARENTS[joint]] = turns[SMPL_PARENTS[joint]] @ about(bone_m, excess)
    turns[joint] = about(bone_m, -excess) @ turns[joint]


def _step(scene: Scene, now: Standing, damping: Number) -> tuple[Tensor, Vector]:
    """One step of Gauss and Newton: new rotations against the parents, and the root's shift."""
    turning, mixed, moving, torque, force = _load(scene, now)
    held, pull = _hold(scene, now)
    free: list[Turn] = [pull] * 24  # filled from the leaves
    answer: list[Vector] = [pull] * 24
    for joint in range(23, -1, -1):
        a, b, c = turning[joint], mixed[joint], moving[joint]
        extra = damping * a.diagonal(dim1=-2, dim2=-1).sum(-1)
        eye = torch.eye(3, dtype=a.dtype, device=a.device)
        free[joint] = invert(a + held[:, joint] + extra[:, None, None] * eye)
        answer[joint] = torque[joint] + pull[:, joint]
        if joint == 0:
            break
        ka, kb, ku = free[joint] @ a, free[joint] @ b, free[joint] @ answer[joint][..., None]
        a, left_b, c = a - a.mT @ ka, b - a.mT @ kb, c - b.mT @ kb
        left_torque, left_force = torque[joint][..., None] - turning[joint].mT @ ku, force[joint][..., None] - b.mT @ ku
        parent = SMPL_PARENTS[joint]
        lift = cross_matrix(now.at[:, joint] - now.at[:, parent])
        carried = left_b + lift @ c
        turning[parent] = turning[parent] + a - carried @ lift + lift @ left_b.mT
        mixed[parent], moving[parent] = mixed[parent] + carried, moving[parent] + c
        torque[parent] = torque[parent] + (left_torque + lift @ left_force)[..., 0]
        force[parent] = force[parent] + left_force[..., 0]
    return _ride(scene, now, (turning, mixed, moving, force), free, answer)


def _load(scene: Scene, now: Standing) -> tuple[list[Tensor], ...]:
    """Inertia and pull of every joint's own points about its place."""
    plan = scene.plan
    arm_m = (now.world[:, plan.joint] @ scene.lever_m[..., None])[..., 0]
    weight = now.weight[:, plan.point]
    drawn = (weight * plan.share)[..., None] * now.miss_m[:, plan.point]
    mass = (weight * plan.pull)[..., None, None]
    skew = cross_matrix(arm_m.flatten(0, 1)).view(*arm_m.shape, 3)
    eye = torch.eye(3, dtype=mass.dtype, device=mass.device)
    parts = (mass * (skew.mT @ skew), mass * skew, mass * eye, torch.linalg.cross(arm_m, drawn), drawn)
    summed = (
        torch.zeros(len(mass), 24, *part.shape[2:], dtype=mass.dtype, device=mass.device).index_add(1, plan.joint, part)
        for part in parts
    )
    return tuple(list(part.unbind(1)) for part in summed)


def _hold(scene: Scene, now: Standing) -> tuple[Tensor, Tensor]:
    """What holds every joint to its guess, in the world, and its pull."""
    across, along = _stiffness(scene)
    bone = (now.world @ _bones(scene)[..., None])[..., 0]
    eye = torch.eye(3, dtype=bone.dtype, device=bone.device)
    held = across[..., None, None] * eye + (along - across)[..., None, None] * bone[..., None] * bone[..., None, :]
    away = (now.world @ drift_from(scene.local, now.local)[..., None])[..., 0]
    return held, -(held @ away[..., None])[..., 0]


def _ride(
    scene: Scene, now: Standing, system: tuple[list[Tensor], ...], free: list[Turn], answer: list[Vector]
) -> tuple[Tensor, Vector]:
    """The motion of the root, then each joint's own turn on what it rides on."""
    turning, mixed, moving, force = system
    kb, ku = free[0] @ mixed[0], free[0] @ answer[0][..., None]
    eye = torch.eye(3, dtype=kb.dtype, device=kb.device)
    shift = invert(moving[0] - mixed[0].mT @ kb + 1e-9 * eye) @ (force[0][..., None] - mixed[0].mT @ ku)
    turn, move = [ku - kb @ shift], [shift]
    own = [turn[0]]
    for joint in range(1, 24):
        parent = SMPL_PARENTS[joint]
        way = now.at[:, joint] - now.at[:, parent]
        move.append(move[parent] + torch.linalg.cross(turn[parent][..., 0], way)[..., None])
        left = answer[joint][..., None] - turning[joint] @ turn[parent] - mixed[joint] @ move[joint]
        own.append(free[joint] @ left)
        turn.append(turn[parent] + own[joint])
    turns = (now.world.mT @ torch.stack(own, 1))[..., 0]
    size = turns.norm(dim=-1, keepdim=True)
    turns = turns * (kernel.LARGEST_RAD / size.clamp_min(kernel.LARGEST_RAD))
    return now.local @ roma.rotvec_to_rotmat(turns), shift[..., 0]
