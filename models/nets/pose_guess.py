"""From keypoints to what a network believes of the pose, in the world."""

from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from models.errors import InputError
from models.keypoints import Keypoints
from models.nets.human_axes import fill_axes, human_axes, point_weight
from models.nets.inputs import TAPS, BeforeKind, Frames, Neighbours
from models.nets.pose_net import Belief, PoseNet
from models.nets.rigid import UNKNOWN_M, carriers, disagreement, rigid_pairs
from models.nets.slots import set_slots
from models.nets.turns import to_six
from models.pose_guess import Guess
from models.rig import Pose, Rig, rig_points

RATE_HZ: Final = 30.0
"""At which the neighbours in time stand next to each other."""

Axes = tuple[Float[Tensor, "*batch frames 3 3"], Float[Tensor, "*batch frames 3"]]


def guess_pose(
    net: PoseNet,
    rig: Rig,
    keypoints: Keypoints,
    *,
    before: Pose | None = None,
    before_kind: BeforeKind = BeforeKind.NONE,
    causal: bool = False,
) -> Guess:
    """What the network believes; single precision, without gradients.

    Args:
        rig: for the keypoints' set; its shape axes broadcast against the keypoints' batch and frames.
        before: a pose that is known beforehand, for every frame; only its orientations count.
        before_kind: where that pose comes from.
        causal: every frame sees itself and earlier ones only.

    Raises:
        ConfigError: the network does not know the set's points.
        InputError: the rig is for another set, or a pose before comes without its kind or the kind without the pose.
    """
    if rig.set_name != keypoints.set_name:
        problem = f"the rig carries the points {rig.set_name!r}, the keypoints are {keypoints.set_name!r}"
        raise InputError(problem, "make the rig for the keypoints' set")
    if (before is None) != (before_kind == BeforeKind.NONE):
        raise InputError(f"a pose before of the kind {before_kind.name}", "give both a pose and its kind, or neither")
    with torch.no_grad():
        frames, axes = read_keypoints(rig, keypoints, before=before, before_kind=before_kind, causal=causal)
        return in_world(net(frames), frames, axes)


def bone_noise(rig: Rig, keypoints: Keypoints) -> Float[Tensor, "*batch frames"]:
    """How far seen bones are from their lengths: about the standard deviation of white noise along each axis."""
    return _disagreement(rig, _at_rest(rig)[0], keypoints.points_m.float(), keypoints.confidence.float())


def read_keypoints(
    rig: Rig, keypoints: Keypoints, *, before: Pose | None, before_kind: BeforeKind, causal: bool
) -> tuple[Frames, Axes]:
    """Keypoints as a network reads them, and the human-centric axes (turn and origin) of every frame."""
    points_m, confidence = keypoints.points_m.float(), keypoints.confidence.float()
    rest_m, offset_m = _at_rest(rig)
    slots = set_slots(rig.set_name)
    seen = (confidence > 0).any(-1)
    found = human_axes(rest_m, points_m, point_weight(slots, confidence))
    axes = fill_axes(found, seen, causal=causal)
    frames = Frames(
        slots=torch.tensor(slots, device=points_m.device),
        points_m=(points_m - axes[1][..., None, :]) @ axes[0],
        confidence=confidence,
        offset_m=offset_m,
        disagreement_m=_disagreement(rig, rest_m, points_m, confidence),
        before=None if before is None else to_six(axes[0].mT[..., None, :, :] @ before.world_from_joint.float()),
        before_kind=None if before is None else torch.full_like(seen, before_kind, dtype=torch.int64),
        around=look_around(axes, seen, rate_hz=keypoints.rate_hz, causal=causal),
    )
    return frames, axes


def in_world(belief: Belief, frames: Frames, axes: Axes) -> Guess:
    """What a network believes, turned from the human-centric axes into the world."""
    return Guess(
        world_from_joint=axes[0][..., None, :, :] @ belief.axes_from_joint,
        swing_sd_rad=belief.log_swing_sd.exp(),
        twist_sd_rad=belief.log_twist_sd.exp(),
        noise_m=frames.disagreement_m * belief.log_noise_factor.exp(),
    )


def look_around(axes: Axes, seen: Bool[Tensor, "*batch frames"], *, rate_hz: float, causal: bool) -> Neighbours | None:
    """The neighbours of every frame; None where the sequence is a single frame."""
    count = seen.shape[-1]
    if count == 1:
        return None
    step = max(1, round(rate_hz / RATE_HZ))
    taps = torch.tensor(TAPS, device=seen.device)
    wanted = torch.arange(count, device=seen.device)[:, None] + taps * step
    index = wanted.clamp(0, count - 1)
    possible = (wanted == index) & ((taps < 0) if causal else True)
    there = possible & seen[..., index] & seen[..., None]
    turn, origin_m = axes
    back = turn.mT[..., None, :, :]
    relative = to_six(back @ turn[..., index, :, :] - torch.eye(3, device=turn.device))
    shift_m = (back @ (origin_m[..., index, :] - origin_m[..., None, :])[..., None])[..., 0]
    mask = there[..., None]
    return Neighbours(index, there, torch.where(mask, relative, 0.0), torch.where(mask, shift_m, 0.0))


def _disagreement(rig: Rig, rest_m: Tensor, points_m: Tensor, confidence: Tensor) -> Float[Tensor, "*batch frames"]:
    pairs = rigid_pairs(carriers(rig.set_name, tuple(rig.point.tolist()), tuple(rig.joint.tolist())))
    if points_m.is_cuda:
        return disagreement(pairs.to(points_m.device), rest_m, points_m, confidence)
    from models.ik_kernels_steady import length_differences  # noqa: PLC0415 - numba loads for 0.6 s

    batch, shapes = confidence.shape[:-1], rest_m.shape[:-2]
    chosen = torch.arange(shapes.numel()).reshape(shapes).expand(batch).reshape(-1)
    noise_m = torch.empty(len(chosen))
    length_differences(
        pairs.numpy(), _rows(rest_m, 2), chosen.numpy(), _rows(points_m, 2), _rows(confidence, 1), UNKNOWN_M,
        noise_m.numpy(),
    )  # fmt: skip
    return noise_m.reshape(batch)


def _rows(tensor: Tensor, kept: int) -> np.ndarray:
    return tensor.detach().reshape(-1, *tensor.shape[-kept:]).contiguous().numpy()


def _at_rest(rig: Rig) -> tuple[Float[Tensor, "*shape points 3"], Float[Tensor, "*shape 24 3"]]:
    """The set's points and the joints relative to the pelvis and to their parents, of the resting body."""
    still = torch.eye(3, device=rig.offset_m.device).expand(*rig.offset_m.shape[:-1], 3, 3)
    rest_m = rig_points(rig, Pose(still.to(rig.offset_m), torch.zeros_like(rig.pelvis_m)))
    offset_m = torch.cat([torch.zeros_like(rig.offset_m[..., :1, :]), rig.offset_m[..., 1:, :]], dim=-2)
    return rest_m.float(), offset_m.float()
