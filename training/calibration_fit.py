"""From landmarks in many pictures to points in the body that follow them."""

from typing import Final

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import nnls

from models.skeletons import LANDMARK_MIRROR
from training.calibration_poses import Model
from training.calibration_views import Sightings, project

MIN_VIEWS: Final = 3
ROUNDS: Final = 8
SOFT_PX: Final = 6.0
"""A view this far off counts half (Cauchy's loss); the detector's noise is 4 to 6 pixels."""
MAX_AWAY_PX: Final = 12.0
POINTS: Final = 8
SUM_WEIGHT: Final = 100.0
OUTLIER: Final = 3.0


def triangulate(seen: Sightings) -> Float[np.ndarray, "33 3"]:
    """Each landmark's place in the world; NaN where fewer than three cameras truly saw it or they disagree.

    Linear least squares, weighted again in every round by how well each view agrees.
    """
    points_m = _intersect(seen, seen.good.astype(float))
    away_px = _away_px(seen, points_m)
    for _ in range(ROUNDS):
        points_m = _intersect(seen, seen.good / (1 + (away_px / SOFT_PX) ** 2))
        away_px = _away_px(seen, points_m)
    agreeing = seen.good & (away_px < MAX_AWAY_PX)
    return np.where((agreeing.sum(axis=0) >= MIN_VIEWS)[:, None], points_m, np.nan)


def unpose(
    landmarks_m: Float[np.ndarray, "33 3"], model: Model, carrier: Int[np.ndarray, " 33"]
) -> Float[np.ndarray, "33 3"]:
    """Where the landmarks would be at rest, each carried back by its joint."""
    lever_m = np.einsum("lji,lj->li", model.world_from_joint[carrier], landmarks_m - model.joints_m[carrier])
    return lever_m + model.rest_joints_m[carrier]


def fit_regressors(
    landmarks_m: Float[np.ndarray, "models 33 3"],
    rest_m: Float[np.ndarray, "models vertices 3"],
    near: Int[np.ndarray, "33 near"],
    mirror: Int[np.ndarray, " vertices"],
) -> tuple[Int[np.ndarray, "33 points"], Float[np.ndarray, "33 points"]]:
    """For each landmark at most eight vertices, and shares >= 0 that sum to 1; right ones mirror the left.

    Args:
        landmarks_m: where the detector sees them, carried back to rest; NaN where it does not.
        rest_m: everyone's skin at rest.
        near: vertices to choose from, for each landmark.
    """
    vertex, share = np.zeros((33, POINTS), np.int64), np.zeros((33, POINTS))
    for row, twin in enumerate(LANDMARK_MIRROR):
        if twin < row:
            vertex[row], share[row] = mirror[vertex[twin]], share[twin]
            continue
        columns = np.concatenate([rest_m[:, near[row]], rest_m[:, mirror[near[row]]]])
        wanted = np.concatenate([landmarks_m[:, row], landmarks_m[:, twin]])
        chosen, weight = _fit_sparse(columns, wanted, POINTS if twin != row else POINTS // 2)
        if twin == row:
            vertex[row] = [*near[row, chosen], *mirror[near[row, chosen]]]
            share[row] = [*(weight / 2), *(weight / 2)]
        else:
            vertex[row], share[row] = near[row, chosen], weight
    return vertex, share


def _away_px(seen: Sightings, points_m: Float[np.ndarray, "33 3"]) -> Float[np.ndarray, "views 33"]:
    return np.linalg.norm(project(seen.projection, points_m) - seen.landmarks_px, axis=-1)


def _intersect(seen: Sightings, weight: Float[np.ndarray, "views 33"]) -> Float[np.ndarray, "33 3"]:
    """Points nearest to the rays, in pixels to first order."""
    homogeneous = seen.projection[:, None, :2] - seen.landmarks_px[..., None] * seen.projection[:, None, 2:]
    depth_m = seen.projection[:, 2, 3].mean()
    rows = homogeneous[..., :3] / depth_m
    value = -homogeneous[..., 3] / depth_m
    normal = np.einsum("vp,vpri,vprj->pij", weight, rows, rows) + 1e-9 * np.eye(3)
    return np.linalg.solve(normal, np.einsum("vp,vpri,vpr->pi", weight, rows, value)[..., None])[..., 0]


def _fit_sparse(
    columns_m: Float[np.ndarray, "models near 3"], wanted_m: Float[np.ndarray, "models 3"], count: int
) -> tuple[Int[np.ndarray, " count"], Float[np.ndarray, " count"]]:
    """The vertices that matter most and their shares, first from all, then again without what is far off."""
    kept = np.asarray(np.isfinite(wanted_m).all(axis=1))
    for _ in range(2):
        weight = _shares(columns_m[kept], wanted_m[kept])
        away_m = np.linalg.norm(np.einsum("mvc,v->mc", columns_m, weight) - wanted_m, axis=1)
        kept &= away_m < OUTLIER * np.nanmedian(away_m)
    chosen = np.argsort(-_shares(columns_m[kept], wanted_m[kept]))[:count]
    return chosen, _shares(columns_m[kept][:, chosen], wanted_m[kept])


def _shares(
    columns_m: Float[np.ndarray, "models near 3"], wanted_m: Float[np.ndarray, "models 3"]
) -> Float[np.ndarray, " near"]:
    system = columns_m.transpose(0, 2, 1).reshape(-1, columns_m.shape[1])
    ones = np.full((1, system.shape[1]), SUM_WEIGHT)
    share, _ = nnls(np.concatenate([system, ones]), np.append(wanted_m.ravel(), SUM_WEIGHT))
    return share / share.sum()
