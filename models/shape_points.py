"""The shape of a person from points of any known set: from the lengths between the joints that the set shows."""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from models.bodies.body import Body
from models.bodies.points import Inside
from models.bodies.regressors import point_places
from models.shape import fit_betas, length_weights, lengths_of, weighted_median
from models.shape_joints import shape_from_joints
from models.skeletons import SMPL_INDEX, SMPL_JOINTS

SAMPLE_FRAMES: Final = 200
"""Evenly spread; means over more change nothing."""


def betas_from_points(
    body: Body,
    set_name: str,
    points_m: Float[Tensor, "frames points 3"],
    confidence: Float[Tensor, "frames points"],
    height_m: float | None = None,
) -> Float[Tensor, " betas"]:
    """The most likely betas of somebody who moves.

    Args:
        set_name: one of models.bodies.regressors.point_sets that shows joints or the detector's landmarks.
        points_m: in any frame of reference; of no meaning where the confidence is 0.
        height_m: from sole to crown, where known.
    """
    chosen = torch.linspace(0, len(points_m) - 1, min(len(points_m), SAMPLE_FRAMES)).round().long()
    points_m, confidence = points_m[chosen], confidence[chosen]
    if set_name == "blazepose33":
        rest = torch.eye(3).to(points_m).expand(1, len(SMPL_JOINTS), 3, 3)
        weight = length_weights(confidence)
        middle_m = weighted_median(lengths_of(points_m), weight)[None]
        return fit_betas(body, rest, middle_m, weight.amax(0, keepdim=True), height_m)
    joints_m = points_m.new_zeros(len(points_m), len(SMPL_JOINTS), 3)
    trust = points_m.new_zeros(len(points_m), len(SMPL_JOINTS))
    for row, joint in joint_rows(set_name).items():
        joints_m[:, joint], trust[:, joint] = points_m[:, row], confidence[:, row]
    return shape_from_joints(body, joints_m, trust, height_m).betas


def joint_rows(set_name: str) -> dict[int, int]:
    """The points of a set that are joints of SMPL, as row by row."""
    return {
        row: SMPL_INDEX[next(iter(place.joints))]
        for row, place in enumerate(point_places(set_name).values())
        if isinstance(place, Inside) and len(place.joints) == 1
    }
