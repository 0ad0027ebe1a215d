"""What a pose network is shown of true windows: points of some set on random bodies, damaged, and a pose before."""

from dataclasses import dataclass, replace
from typing import Final

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from models.bodies.body import Body
from models.keypoints import Keypoints
from models.nets.inputs import BeforeKind, Frames, Neighbours
from models.nets.pose_guess import in_world, read_keypoints
from models.nets.pose_net import PoseNet
from models.nets.slots import slot_places
from models.nets.turns import from_six, to_six, world_from_local
from models.rig import Pose, make_rig, rig_points
from training.corrupt import MotionError, PointDamage, corrupt_landmarks, corrupt_motion, corrupt_points
from training.pose_ik_data import Windows

RATE_HZ: Final = 30.0
LARGEST_BETA: Final = 2.5
OTHER_SETS: Final = ("blazepose33", "blazepose33", "body25", "halpe26", "coco17", "h36m17")
NOISE_M: Final = (0.002, 0.04)
UNHARMED: Final = PointDamage()
CHI_3_MEDIAN: Final = 1.538
"""Median length of a vector of three unit normal numbers."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What a network sees, and the truth in the same human-centric axes.

    Attributes:
        noise_m: of the points along each axis, as it happened.
        clean: whether nothing but missing points is wrong.
    """

    frames: Frames
    world_from_joint: Float[Tensor, "windows frames 24 3 3"]
    noise_m: Float[Tensor, "windows frames"]
    clean: Float[Tensor, "windows frames"]


@dataclass(frozen=True)
class Recipe:
    """How one group of windows is shown."""

    set_name: str
    damage: PointDamage = UNHARMED
    detector: bool = False
    varied_confidence: bool = False
    before_kind: BeforeKind = BeforeKind.NONE
    causal: bool = False
    alone: bool = False


def draw_recipe(set_name: str, generator: Generator) -> Recipe:
    """Draw what is done to a group of windows."""
    chance, amount, level = torch.rand(3, 8, generator=generator).tolist()
    clean = chance[0] < 1 / 3
    noise_m = 0.0 if clean else NOISE_M[0] * (NOISE_M[1] / NOISE_M[0]) ** level[0]
    drifting = 0.0 if chance[1] < 0.5 else 0.8 * amount[1]
    damage = PointDamage(
        noise_sd_m=noise_m * (1 - drifting),
        drift_sd_m=noise_m * drifting,
        missing_share=0.5 * amount[2] if chance[2] < (0.3 if clean else 0.6) else 0.0,
        limb_missing_share=0.25 * amount[3] if chance[3] < 0.25 else 0.0,
        outlier_share=0.0 if clean else 0.04 * amount[4],
    )
    kind = BeforeKind.NONE if chance[5] < 0.5 else BeforeKind.PREVIOUS if chance[5] < 0.75 else BeforeKind.ESTIMATE
    return Recipe(
        set_name=set_name,
        damage=damage,
        detector=set_name == "blazepose33" and chance[4] < 1 / 3,
        varied_confidence=not clean and amount[5] < 0.3,
        before_kind=kind,
        causal=chance[6] < 0.3,
        alone=chance[7] < 0.25,
    )


def draw_betas(count: int, body: Body, generator: Generator) -> Float[Tensor, "windows betas"]:
    """Random shapes."""
    return torch.randn(count, body.beta_count, generator=generator).clamp(-LARGEST_BETA, LARGEST_BETA)


def show(net: PoseNet, body: Body, windows: Windows, recipe: Recipe, generator: Generator) -> Shown:
    """Put windows on random bodies and show their points as a recipe says."""
    rig = make_rig(body, draw_betas(len(windows.pelvis_m), body, generator)[:, None], recipe.set_name)
    pose = Pose(world_from_local(windows.parent_from_joint), windows.pelvis_m)
    true_m = rig_points(rig, pose)
    keypoints = _damaged(Keypoints(recipe.set_name, true_m, torch.ones(true_m.shape[:-1]), RATE_HZ), recipe, generator)
    before = None
    if recipe.before_kind == BeforeKind.ESTIMATE:
        size = 0.3 + 1.2 * torch.rand(3, generator=generator)
        error = MotionError(*(size * torch.tensor((0.1745, 0.1396, 0.0698))).tolist())
        before = corrupt_motion(pose, rig.offset_m, RATE_HZ, generator, error)
    elif recipe.before_kind == BeforeKind.PREVIOUS:
        frames, axes = read_keypoints(rig, keypoints, before=None, before_kind=BeforeKind.NONE, causal=False)
        own = in_world(net(frames), frames, axes).world_from_joint
        before = _previous(pose, own, generator)
    frames, axes = read_keypoints(rig, keypoints, before=before, before_kind=recipe.before_kind, causal=recipe.causal)
    off_m = (keypoints.points_m - true_m).norm(dim=-1).masked_fill(keypoints.confidence == 0, torch.nan)
    noise_m = off_m.nanmedian(-1).values.nan_to_num(0.01) / CHI_3_MEDIAN
    return Shown(
        frames=_in_all_slots(frames, recipe),
        world_from_joint=axes[0].mT[..., None, :, :] @ pose.world_from_joint,
        noise_m=noise_m,
        clean=(noise_m < 1e-5).float(),
    )


def join_shown(parts: list[Shown]) -> Shown:
    """Groups of windows as one batch."""
    frames = [part.frames for part in parts]
    around = [own.around for own in frames if own.around is not None]
    return Shown(
        frames=Frames(
            slots=frames[0].slots,
            points_m=torch.cat([own.points_m for own in frames]),
            confidence=torch.cat([own.confidence for own in frames]),
            offset_m=torch.cat([own.offset_m for own in frames]),
            disagreement_m=torch.cat([own.disagreement_m for own in frames]),
            before=torch.cat([own.before for own in frames if own.before is not None]),
            before_kind=torch.cat([own.before_kind for own in frames if own.before_kind is not None]),
            around=Neighbours(
                index=around[0].index,
                there=torch.cat([own.there for own in around]),
                turn=torch.cat([own.turn for own in around]),
                shift_m=torch.cat([own.shift_m for own in around]),
            ),
        ),
        world_from_joint=torch.cat([part.world_from_joint for part in parts]),
        noise_m=torch.cat([part.noise_m for part in parts]),
        clean=torch.cat([part.clean for part in parts]),
    )


def _damaged(keypoints: Keypoints, recipe: Recipe, generator: Generator) -> Keypoints:
    if recipe.detector:
        keypoints = corrupt_landmarks(keypoints, generator)
    if recipe.varied_confidence:
        confidence = 0.3 + 0.7 * torch.rand(keypoints.confidence.shape, generator=generator)
        spread_m = 2 * (recipe.damage.noise_sd_m + recipe.damage.drift_sd_m) * (1 - confidence)
        extra_m = spread_m[..., None] * torch.randn(keypoints.points_m.shape, generator=generator)
        keypoints = replace(keypoints, points_m=keypoints.points_m + extra_m, confidence=confidence)
    return corrupt_points(keypoints, recipe.damage, generator)


def _previous(pose: Pose, own: Float[Tensor, "windows frames 24 3 3"], generator: Generator) -> Pose:
    """A pose of a frame up to nine away: the network's own or the true one, shaken; one in ten is somebody else's."""
    count, length = own.shape[:2]
    mine = torch.rand(count, 1, 1, 1, 1, generator=generator) < 0.5
    turns = torch.where(mine, own, pose.world_from_joint)
    spread = 0.15 * torch.rand(count, 1, 1, 1, generator=generator)
    turns = turns @ from_six(to_six(torch.eye(3)) + spread * torch.randn(count, length, 24, 6, generator=generator))
    step = int(torch.randint(1, 10, (1,), generator=generator)) * (
        1 if torch.rand(1, generator=generator) < 0.7 else -1
    )
    index = (torch.arange(length) - step).abs()
    index = torch.where(index >= length, 2 * (length - 1) - index, index)
    source = torch.arange(count)
    strange = torch.rand(count, generator=generator) < 0.1
    source = torch.where(strange, (source + 1) % count, source)
    return Pose(turns[source][:, index], pose.root_m)


def _in_all_slots(frames: Frames, recipe: Recipe) -> Frames:
    """The same frames with a place for every slot and for a pose before, so that groups can be joined."""
    slots, batch = len(slot_places()), frames.confidence.shape[:-1]
    points_m = torch.zeros(*batch, slots, 3)
    confidence = torch.zeros(*batch, slots)
    points_m[..., frames.slots, :] = frames.points_m
    confidence[..., frames.slots] = frames.confidence
    around = frames.around
    if around is not None and recipe.alone:
        around = Neighbours(
            around.index,
            torch.zeros_like(around.there),
            torch.zeros_like(around.turn),
            torch.zeros_like(around.shift_m),
        )
    return replace(
        frames,
        slots=torch.arange(slots),
        points_m=points_m,
        confidence=confidence,
        before=torch.zeros(*batch, 24, 6) if frames.before is None else frames.before,
        before_kind=torch.zeros(batch, dtype=torch.int64) if frames.before_kind is None else frames.before_kind,
        around=around,
    )
