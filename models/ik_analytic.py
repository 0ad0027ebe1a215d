"""From landmarks to a pose of the SMPL tree: a direct solution, then a few exact steps; every frame for itself."""

from jaxtyping import Float
from torch import Tensor

from models.ik_direct import direct_orientations
from models.ik_refine import refine_pose
from models.rig import Pose, Rig, rig_points

LEAST_WEIGHT = 1e-3
"""Of a landmark of confidence 0, so that a frame without any stays solvable."""


def solve_analytic(
    rig: Rig,
    landmarks_m: Float[Tensor, "*batch 33 3"],
    confidence: Float[Tensor, "*batch 33"],
    *,
    steps: int,
) -> Pose:
    """Pose a body so that its landmarks lie on the given ones.

    Args:
        landmarks_m: in the world, no NaN.
        confidence: 0..1.
        steps: Gauss-Newton steps after the direct solution; 0 for none.
    """
    weight = confidence.clamp_min(LEAST_WEIGHT)
    world = direct_orientations(rig, landmarks_m, weight)
    at_origin = Pose(world, landmarks_m.new_zeros(()).expand(*landmarks_m.shape[:-2], 3))
    root_m = weighted_mean(landmarks_m - rig_points(rig, at_origin), weight)
    return refine_pose(rig, Pose(world, root_m), landmarks_m, weight, steps=steps)


def weighted_mean(
    points_m: Float[Tensor, "*batch points 3"], weight: Float[Tensor, "*batch points"]
) -> Float[Tensor, "*batch 3"]:
    """The mean of points; the least-squares shift between two sets when points are their differences."""
    return (weight[..., None] * points_m).sum(-2) / weight.sum(-1, keepdim=True)
