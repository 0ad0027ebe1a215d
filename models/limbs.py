"""Limb mode: an arm or a leg posed from the path of its hand or foot alone, and where both will be a moment later.

The bones reach the given end exactly wherever it is in reach; what geometry leaves open (where elbow and knee point,
how the bones twist) a small network reads off the path. Right limbs are solved as left ones in a mirror, so that both
sides are treated exactly alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import torch
from jaxtyping import Bool, Float
from safetensors.torch import load_file
from torch import Tensor

from models.nets.limb_net import NOW, RATE_HZ, TAPS, LimbGuess, LimbNet, LimbView, reach_end
from models.rig import Rig
from models.skeletons import SMPL_INDEX
from models.weights import find_weights

FILE: Final = "limb_net.safetensors"
LimbName = Literal["left_arm", "right_arm", "left_leg", "right_leg"]
LIMB_JOINTS: Final[Mapping[LimbName, tuple[int, int, int]]] = {
    "left_arm": (16, 18, 20),
    "right_arm": (17, 19, 21),
    "left_leg": (1, 4, 7),
    "right_leg": (2, 5, 8),
}
"""SMPL joints at root, bend and end: the first turns the upper bone, the second the lower one."""
TRUNK_JOINT: Final[Mapping[LimbName, int]] = {
    limb: SMPL_INDEX["spine3" if limb.endswith("arm") else "pelvis"] for limb in LIMB_JOINTS
}
"""In whose frame a limb's path is given."""


@dataclass(frozen=True, eq=False)
class LimbPath:
    """Where the end of a limb went; the last batch axis is time.

    Attributes:
        end_m: wrist or ankle relative to the shoulder or hip joint, in the frame of the trunk (spine3 or pelvis).
        seen: false where the other fields have no meaning (but no NaN).
        rate_hz: frames per second.
        trunk_from_end: orientation of the hand's or foot's joint, where it is known.
    """

    end_m: Float[Tensor, "*batch frames 3"]
    seen: Bool[Tensor, "*batch frames"]
    rate_hz: float
    trunk_from_end: Float[Tensor, "*batch frames 3 3"] | None = None


@dataclass(frozen=True, eq=False)
class LimbPose:
    """Attributes, all in the frame of the trunk:
    trunk_from_upper, trunk_from_lower: orientations of the limb's first two joints.
    bend_m, end_m: elbow and wrist, or knee and ankle, relative to the limb's root.
    """

    trunk_from_upper: Float[Tensor, "*batch 3 3"]
    trunk_from_lower: Float[Tensor, "*batch 3 3"]
    bend_m: Float[Tensor, "*batch 3"]
    end_m: Float[Tensor, "*batch 3"]


def solve_limb(rig: Rig, limb: LimbName, path: LimbPath, *, causal: bool = False) -> LimbPose:
    """Pose a limb in every frame of a path.

    Where the end is not seen, it is taken to lie on the line between its neighbours in time (or where it was last
    seen, at the path's end and in causal use); before it is ever seen, where it is at rest.

    Args:
        rig: whose limb; its shape axes broadcast against the path's batch axes, time among them.
        causal: use no later frame.
    """
    pose = _pose_limb(rig, limb, path, causal=causal)
    return LimbPose(
        pose.trunk_from_upper[..., 0, :, :], pose.trunk_from_lower[..., 0, :, :], pose.bend_m[..., 0, :],
        pose.end_m[..., 0, :],
    )  # fmt: skip


def predict_limb(rig: Rig, limb: LimbName, path: LimbPath) -> LimbPose:
    """Pose a limb 5 and 10 frames of 1/30 s after each frame of a path, from that frame and the third of a second
    before it.

    Args:
        as in solve_limb.

    Returns:
        poses with an axis for the two times after the frames'; the end is predicted, and the bones reach it.
    """
    pose = _pose_limb(rig, limb, path, causal=True)
    return LimbPose(
        pose.trunk_from_upper[..., 1:, :, :], pose.trunk_from_lower[..., 1:, :, :], pose.bend_m[..., 1:, :],
        pose.end_m[..., 1:, :],
    )  # fmt: skip


def limb_bones(rig: Rig, limb: LimbName) -> tuple[Float[Tensor, "*shape 3"], Float[Tensor, "*shape 3"]]:
    """The upper and the lower bone at rest, in metres."""
    _, bend, end = LIMB_JOINTS[limb]
    return rig.offset_m[..., bend, :], rig.offset_m[..., end, :]


def view_limb(
    upper_m: Float[Tensor, "*#batch 3"], lower_m: Float[Tensor, "*#batch 3"], path: LimbPath, *, causal: bool
) -> LimbView:
    """What the network sees of a left limb in each frame.

    Args:
        upper_m, lower_m: the bones at rest.
        path: in every frame seen or filled.
        causal: later frames stay hidden.
    """
    end_m, seen = _windows(path, causal=causal)
    upper_m, lower_m = upper_m.expand_as(path.end_m), lower_m.expand_as(path.end_m)
    length_m = (upper_m.norm(dim=-1) + lower_m.norm(dim=-1))[..., None]
    known = torch.zeros_like(length_m[..., 0]) if path.trunk_from_end is None else path.seen.to(end_m)
    turn = path.trunk_from_end
    eye = torch.eye(3, dtype=end_m.dtype, device=end_m.device).expand(*known.shape, 3, 3)
    return LimbView(
        end=end_m / length_m[..., None],
        seen=seen,
        trunk_from_end=eye if turn is None else turn,
        end_known=known,
        upper=upper_m / length_m,
        lower=lower_m / length_m,
    )


def _pose_limb(rig: Rig, limb: LimbName, path: LimbPath, *, causal: bool) -> LimbPose:
    """With an axis for now and the times ahead after the frames'."""
    flip = path.end_m.new_tensor([-1.0 if limb.startswith("right") else 1.0, 1.0, 1.0])
    square = flip[:, None] * flip
    upper_m, lower_m = (flip * bone for bone in limb_bones(rig, limb))
    turned = None if path.trunk_from_end is None else square * path.trunk_from_end
    left = LimbPath(flip * path.end_m, path.seen, path.rate_hz, turned)
    left = _fill(left, upper_m + lower_m, causal=causal)
    view = view_limb(upper_m, lower_m, left, causal=causal)
    with torch.no_grad():
        guess: LimbGuess = _net(limb.split("_")[1], str(path.end_m.device))(view)
    length_m = (upper_m.norm(dim=-1) + lower_m.norm(dim=-1)).expand(path.seen.shape)[..., None]
    reached, bend = reach_end(guess, view.upper, view.lower)
    size_m = flip * length_m[..., None]
    return LimbPose(
        square * reached.trunk_from_upper, square * reached.trunk_from_lower, size_m * bend, size_m * reached.end
    )


def _fill(path: LimbPath, rest_m: Float[Tensor, "*#batch 3"], *, causal: bool) -> LimbPath:
    """Give every frame an end; `seen` stays as it was."""
    frames = path.seen.shape[-1]
    number = torch.arange(frames, device=path.seen.device).expand(path.seen.shape)
    before = torch.where(path.seen, number, -1).cummax(-1).values
    after = torch.where(path.seen, number, frames).flip(-1).cummin(-1).values.flip(-1)
    if causal:
        after = torch.where(path.seen, number, frames)
    after = torch.where(after == frames, before, after)
    before = torch.where((before < 0) & (not causal), after, before)
    share = (number - before) / (after - before).clamp_min(1)
    start_m, stop_m = (_take(path.end_m, index.clamp_min(0)) for index in (before, after))
    filled_m = start_m + share[..., None].to(start_m) * (stop_m - start_m)
    end_m = torch.where((before < 0)[..., None], rest_m.expand_as(filled_m), filled_m)
    return LimbPath(torch.where(path.seen[..., None], path.end_m, end_m), path.seen, path.rate_hz, path.trunk_from_end)


def _windows(
    path: LimbPath, *, causal: bool
) -> tuple[Float[Tensor, "*batch frames taps 3"], Float[Tensor, "*batch frames taps"]]:
    """The ends at the taps about each frame, and whether both frames that a tap lies between are there and seen."""
    frames = path.seen.shape[-1]
    seen = path.seen.to(path.end_m)
    ends, there = [], []
    for tap in TAPS:
        at = torch.arange(frames, dtype=torch.float64, device=seen.device) + tap * path.rate_hz / RATE_HZ
        low = at.floor().long()
        share = (at - low).to(seen)
        high = low + (share > 0)
        inside = (low >= 0) & (high < frames) & (tap <= 0 or not causal)
        low, high = low.clamp(0, frames - 1), high.clamp(0, frames - 1)
        ends.append(path.end_m[..., low, :] + share[:, None] * (path.end_m[..., high, :] - path.end_m[..., low, :]))
        there.append(inside * seen[..., low] * seen[..., high])
    ends[NOW] = path.end_m
    return torch.stack(ends, dim=-2), torch.stack(there, dim=-1)


def _take(values: Float[Tensor, "*batch frames 3"], index: Tensor) -> Float[Tensor, "*batch frames 3"]:
    return values.gather(-2, index[..., None].expand(*index.shape, 3))


@cache
def _net(kind: str, device: str) -> LimbNet:
    weights = load_file(find_weights(FILE).path, device=device)
    return limb_net_of(weights, kind).to(device)


def limb_net_of(weights: Mapping[str, Tensor], kind: str) -> LimbNet:
    """The network for arms or legs, from a file's tensors, which are called `arm.*` and `leg.*`."""
    own = {name.removeprefix(f"{kind}."): value.float() for name, value in weights.items() if name.startswith(kind)}
    net = LimbNet(width=len(own["enter.bias"]))
    net.load_state_dict(own)
    return net.eval()
