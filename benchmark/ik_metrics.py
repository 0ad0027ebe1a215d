"""How far poses found by inverse kinematics are from true ones: bones, joints, skin, angles; with intervals over clips.

Bones, joints and skin as in SMPL-IKS (its evaluation: lib/core/smpl/evaluator.py and lib/utils/si_utils.py of its
public repository), which compares both bodies with the pelvis at the origin.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import roma
import torch
from jaxtyping import Float, Int
from torch import Tensor

from models.bodies.body import Body, pose_vertices, rest_joints
from models.ik_refine import parent_from_joints
from models.kinematics import bone_offsets, place_joints
from models.rig import Pose
from models.rotations import twist_about, unit
from models.skeletons import SMPL_INDEX, SMPL_MIRROR, SMPL_PARENTS

ANY_FAMILY: Final = ("mpbe_mm", "mpjpe_mm", "mpjpe_absolute_mm", "root_deg")
"""What is measured where the truth knows neither twist nor hands; nothing of the others is."""
RESAMPLES: Final = 400
TWISTING: Final = tuple(joint for joint in range(1, 24) if joint in SMPL_PARENTS)
"""Joints below the root that carry a bone."""
CHILD: Final = {joint: SMPL_PARENTS.index(joint) for joint in TWISTING} | {SMPL_INDEX["spine3"]: SMPL_INDEX["neck"]}
"""The end of that bone."""
RIGHT_ANKLE: Final = SMPL_INDEX["right_ankle"]

Errors = Mapping[str, Float[np.ndarray, "sequences frames"]]


@dataclass(frozen=True, eq=False)
class Bodies:
    """Poses of bodies of known shape.

    Attributes:
        betas: of each sequence.
        pose: sequences x frames.
    """

    body: Body
    betas: Float[Tensor, "sequences betas"]
    pose: Pose


def frame_errors(found: Bodies, true: Bodies, *, whole: bool) -> Errors:
    """Every metric of every frame.

    Args:
        whole: the truth knows twists, hands and feet; without it only ANY_FAMILY is measured.

    Returns:
        mpbe_mm: mean absolute difference of the 14 bone lengths, left and right averaged before they are compared.
        mpjpe_mm: mean distance of the 24 joints, both pelves at the origin; mpjpe_absolute_mm: as they lie in the
        world. mpve_mm: mean distance of all vertices of the skin, pose correctives included, both pelves at the
        origin; mpve_ankle_mm: both right ankles there; mpve_absolute_mm: as they lie in the world. angle_deg: mean
        geodesic angle between the 23 rotations against the parent. root_deg: the same of the pelvis in the world.
        twist_deg: mean size of the turn about the bone in what is left of the rotation against the parent,
        found^T true, over the joints that carry a bone.
    """
    joints_m, true_m = _joints(found), _joints(true)
    gap_m = joints_m - true_m
    errors = {
        "mpbe_mm": 1e3 * (bone_lengths(found) - bone_lengths(true)).abs().mean(-1)[:, None].expand(gap_m.shape[:2]),
        "mpjpe_mm": 1e3 * (gap_m - gap_m[..., :1, :]).norm(dim=-1).mean(-1),
        "mpjpe_absolute_mm": 1e3 * gap_m.norm(dim=-1).mean(-1),
        "root_deg": _geodesic_deg(found.pose.world_from_joint[..., 0, :, :], true.pose.world_from_joint[..., 0, :, :]),
    }
    if whole:
        local, true_local = (
            parent_from_joints(found.pose.world_from_joint),
            parent_from_joints(true.pose.world_from_joint),
        )
        anchors_m = torch.cat([gap_m[..., (0, RIGHT_ANKLE), :], torch.zeros_like(gap_m[..., :1, :])], dim=-2)
        pelvis_mm, ankle_mm, absolute_mm = _skin_errors(found, true, anchors_m)
        errors |= {
            "mpve_mm": pelvis_mm,
            "mpve_ankle_mm": ankle_mm,
            "mpve_absolute_mm": absolute_mm,
            "angle_deg": _geodesic_deg(local[..., 1:, :, :], true_local[..., 1:, :, :]).mean(-1),
            "twist_deg": _twist_deg(local, true_local, true).mean(-1),
        }
    return {name: value.double().numpy() for name, value in errors.items()}


def bone_lengths(bodies: Bodies) -> Float[Tensor, "sequences 14"]:
    """Of each body's 14 bones, the left and the right one averaged; of the pelvis none."""
    length_m = bone_offsets(SMPL_PARENTS, rest_joints(bodies.body, bodies.betas)).norm(dim=-1)
    both_m = (length_m + length_m[:, list(SMPL_MIRROR)]) / 2
    return both_m[:, [joint for joint in range(1, 24) if joint <= SMPL_MIRROR[joint]]]


def summarise(errors: Errors, clip: Int[np.ndarray, " sequences"], seed: int = 0) -> dict[str, object]:
    """The median over frames of each metric under its name, the mean, and 95 % intervals of both.

    The intervals are those of a bootstrap over clips: frames of one clip are alike, clips are drawn anew with all
    their frames, RESAMPLES times.

    Args:
        clip: which clip each sequence is from.
    """
    row: dict[str, object] = {}
    for name, value in errors.items():
        median, mean = _resampled(value, clip, seed)
        row[name] = _short(float(np.median(value)))
        row[f"{name}_interval"] = [_short(v) for v in np.quantile(median, (0.025, 0.975))]
        row[f"{name}_mean"] = _short(float(value.mean()))
        row[f"{name}_mean_interval"] = [_short(v) for v in np.quantile(mean, (0.025, 0.975))]
    return row


def _resampled(
    value: Float[np.ndarray, "sequences frames"], clip: Int[np.ndarray, " sequences"], seed: int
) -> tuple[Float[np.ndarray, " resamples"], Float[np.ndarray, " resamples"]]:
    """Medians and means of the draws; a draw is a number of times that each clip counts."""
    clips, member = np.unique(clip, return_inverse=True)
    random = np.random.default_rng(seed)
    times = random.multinomial(len(clips), np.full(len(clips), 1 / len(clips)), size=RESAMPLES)
    owner = np.repeat(member, value.shape[1])
    order = np.argsort(value, axis=None)
    weight = times[:, owner[order]]
    behind = weight.cumsum(axis=1)
    ordered = value.reshape(-1)[order]
    half = behind[:, -1:] / 2
    middle = (ordered[(behind < half).sum(axis=1)] + ordered[(behind <= half).sum(axis=1).clip(max=owner.size - 1)]) / 2
    return middle, (weight @ ordered) / behind[:, -1]


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _joints(bodies: Bodies) -> Float[Tensor, "sequences frames 24 3"]:
    offset_m = bone_offsets(SMPL_PARENTS, rest_joints(bodies.body, bodies.betas))[:, None]
    return place_joints(SMPL_PARENTS, offset_m, bodies.pose.root_m, bodies.pose.world_from_joint)


def skin_of(bodies: Bodies, sequence: int) -> Float[Tensor, "frames vertices 3"]:
    """The skin of one sequence in the world."""
    betas = bodies.betas[sequence]
    local = parent_from_joints(bodies.pose.world_from_joint[sequence])
    trans_m = bodies.pose.root_m[sequence] - rest_joints(bodies.body, betas)[0]
    return pose_vertices(bodies.body, betas, local, trans_m)


def _skin_errors(
    found: Bodies, true: Bodies, anchor_gap_m: Float[Tensor, "sequences frames anchors 3"]
) -> Sequence[Float[Tensor, "sequences frames"]]:
    """Sequence by sequence, for the memory's sake; one for each anchor that is laid over the true one."""
    rows: list[Tensor] = []
    for sequence in range(len(true.betas)):
        gap_m = skin_of(found, sequence) - skin_of(true, sequence)
        rows.append(
            torch.stack([(gap_m - gap[:, None]).norm(dim=-1).mean(-1) for gap in anchor_gap_m[sequence].unbind(1)])
        )
    return [1e3 * row for row in torch.stack(rows, dim=1)]


def _geodesic_deg(found: Float[Tensor, "*batch 3 3"], true: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch"]:
    """In double precision: single precision gives equal rotations 0.03 degrees."""
    return torch.rad2deg(roma.rotmat_to_rotvec(found.double().mT @ true.double()).norm(dim=-1))


def _twist_deg(
    local: Float[Tensor, "*batch 24 3 3"], true_local: Float[Tensor, "*batch 24 3 3"], true: Bodies
) -> Float[Tensor, "*batch joints"]:
    joints_m = rest_joints(true.body, true.betas)
    starts, ends = list(TWISTING), [CHILD[joint] for joint in TWISTING]
    axis = unit((joints_m[:, ends] - joints_m[:, starts]).double())[:, None]
    left = local[..., starts, :, :].double().mT @ true_local[..., starts, :, :].double()
    return torch.rad2deg(twist_about(left, axis).abs())
