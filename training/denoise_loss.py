"""How far a corrected motion is from the true one: where joints are, how they turn, how fast and how abruptly."""

from collections.abc import Mapping
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from models.kinematics import bone_offsets
from models.nets.denoiser import RATE_HZ
from models.nets.turns import from_six
from models.skeletons import SMPL_PARENTS
from training.denoise_data import Lesson
from training.true_motion import mean_rest_joints_m

PLACE: Final = 1.0
TURN: Final = 0.06
SPEED: Final = 0.08
BEND: Final = 0.003
WAY: Final = 0.3
"""Weights of metres, radians, metres a second, metres a second squared, and of the pelvis' way in metres."""
TINY: Final = 1e-12


def denoise_loss(
    lesson: Lesson, turn: Float[Tensor, "windows frames 24 3"], shift_m: Float[Tensor, "windows frames 3"]
) -> tuple[Float[Tensor, ""], Mapping[str, float]]:
    """The loss, and in the order of a table: mm of joints about the pelvis, degrees, mm/s2, mm of the way.

    Args:
        turn, shift_m: what the network says of the window.
    """
    found, way_m = corrected(lesson, turn, shift_m)
    there = lesson.window.there
    place_m, true_place_m = joints_of(found), joints_of(lesson.true)
    place = _mean_length(place_m - true_place_m, there)
    speed = _mean_length((place_m - true_place_m).diff(dim=1) * RATE_HZ, there[:, 1:] & there[:, :-1])
    inside = there[:, 2:] & there[:, :-2]
    bend = _mean_length((place_m - true_place_m).diff(n=2, dim=1) * RATE_HZ**2, inside)
    chord = ((found - lesson.true).square().sum((-2, -1)) / 2 + TINY).sqrt()
    angle = (chord.mean(-1) * there).sum() / there.sum()
    off_m = way_m - lesson.true_m
    off_m = off_m - (off_m * there[..., None]).sum(1, keepdim=True) / there.sum(1)[:, None, None]
    way = _mean_length(off_m[:, :, None], there)
    pace = _mean_length(off_m.diff(dim=1)[:, :, None] * RATE_HZ, there[:, 1:] & there[:, :-1])
    total = PLACE * place + TURN * angle + SPEED * speed + BEND * bend + WAY * (way + SPEED * pace)
    figures = {"mm": 1e3 * place, "deg": angle.rad2deg(), "mm_s2": 1e3 * bend, "way_mm": 1e3 * way}
    return total, {name: float(figure.detach()) for name, figure in figures.items()}


def corrected(
    lesson: Lesson, turn: Float[Tensor, "windows frames 24 3"], shift_m: Float[Tensor, "windows frames 3"]
) -> tuple[Float[Tensor, "windows frames 24 3 3"], Float[Tensor, "windows frames 3"]]:
    """The smoothed motion with corrections made, in the window's axes; the way about its middle."""
    return small_turn(turn) @ from_six(lesson.window.six), lesson.window.way_m + shift_m


def small_turn(vector: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation of a rotation vector (Rodrigues), with a gradient at zero."""
    squared = vector.square().sum(-1)[..., None, None] + TINY
    angle = squared.sqrt()
    x, y, z = vector.unbind(-1)
    none = torch.zeros_like(x)
    cross = torch.stack([none, -z, y, z, none, -x, -y, x, none], dim=-1).unflatten(-1, (3, 3))
    outer = vector[..., :, None] * vector[..., None, :]
    still = torch.eye(3, dtype=vector.dtype, device=vector.device)
    return angle.cos() * still + angle.sin() / angle * cross + (1 - angle.cos()) / squared * outer


def joints_of(world_from_joint: Float[Tensor, "*batch 24 3 3"]) -> Float[Tensor, "*batch 23 3"]:
    """All joints but the pelvis about it, on the mean body."""
    bone_m = (world_from_joint[..., list(SMPL_PARENTS[1:]), :, :] @ _OFFSET_M[1:, :, None].to(world_from_joint))[..., 0]
    return (bone_m.mT @ _CHAIN.to(bone_m).T).mT


def _chain() -> Float[Tensor, "23 23"]:
    chain = torch.zeros(len(SMPL_PARENTS), len(SMPL_PARENTS) - 1)
    for joint, parent in enumerate(SMPL_PARENTS):
        if parent >= 0:
            chain[joint] = chain[parent]
            chain[joint, joint - 1] = 1.0
    return chain[1:]


_CHAIN: Final = _chain()
_OFFSET_M: Final = bone_offsets(SMPL_PARENTS, torch.from_numpy(mean_rest_joints_m().copy())).float()


def _mean_length(vector: Float[Tensor, "windows frames points 3"], counts: Tensor) -> Float[Tensor, ""]:
    length = (vector.square().sum(-1) + TINY).sqrt().mean(-1)
    return (length * counts).sum() / counts.sum()
