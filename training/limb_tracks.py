"""Captured motion as tracks of left limbs in the trunk's frame: what training.limb_ik draws its examples from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import roma
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from models.bodies.body import Body, rest_joints
from models.kinematics import bone_offsets, world_from_joints
from models.limbs import LIMB_JOINTS, TRUNK_JOINT, LimbName
from models.nets.limb_net import NOW, TAPS, LimbView
from models.skeletons import SMPL_PARENTS
from training.mocap import TrueMotion

SPEEDS: Final = (0.8, 1.0, 1.25)
"""At which every take is played."""
MIRROR: Final = torch.tensor([-1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Tracks:
    """Takes of limbs of one kind, all as left ones, end to end.

    Attributes:
        trunk_from_joint: orientations of upper bone, lower bone and hand or foot.
        start, stop: of the take that a frame belongs to.
        twists: whether the take says how bones turn about themselves.
    """

    trunk_from_joint: Float[Tensor, "frames 3 3 3"]
    start: Int64[Tensor, " frames"]
    stop: Int64[Tensor, " frames"]
    twists: Bool[Tensor, " frames"]


@dataclass(frozen=True, eq=False)
class Windows:
    """Examples in units of the limb's length.

    Attributes:
        end, bend: about the limb's root, at each tap.
        there: whether the take has the tap.
        turns: of upper bone, lower bone and hand or foot.
        bones: at rest, upper and lower.
        twists: as in Tracks.
    """

    end: Float[Tensor, "batch taps 3"]
    bend: Float[Tensor, "batch taps 3"]
    there: Bool[Tensor, "batch taps"]
    turns: Float[Tensor, "batch taps 3 3 3"]
    bones: Float[Tensor, "batch 2 3"]
    twists: Bool[Tensor, " batch"]


def limb_tracks(motions: Sequence[TrueMotion], kind: str, speeds: Sequence[float] = SPEEDS) -> Tracks:
    """All takes of a kind of limb (`arm` or `leg`), both sides, at several speeds.

    The data come at 30 Hz, the network's rate.
    """
    takes: list[Tensor] = []
    twists: list[bool] = []
    for motion in motions:
        world = world_from_joints(SMPL_PARENTS, torch.from_numpy(motion.parent_from_joint).float())
        for limb in LIMB_JOINTS:
            if limb.endswith(kind):
                takes += [_play(as_left(world, limb), speed) for speed in speeds]
                twists += [motion.whole] * len(speeds)
    length = torch.tensor([len(take) for take in takes])
    stop = length.cumsum(0)
    return Tracks(
        torch.cat(takes),
        (stop - length).repeat_interleave(length),
        stop.repeat_interleave(length),
        torch.tensor(twists).repeat_interleave(length),
    )


def as_left(world_from_joint: Float[Tensor, "frames 24 3 3"], limb: LimbName) -> Float[Tensor, "frames 3 3 3"]:
    """Orientations of a limb in the trunk's frame, mirrored if it is a right one."""
    trunk = world_from_joint[:, TRUNK_JOINT[limb], None]
    turns = trunk.mT @ world_from_joint[:, list(LIMB_JOINTS[limb])]
    return MIRROR[:, None] * MIRROR * turns if limb.startswith("right") else turns


def draw_bones(body: Body, kind: str, count: int, generator: torch.Generator) -> Float[Tensor, "count 2 3"]:
    """Upper and lower bone at rest of random people's left limbs."""
    betas = torch.randn(count, body.beta_count, generator=generator).clamp(-2, 2)
    offset_m = bone_offsets(SMPL_PARENTS, rest_joints(body, betas.to(body.template_m)))
    _, bend, end = LIMB_JOINTS["left_arm" if kind == "arm" else "left_leg"]
    return offset_m[:, [bend, end]].float()


def cut_windows(
    tracks: Tracks,
    frames: Int64[Tensor, " batch"],
    bones_m: Float[Tensor, "batch 2 3"],
    turned: Float[Tensor, "batch 3 3"] | None = None,
) -> Windows:
    """Windows about some frames, on limbs with these bones.

    Args:
        turned: how far the trunk's frame lies off the take's.
    """
    at = frames[:, None] + torch.tensor(TAPS)
    start, stop = tracks.start[frames, None], tracks.stop[frames, None]
    turns = tracks.trunk_from_joint[at.clamp(start, stop - 1)]
    if turned is not None:
        turns = turned[:, None, None] @ turns
    bones = bones_m / bones_m.norm(dim=-1).sum(-1)[:, None, None]
    parts = (turns[:, :, :2] @ bones[:, None, :, :, None])[..., 0]
    return Windows(parts.sum(2), parts[:, :, 0], (at >= start) & (at < stop), turns, bones, tracks.twists[frames])


def view_of(windows: Windows, seen: Bool[Tensor, "batch taps"], end_known: Bool[Tensor, " batch"]) -> LimbView:
    """What the network is shown of them."""
    return LimbView(
        end=windows.end,
        seen=(windows.there & seen).float(),
        trunk_from_end=windows.turns[:, NOW, 2],
        end_known=end_known.float(),
        upper=windows.bones[:, 0],
        lower=windows.bones[:, 1],
    )


def _play(turns: Float[Tensor, "frames 3 3 3"], speed: float) -> Float[Tensor, "frames 3 3 3"]:
    if speed == 1.0:
        return turns
    at = torch.from_numpy(np.arange(0, len(turns) - 1, speed))
    low = at.floor().long().clamp_max(len(turns) - 2)
    share = (at - low).float()[:, None, None, None]
    mixed: Tensor = roma.special_procrustes((1 - share) * turns[low] + share * turns[low + 1])  # pyright: ignore[reportAssignmentType]
    return mixed
