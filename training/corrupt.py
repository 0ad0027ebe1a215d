"""Makes true motions and points as wrong as people's estimators make them, the same for the same generator.

Every axis in front of the named ones is a batch; the last of them is time. All in the world, Y up. A share of two
thirds of a detector's error is constant over a clip: of 138 mm on real film 89 remain without it.
"""

from dataclasses import dataclass, replace
from typing import Final

import roma
import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from models.bodies.regressors import point_names
from models.keypoints import Keypoints
from models.kinematics import world_from_joints
from models.rig import Pose
from models.rotations import shortest_arc
from models.skeletons import SMPL_PARENTS

ARM_WORDS: Final = ("elbow", "wrist", "hand", "pinky", "thumb", "index")
LEG_WORDS: Final = ("knee", "ankle", "foot", "heel", "toe")
LIMBS: Final = (("l", ARM_WORDS), ("r", ARM_WORDS), ("l", LEG_WORDS), ("r", LEG_WORDS))


@dataclass(frozen=True)
class PointDamage:
    """What happens to points.

    Attributes:
        noise_sd_m: along each axis, anew in every frame.
        missing_share: of the points of each frame, each on its own.
        limb_missing_share: of the time that each arm and leg, from elbow or knee on, is missing as a whole.
        limb_missing_s: how long that lasts on average.
        outlier_share: of the points that are there; they keep their confidence.
        outlier_m: an outlier lies anywhere between two spheres of these radii about its true place.
        drift_sd_m: along each axis, of noise that forgets itself over drift_s.
    """

    noise_sd_m: float = 0.0
    missing_share: float = 0.0
    limb_missing_share: float = 0.0
    limb_missing_s: float = 2.0
    outlier_share: float = 0.0
    outlier_m: tuple[float, float] = (0.1, 0.5)
    drift_sd_m: float = 0.0
    drift_s: float = 0.5


@dataclass(frozen=True)
class MotionError:
    """How another estimator's motion is wrong.

    Attributes:
        heading_sd_rad: a turn of everybody about the vertical, constant over the clip; the way is left where it is.
        joint_sd_rad: of each joint's own turn about a random axis, constant over the clip.
        drift_sd_rad: length, root mean square, of each joint's turn that forgets itself over drift_s.
        depth: bones and way are shortened along a random horizontal line, by a factor drawn from this range for each
            clip. A rotation cannot shorten: each bone swings to where its shortened self points, and keeps its length;
            the way's distance from its own middle is scaled.
    """

    heading_sd_rad: float = 0.1745
    joint_sd_rad: float = 0.1396
    drift_sd_rad: float = 0.0698
    drift_s: float = 0.5
    depth: tuple[float, float] = (0.75, 0.9)


@dataclass(frozen=True)
class DetectorError:
    """How landmarks from one camera are wrong, relative to the middle of the person.

    The detector's mean absolute errors on film are 30 and 28 mm across and 92 mm along the line of sight, as standard
    deviations 36 and, less what the shortening does, 110 mm; 0.42 of the variance changes within a clip.

    Attributes:
        depth: shortening along the line of sight, a factor drawn from this range for each clip.
        drift_s: how fast errors change, drawn from this range for each clip.
        across_sd_m, along_sd_m: of what changes, along each axis across the line of sight and along it.
        across_bias_m, along_bias_m: of what is constant over the clip, for each landmark.
        pitch_sd_rad: of the camera's line of sight against the horizontal.
    """

    depth: tuple[float, float] = (0.7, 1.0)
    drift_s: tuple[float, float] = (0.3, 0.7)
    across_sd_m: float = 0.023
    along_sd_m: float = 0.071
    across_bias_m: float = 0.028
    along_bias_m: float = 0.084
    pitch_sd_rad: float = 0.15


def corrupt_points(keypoints: Keypoints, damage: PointDamage, generator: Generator) -> Keypoints:
    """Shake, lose and misplace points; confidence becomes 0 where they are lost and stays elsewhere."""
    shape = keypoints.points_m.shape
    like = keypoints.points_m
    noise_m = damage.noise_sd_m * _normal(shape, like, generator)
    if damage.drift_sd_m > 0:
        noise_m = noise_m + damage.drift_sd_m * drift(shape, -3, damage.drift_s * keypoints.rate_hz, like, generator)
    outlier = _uniform(shape[:-1], like, generator) < damage.outlier_share
    noise_m = torch.where(outlier[..., None], _in_shell(damage.outlier_m, like, generator), noise_m)
    missing = _uniform(shape[:-1], like, generator) < damage.missing_share
    if damage.limb_missing_share > 0:
        missing = missing | _limbs_missing(keypoints, damage, generator)
    return replace(keypoints, points_m=like + noise_m, confidence=keypoints.confidence.masked_fill(missing, 0.0))


def corrupt_motion(
    pose: Pose,
    offset_m: Float[Tensor, "*shape 24 3"],
    rate_hz: float,
    generator: Generator,
    error: MotionError = MotionError(),
) -> Pose:
    """Make a motion of structured error out of a true one.

    Args:
        pose: (*batch, frames).
        offset_m: the rig's bones, whose leading axes broadcast against the pose's.
    """
    turns = pose.world_from_joint
    batch = turns.shape[:-4]
    camera = _horizontal((*batch, 1), turns, generator)
    factor = _between(error.depth, (*batch, 1), turns, generator)
    turns = _flatten_bones(turns, offset_m, camera, factor)
    local = turns.clone()
    local[..., 1:, :, :] = turns[..., SMPL_PARENTS[1:], :, :].mT @ turns[..., 1:, :, :]
    bias = (
        error.joint_sd_rad
        * _normal((*batch, 1, 24, 1), turns, generator)
        * _direction((*batch, 1, 24), turns, generator)
    )
    wander = drift(turns.shape[:-1], -3, error.drift_s * rate_hz, turns, generator) * error.drift_sd_rad / 3**0.5
    local = local @ roma.rotvec_to_rotmat(bias) @ roma.rotvec_to_rotmat(wander)
    heading = error.heading_sd_rad * _normal((*batch, 1, 1), turns, generator) * turns.new_tensor([0.0, 1.0, 0.0])
    local[..., 0, :, :] = roma.rotvec_to_rotmat(heading) @ local[..., 0, :, :]
    middle_m = pose.root_m.mean(-2, keepdim=True)
    root_m = middle_m + _shorten(pose.root_m - middle_m, camera, factor)
    return Pose(world_from_joints(SMPL_PARENTS, local), root_m)


def corrupt_landmarks(keypoints: Keypoints, generator: Generator, error: DetectorError = DetectorError()) -> Keypoints:
    """Points as one camera's detector gives them, seen from a random side."""
    points_m = keypoints.points_m
    batch, count = points_m.shape[:-3], points_m.shape[-2]
    sight = _horizontal((*batch, 1), points_m, generator)
    pitch = error.pitch_sd_rad * _normal((*batch, 1, 1), points_m, generator)
    sight = torch.nn.functional.normalize(sight + pitch.tan() * sight.new_tensor([0.0, 1.0, 0.0]), dim=-1)[..., None, :]
    factor = _between(error.depth, (*batch, 1, 1), points_m, generator)
    period = _between(error.drift_s, (*batch, 1, 1, 1), points_m, generator) * keypoints.rate_hz
    changing = drift(points_m.shape, -3, period, points_m, generator)
    constant = _normal((*batch, 1, count, 3), points_m, generator)
    middle_m = points_m.mean(-2, keepdim=True)
    seen_m = middle_m + _shorten(points_m - middle_m, sight, factor)
    for noise, across_m, along_m in (
        (changing, error.across_sd_m, error.along_sd_m),
        (constant, error.across_bias_m, error.along_bias_m),
    ):
        seen_m = seen_m + across_m * _shorten(noise, sight, torch.full_like(factor, along_m / across_m))
    return replace(keypoints, points_m=seen_m)


def drift(
    shape: tuple[int, ...], time_axis: int, period_frames: Tensor | float, like: Tensor, generator: Generator
) -> Tensor:
    """Unit normal noise whose correlation falls to 1/e over a period along one axis (AR(1), stationary from the start).

    Args:
        period_frames: broadcasts against the shape with the time axis of length 1.
    """
    fresh = _normal(shape, like, generator).movedim(time_axis, 0)
    period = torch.as_tensor(period_frames, dtype=like.dtype, device=like.device)
    keep = torch.exp(-1 / period)
    keep = keep.movedim(time_axis, 0)[0] if keep.ndim else keep
    gain = (1 - keep.square()).sqrt()
    state, states = fresh[0], [fresh[0]]
    for step in fresh[1:]:
        state = keep * state + gain * step
        states.append(state)
    return torch.stack(states).movedim(0, time_axis)


def _limbs_missing(
    keypoints: Keypoints, damage: PointDamage, generator: Generator
) -> Bool[Tensor, "*batch frames points"]:
    """A limb comes and goes as a chain of two states does."""
    points_m = keypoints.points_m
    gone = 1 / max(1.0, damage.limb_missing_s * keypoints.rate_hz)
    share = damage.limb_missing_share
    come = min(1.0, gone * share / max(1e-9, 1 - share))
    draw = _uniform((*points_m.shape[:-2], len(LIMBS)), points_m, generator).movedim(-2, 0)
    state = draw[0] < share
    states = [state]
    for chance in draw[1:]:
        state = torch.where(state, chance >= gone, chance < come)
        states.append(state)
    limb_missing = torch.stack(states).movedim(0, -2)
    member = torch.tensor([[_belongs(name, *limb) for name in point_names(keypoints.set_name)] for limb in LIMBS])
    return (limb_missing[..., None] & member.to(limb_missing.device)).any(-2)


def _belongs(name: str, side: str, words: tuple[str, ...]) -> bool:
    lower = name.lower()
    part = "leg" if any(word in lower for word in LEG_WORDS) else "arm" if any(w in lower for w in ARM_WORDS) else ""
    return lower.startswith(side) and part == ("leg" if words == LEG_WORDS else "arm")


def _flatten_bones(
    turns: Float[Tensor, "*batch frames 24 3 3"], offset_m: Tensor, camera: Tensor, factor: Tensor
) -> Float[Tensor, "*batch frames 24 3 3"]:
    """Swing every bone to where its shortened self points; joints without a bone follow their parents."""
    children = [SMPL_PARENTS.index(joint) if joint in SMPL_PARENTS else -1 for joint in range(len(SMPL_PARENTS))]
    children[0], children[9] = 3, 12
    own = [joint for joint, child in enumerate(children) if child >= 0]
    bone = (turns[..., own, :, :] @ offset_m[..., [children[joint] for joint in own], :, None])[..., 0]
    short = _shorten(bone, camera[..., None, :], factor[..., None])
    arc = torch.eye(3, dtype=turns.dtype, device=turns.device).expand(turns.shape).clone()
    arc[..., own, :, :] = shortest_arc(bone, short, turns[..., own, :, 0])
    for joint, child in enumerate(children):
        if child < 0:
            arc[..., joint, :, :] = arc[..., SMPL_PARENTS[joint], :, :]
    return arc @ turns


def _shorten(vector: Tensor, axis: Tensor, factor: Tensor) -> Tensor:
    """Scale the part of vectors along a unit axis."""
    return vector + (factor - 1)[..., None] * (vector * axis).sum(-1, keepdim=True) * axis


def _in_shell(radii_m: tuple[float, float], like: Tensor, generator: Generator) -> Tensor:
    """Spread evenly over the volume between two spheres."""
    near, far = (radius**3 for radius in radii_m)
    radius_m = (near + (far - near) * _uniform(like.shape[:-1], like, generator)) ** (1 / 3)
    return radius_m[..., None] * _direction(tuple(like.shape[:-1]), like, generator)


def _direction(shape: tuple[int, ...], like: Tensor, generator: Generator) -> Tensor:
    return torch.nn.functional.normalize(_normal((*shape, 3), like, generator), dim=-1)


def _horizontal(shape: tuple[int, ...], like: Tensor, generator: Generator) -> Tensor:
    yaw = 2 * torch.pi * _uniform(shape, like, generator)
    return torch.stack([yaw.sin(), torch.zeros_like(yaw), yaw.cos()], dim=-1)


def _between(ends: tuple[float, float], shape: tuple[int, ...], like: Tensor, generator: Generator) -> Tensor:
    return ends[0] + (ends[1] - ends[0]) * _uniform(shape, like, generator)


def _normal(shape: tuple[int, ...], like: Tensor, generator: Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=like.dtype, device=like.device)


def _uniform(shape: tuple[int, ...], like: Tensor, generator: Generator) -> Tensor:
    return torch.rand(shape, generator=generator, dtype=like.dtype, device=like.device)
