"""What the lifter is told about its mistakes: places, bones and their lengths, bends, and false modesty."""

from collections.abc import Mapping
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from models.landmark_bones import SOLVED_INDEX, make_skeleton
from models.nets.lifter import Answer
from models.skeletons import LANDMARK_INDEX
from training.lift_data import Lesson

FACE: Final = 0.25
"""Weight of a landmark of the head; the others have one."""
BONES: Final = 1.0
STEPS: Final = 0.5
BENDS: Final = 0.12
STRETCH: Final = 0.3
MODESTY: Final = 0.004
"""Weights: of errors of bones and of a frame's step (per metre), of bends (per radian), of how a bone's length varies
over a film (per metre), of the likelihood of the errors."""
FREEDOM: Final = 5.0
"""Degrees of freedom of Student's distribution, which the errors have about their deviations."""
USUAL_M: Final = 0.1
"""Mean error of a frame that counts two thirds."""
SOFT: Final = 1e-6

_SHOULDERS: Final = [LANDMARK_INDEX["left_shoulder"], LANDMARK_INDEX["right_shoulder"]]
_HIPS: Final = [LANDMARK_INDEX["left_hip"], LANDMARK_INDEX["right_hip"]]


def lift_loss(
    shape_m: Float[Tensor, "films frames 33 3"], log_sd: Float[Tensor, "films frames 33 2"], lesson: Lesson
) -> tuple[Tensor, Mapping[str, float]]:
    """The loss and its parts.

    Args:
        shape_m: about the mid-hip, in the axes of the look.
        log_sd: as in Answer; it is judged on errors that do not learn from it.
    """
    weight = torch.ones(33)
    weight[:11] = FACE
    counted = _worth(lesson)[..., None]
    total = counted.sum().clamp_min(1.0)
    error_m = shape_m - lesson.truth_m
    bone_m, true_bone_m = _bones(shape_m), _bones(lesson.truth_m)
    length_m = bone_m.square().sum(-1).add(SOFT).sqrt()
    mean_m = (length_m * counted).sum(1, keepdim=True) / counted.sum(1, keepdim=True).clamp_min(1.0)
    both = lesson.found[:, 1:] & lesson.found[:, :-1]
    parts = {
        "place": (_size(error_m) * weight * counted).sum() / (total * weight.sum()),
        "bones": (_size(bone_m - true_bone_m) * counted).mean(-1).sum() / total,
        "steps": (_size(error_m.diff(dim=1)) * weight * both[..., None]).sum() / (both.sum() * weight.sum() + 1),
        "bends": ((_bends(shape_m) - _bends(lesson.truth_m)).abs() * counted).mean(-1).sum() / total,
        "stretch": ((length_m - mean_m).abs() * counted).mean(-1).sum() / total,
        "modesty": (_unlikely(error_m.detach(), log_sd) * counted).mean(-1).sum() / total,
    }
    scales = {"place": 1.0, "bones": BONES, "steps": STEPS, "bends": BENDS, "stretch": STRETCH, "modesty": MODESTY}
    loss = torch.stack([scales[name] * part for name, part in parts.items()]).sum()
    return loss, {name: float(part.detach()) for name, part in parts.items()}


def _worth(lesson: Lesson) -> Float[Tensor, "films frames"]:
    """Frames count the more the better the linear map is: where the detector is nearly right, centimetres matter."""
    off_m = (lesson.base_m - lesson.truth_m)[..., 11:, :].norm(dim=-1).mean(-1)
    return lesson.found * USUAL_M / (off_m + USUAL_M / 2)


def rooted_shape(base_m: Float[Tensor, "films frames 33 3"], answer: Answer) -> Float[Tensor, "films frames 33 3"]:
    """What the network makes of the linearly mapped shape, about the mid-hip."""
    shape_m = base_m + answer.added_m
    return shape_m - shape_m[..., _HIPS, :].mean(-2, keepdim=True)


def _unlikely(error_m: Tensor, log_sd: Tensor) -> Float[Tensor, "films frames 33"]:
    """Negative logarithm of the likelihood, up to a constant: Student's distribution, coordinate by coordinate."""
    log_of = log_sd[..., [0, 0, 1]]
    ratio = (error_m * (-log_of).exp()).square()
    return (log_of + (FREEDOM + 1) / 2 * torch.log1p(ratio / FREEDOM)).sum(-1)


def _size(vector: Tensor) -> Tensor:
    return vector.square().sum(-1).add(SOFT).sqrt()


def _bones(shape_m: Tensor) -> Tensor:
    first, second = SOLVED_INDEX[make_skeleton().pair].T
    return shape_m[..., second, :] - shape_m[..., first, :]


def _bends(shape_m: Tensor) -> Float[Tensor, "films frames 6"]:
    """Bend of elbows, hips (thigh against trunk) and knees; near a straight limb a little short."""
    trunk = shape_m[..., _HIPS, :].mean(-2) - shape_m[..., _SHOULDERS, :].mean(-2)
    bends: list[Tensor] = []
    for side in ("left", "right"):
        shoulder, elbow, wrist, hip, knee, ankle = (
            shape_m[..., LANDMARK_INDEX[f"{side}_{name}"], :]
            for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
        )
        for first, second in ((elbow - shoulder, wrist - elbow), (trunk, knee - hip), (knee - hip, ankle - knee)):
            sine = torch.linalg.cross(first, second).square().sum(-1).add(SOFT).sqrt()
            bends.append(torch.atan2(sine, (first * second).sum(-1)))
    return torch.stack(bends, dim=-1)
