"""Uses the denoiser on a whole motion: window by window at 30 frames a second, carried back to the motion's rate."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import roma
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from models.bodies import load_body
from models.bodies.body import rest_joints
from models.filters import smooth_positions, smooth_rotations, smoothing_stencil
from models.kinematics import bone_offsets
from models.nets.denoiser import FRAMES, RATE_HZ, Denoiser, Window
from models.nets.turns import from_six, to_six
from models.rotations import part_way
from models.skeletons import SMPL_INDEX, SMPL_PARENTS

HOP: Final = FRAMES // 2
SMOOTHED_S: Final = 0.36
"""What swings faster is the fast part of a window."""
TOO_FAST_S: Final = 1 / 15
"""What swings faster is smoothed away where the motion's own rate could show it and the windows' cannot."""
SMOOTH_RAD: Final = 1e-3
"""Second difference of orientations at which half of a correction is made: what turns evenly is left as it is."""
AROUND: Final = 7
"""Frames to each side over which the roughness is read."""


ARMS: Final = tuple(
    tuple(SMPL_INDEX[f"{side}_{part}"] for part in ("collar", "shoulder", "elbow", "wrist", "hand"))
    for side in ("left", "right")
)
STRIKE_M_S: Final = (3.0, 4.5)
"""Speeds of a wrist about its shoulder between which an arm is left more and more as it was found."""
STRIKE_REACH: Final = 3
"""Frames to each side over which that holds on, and fades."""


@dataclass(frozen=True, eq=False)
class Found:
    """A motion as it was found, gaps filled.

    Attributes:
        sight: unit vector from the camera into the scene, level or nearly so.
    """

    rate_hz: float
    world_from_joint: Float[Tensor, "frames 24 3 3"]
    root_m: Float[Tensor, "frames 3"]
    confidence: Float[Tensor, "frames 24"]
    observed: Bool[Tensor, " frames"]
    sight: Float[Tensor, "3"]


@cache
def rest_offset_m() -> Float[Tensor, "24 3"]:
    """Every joint in its parent's axes on the mean free body."""
    body = load_body("free")
    return bone_offsets(SMPL_PARENTS, rest_joints(body, torch.zeros(body.beta_count)))


@cache
def bone_directions() -> Float[np.ndarray, "24 3"]:
    """Unit vector along each joint's bone at rest on the mean free body; a leaf's goes on as its parent leads to it."""
    body = load_body("free")
    rest_m = rest_joints(body, torch.zeros(body.beta_count)).double().numpy()
    bent = [joint for joint in range(1, len(SMPL_PARENTS)) if joint in SMPL_PARENTS and joint != 9]
    end = {0: 3, 9: 12} | {joint: SMPL_PARENTS.index(joint) for joint in bent}
    bones = [rest_m[end[j]] - rest_m[j] if j in end else rest_m[j] - rest_m[SMPL_PARENTS[j]] for j in range(24)]
    return np.stack([bone / np.linalg.norm(bone) for bone in bones])


def steady(net: Denoiser, found: Found) -> tuple[Float[Tensor, "frames 24 3 3"], Float[Tensor, "frames 3"]]:
    """Orientations in the world and places of the pelvis, corrected."""
    if found.rate_hz > RATE_HZ:
        stencil = smoothing_stencil(found.observed.cpu().numpy(), round(found.rate_hz), TOO_FAST_S)
        stencil = stencil.to(found.root_m)
        turns, places_m = smooth_rotations(found.world_from_joint, stencil), smooth_positions(found.root_m, stencil)
        found = Found(found.rate_hz, turns, places_m, found.confidence, found.observed, found.sight)
    slow = _at_windows_rate(found)
    turn, shift_m = _corrections(net, slow)
    turn = turn * (1 - _striking(slow.world_from_joint))[..., None]
    gate = _gate(slow.world_from_joint)
    at = torch.arange(len(found.root_m), device=turn.device, dtype=turn.dtype) * (RATE_HZ / found.rate_hz)
    turn, shift_m = _between(turn * gate[:, None, None], at), _between(shift_m * gate[:, None], at)
    return roma.rotvec_to_rotmat(turn) @ found.world_from_joint, found.root_m + shift_m


def look(
    world_from_joint: Float[Tensor, "windows frames 24 3 3"],
    root_m: Float[Tensor, "windows frames 3"],
    confidence: Float[Tensor, "windows frames 24"],
    sight: Float[Tensor, "windows 3"],
    there: Bool[Tensor, "windows frames"],
    observed: Bool[Tensor, "windows frames"],
) -> tuple[Window, Float[Tensor, "windows 3 3"]]:
    """Windows as the network reads them, and the axes that they are told in (world_from_axes)."""
    ahead = world_from_joint[..., 0, :, 2].mean(-2)
    heading = torch.atan2(ahead[..., 0], ahead[..., 2])
    axes = roma.rotvec_to_rotmat(torch.stack([torch.zeros_like(heading), heading, torch.zeros_like(heading)], dim=-1))
    back = axes.mT[..., None, :, :]
    turns = back[..., None, :, :] @ world_from_joint
    smoother = _stencil().to(turns)
    six = torch.einsum("st,...tjc->...sjc", smoother, to_six(turns))
    smooth = from_six(six)
    bone = torch.from_numpy(bone_directions()).to(turns)
    own_sight = (axes.mT @ sight[..., None])[..., 0]
    way_m = root_m - root_m[..., root_m.shape[-2] // 2, None, :]
    way_m = (back @ way_m[..., None])[..., 0]
    slow_m = smoother @ way_m
    window = Window(
        six=to_six(smooth),
        fast=roma.rotmat_to_rotvec(turns @ smooth.mT),
        depth=((smooth @ bone[..., None])[..., 0] * own_sight[..., None, None, :]).sum(-1),
        confidence=confidence,
        way_m=slow_m,
        fast_m=way_m - slow_m,
        sight=own_sight,
        there=there,
        observed=observed,
    )
    return window, axes


def _at_windows_rate(found: Found) -> Found:
    """The motion at RATE_HZ, from its first frame to its last or the next after it."""
    if found.rate_hz == RATE_HZ:
        return found
    last = len(found.root_m) - 1
    count = math.ceil(last * RATE_HZ / found.rate_hz - 1e-9) + 1
    at = (torch.arange(count, dtype=found.root_m.dtype, device=found.root_m.device) * (found.rate_hz / RATE_HZ)).clamp(
        max=last
    )
    before, after = at.floor().long(), at.ceil().long()
    share = at - before
    start_m = found.root_m[before]
    return Found(
        RATE_HZ,
        part_way(found.world_from_joint[before], found.world_from_joint[after], share[:, None].expand(-1, 24)),
        start_m + share[:, None] * (found.root_m[after] - start_m),
        torch.lerp(found.confidence[before], found.confidence[after], share[:, None]),
        found.observed[before] & found.observed[after],
        found.sight,
    )


def _corrections(net: Denoiser, found: Found) -> tuple[Float[Tensor, "frames 24 3"], Float[Tensor, "frames 3"]]:
    """What windows that overlap by half say of each frame, more of those in whose middle it lies; world axes."""
    count = len(found.root_m)
    starts = torch.arange(-HOP, count, HOP, device=found.root_m.device)
    at = starts[:, None] + torch.arange(FRAMES, device=starts.device)
    index = at.clamp(0, count - 1)
    window, axes = look(
        found.world_from_joint[index],
        found.root_m[index],
        found.confidence[index],
        found.sight.expand(len(starts), 3),
        at == index,
        found.observed[index] & (at == index),
    )
    turn, shift_m = net.both(_as(window, next(net.parameters())))
    turn = turns_from(window, turn.to(axes))
    shift_m = shift_m.to(axes) - window.fast_m
    turn = (axes[:, None, None] @ turn[..., None])[..., 0]
    shift_m = (axes[:, None] @ shift_m[..., None])[..., 0]
    bell = 0.5 - 0.5 * torch.cos(2 * math.pi * (torch.arange(FRAMES, device=axes.device) + 0.5) / FRAMES)
    weight = (bell.to(axes) * (at == index))[..., None]
    total = found.root_m.new_zeros(count, 1).index_add_(0, index.flatten(), weight.flatten(0, 1))
    both = torch.cat([turn.flatten(-2), shift_m], dim=-1) * weight
    mean = found.root_m.new_zeros(count, both.shape[-1]).index_add_(0, index.flatten(), both.flatten(0, 1)) / total
    return mean[:, :-3].unflatten(-1, (-1, 3)), mean[:, -3:]


def _as(window: Window, like: Tensor) -> Window:
    """The window in the network's precision."""
    return Window(
        six=window.six.to(like),
        fast=window.fast.to(like),
        depth=window.depth.to(like),
        confidence=window.confidence.to(like),
        way_m=window.way_m.to(like),
        fast_m=window.fast_m.to(like),
        sight=window.sight.to(like),
        there=window.there,
        observed=window.observed,
    )


def turns_from(window: Window, turn: Float[Tensor, "*batch frames 24 3"]) -> Float[Tensor, "*batch frames 24 3"]:
    """Rotation vectors that turn found orientations where `turn` turns smoothed ones, in the window's axes."""
    return roma.rotmat_to_rotvec(roma.rotvec_to_rotmat(turn) @ roma.rotvec_to_rotmat(-window.fast))


@cache
def _stencil() -> Float[Tensor, "frames frames"]:
    """What every frame of a window takes of the others to be smooth."""
    narrow = smoothing_stencil(np.ones(FRAMES, dtype=bool), round(RATE_HZ), SMOOTHED_S)
    wide = torch.zeros(FRAMES, FRAMES, dtype=torch.float64)
    reach = narrow.shape[1] // 2
    for frame in range(FRAMES):
        for column, weight in enumerate(narrow[frame]):
            if 0 <= frame + column - reach < FRAMES:
                wide[frame, frame + column - reach] += weight
    return wide


def _striking(world_from_joint: Float[Tensor, "frames 24 3 3"]) -> Float[Tensor, "frames 24"]:
    """1 for the joints of an arm whose wrist strikes, 0 for others: the network draws rare speeds to usual ones."""
    share = world_from_joint.new_zeros(world_from_joint.shape[:2])
    if len(world_from_joint) < 2:
        return share
    for arm in ARMS:
        lever_m = rest_offset_m()[list(arm[2:4])].to(world_from_joint)
        hand_m = (world_from_joint[:, list(arm[1:3])] @ lever_m[..., None])[..., 0].sum(1)
        speed = hand_m.diff(dim=0, prepend=hand_m[:1]).norm(dim=-1) * RATE_HZ
        quick = ((speed - STRIKE_M_S[0]) / (STRIKE_M_S[1] - STRIKE_M_S[0])).clamp(0, 1)[None, None]
        quick = torch.nn.functional.max_pool1d(quick, 2 * STRIKE_REACH + 1, 1, STRIKE_REACH)
        wide = torch.nn.functional.pad(quick, (STRIKE_REACH, STRIKE_REACH), mode="replicate")
        share[:, list(arm)] = torch.nn.functional.avg_pool1d(wide, 2 * STRIKE_REACH + 1, 1)[0, 0][:, None]
    return share


def _gate(world_from_joint: Float[Tensor, "frames 24 3 3"]) -> Float[Tensor, " frames"]:
    """0 where nothing but even turning goes on around a frame, 1 where there is anything to mend."""
    count = len(world_from_joint)
    if count < 3:
        return world_from_joint.new_zeros(count)
    step = roma.rotmat_to_rotvec(world_from_joint[:-1].mT @ world_from_joint[1:])
    bend = step.diff(dim=0).square().sum(-1).mean(-1)
    bend = torch.nn.functional.pad(bend, (1, 1))
    near = torch.nn.functional.avg_pool1d(bend[None, None], 2 * AROUND + 1, 1, AROUND, count_include_pad=False)[0, 0]
    return near / (near + SMOOTH_RAD**2)


def _between(values: Float[Tensor, "frames *rest"], at: Float[Tensor, " new"]) -> Float[Tensor, "new *rest"]:
    """Values between frames on the cubic through the four nearest (Catmull and Rom 1974)."""
    last = len(values) - 1
    before = at.floor().clamp(0, last)
    u = (at - before).clamp(0, 1).reshape(-1, *[1] * (values.ndim - 1))
    a, b, c, d = (values[(before.long() + step).clamp(0, last)] for step in (-1, 0, 1, 2))
    return b + u / 2 * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))
