"""The shape of a body whose bones are as long as a BVH's, and where it stands."""

from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from models.bodies.body import Body, pose_joints, pose_landmarks, rest_joints
from models.contacts import CONTACT_ROWS, SOLE_M
from models.retarget.rotations import parent_from_joints, retarget_rotations
from models.retarget.source import SIDES, Source
from models.skeletons import SMPL_INDEX

LENGTHS: Final = (
    *((f"{side}_{a}", f"{side}_{b}", 0.003) for side in SIDES
      for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))),
    ("left_hip", "right_hip", 0.02),
    ("left_shoulder", "right_shoulder", 0.03),
)  # fmt: skip
"""Two joints, and how well their distance is known in metres: bones are told, hips and shoulders lie elsewhere in
every skeleton."""
TRUNK_SD_M: Final = 0.03
"""The same for the way from between the hips to between the shoulders."""
CHUNK_FRAMES: Final = 512
ROUNDS: Final = 5
"""Of Gauss-Newton; lengths are nearly linear in betas."""
LOWEST_SHARE: Final = 0.05
"""The floor lies where the lower sole is in this share of the frames, so that a few sunken ones do not lift it."""


def fit_bone_lengths(body: Body, source: Source) -> Float[Tensor, " betas"]:
    """The most likely betas, which are independent and of unit variance beforehand."""
    wanted_m = torch.tensor([_median_m(source, a, b) for a, b, _ in LENGTHS] + [_trunk_m(source)]).to(body.template_m)
    sd_m = torch.tensor([sd for *_, sd in LENGTHS] + [TRUNK_SD_M]).to(wanted_m)
    mean_m, shape_m = _spans(body.rest_joint_template_m), _spans(body.rest_joint_shape_m)
    betas = body.template_m.new_zeros(body.beta_count)
    for _ in range(ROUNDS):
        span_m = mean_m + shape_m @ betas
        length_m = span_m.norm(dim=-1)
        slope = torch.einsum("lc,lcb->lb", span_m / length_m[:, None], shape_m) / sd_m[:, None]
        curvature = slope.T @ slope + torch.eye(len(betas)).to(slope)
        betas = betas + torch.linalg.solve(curvature, slope.T @ ((wanted_m - length_m) / sd_m) - betas)
    return betas


def retarget_pose(
    body: Body, betas: Float[Tensor, " betas"], source: Source
) -> tuple[Float[np.ndarray, "frames 24 3 3"], Float[np.ndarray, "frames 3"]]:
    """Rotations against the parent, and SMPL's translation.

    The middle of the hips goes where the file's goes, scaled by the ratio of the legs; then all is moved up or down
    until the soles stand on y = 0.
    """
    rest_m = rest_joints(body, betas).numpy()
    world = retarget_rotations(source, rest_m)
    local = parent_from_joints(world)
    hips_m = (rest_m[SMPL_INDEX["left_hip"]] + rest_m[SMPL_INDEX["right_hip"]]) / 2
    ratio = _leg_m(rest_m) / leg_length_m(source)
    pelvis_m = source.middle_m("hip") * ratio - world[:, 0] @ (hips_m - rest_m[0])
    trans_m = pelvis_m - rest_m[0]
    _, landmarks_m = posed_points(body, betas, local, trans_m)
    lowest_m = (landmarks_m[:, CONTACT_ROWS, 1] - SOLE_M).min(axis=1)
    return local, trans_m - np.array([0.0, np.quantile(lowest_m, LOWEST_SHARE), 0.0])


def posed_points(
    body: Body,
    betas: Float[Tensor, " betas"],
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"],
    trans_m: Float[np.ndarray, "frames 3"],
) -> tuple[Float[np.ndarray, "frames 24 3"], Float[np.ndarray, "frames 33 3"]]:
    """Joints and the detector's landmarks of the body in the world, some frames at a time to spare memory."""
    joints_m: list[np.ndarray] = []
    landmarks_m: list[np.ndarray] = []
    for start in range(0, len(trans_m), CHUNK_FRAMES):
        part = slice(start, start + CHUNK_FRAMES)
        pose = (betas, torch.from_numpy(parent_from_joint[part]), torch.from_numpy(trans_m[part]))
        joints_m.append(pose_joints(body, *pose).numpy())
        landmarks_m.append(pose_landmarks(body, *pose).numpy())
    return np.concatenate(joints_m), np.concatenate(landmarks_m)


def _spans(joints: Float[Tensor, "24 *rest"]) -> Float[Tensor, "lengths *rest"]:
    """From joint to joint for each length, the trunk's last; joints may be places or their movement with betas."""

    def middle(part: str) -> Tensor:
        return (joints[SMPL_INDEX[f"left_{part}"]] + joints[SMPL_INDEX[f"right_{part}"]]) / 2

    bones = [joints[SMPL_INDEX[a]] - joints[SMPL_INDEX[b]] for a, b, _ in LENGTHS]
    return torch.stack([*bones, middle("shoulder") - middle("hip")])


def _leg_m(rest_m: Float[np.ndarray, "24 3"]) -> float:
    hip, knee, ankle = (rest_m[SMPL_INDEX[f"left_{part}"]] for part in ("hip", "knee", "ankle"))
    return float(np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee))


def leg_length_m(source: Source) -> float:
    """Thigh and shin, the mean of both sides."""
    return sum(
        _median_m(source, f"{side}_{a}", f"{side}_{b}") / 2
        for side in SIDES
        for a, b in (("hip", "knee"), ("knee", "ankle"))
    )


def _median_m(source: Source, one: str, other: str) -> float:
    return float(np.median(np.linalg.norm(source.places_m(one) - source.places_m(other), axis=-1)))


def _trunk_m(source: Source) -> float:
    return float(np.median(np.linalg.norm(source.middle_m("shoulder") - source.middle_m("hip"), axis=-1)))
