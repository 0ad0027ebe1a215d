"""Where the detector's landmarks lie on a body that they were never measured on: as far from the same joint or named
point of the skin as on the free body, scaled by stature. A guess from geometry, not a calibration.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import nnls

from models.bodies.body import Body

POINTS: Final = 8
"""Vertices that carry a landmark, at most."""
NEARBY_M: Final = 0.1
"""How far from it they may be. An ear alone has hundreds."""


def transfer_landmarks(
    free: Body,
    template_m: Float[np.ndarray, "vertices 3"],
    joints_m: Float[np.ndarray, "24 3"],
    names: Mapping[str, int],
) -> dict[str, Any]:
    """The landmark fields of a Body.

    Args:
        free: the body whose landmarks were calibrated.
        template_m, joints_m, names: of the other body, at rest in the same pose.
    """
    vertex = np.zeros((len(free.landmark_joint), POINTS), np.int64)
    weight = np.zeros(vertex.shape)
    for row, point_m in enumerate(_targets(free, template_m, joints_m, names)):
        vertex[row], weight[row] = carriers_of(point_m, template_m, _near(point_m, template_m))
    return {
        "landmark_vertex": torch.from_numpy(vertex),
        "landmark_weight": torch.from_numpy(weight.astype(np.float32)),
        "landmark_joint": free.landmark_joint,
    }


def _targets(
    free: Body,
    template_m: Float[np.ndarray, "vertices 3"],
    joints_m: Float[np.ndarray, "24 3"],
    names: Mapping[str, int],
) -> Float[np.ndarray, "33 3"]:
    """Each landmark's offset from what is nearest on the free body, set on the same thing here."""
    shared = sorted(set(names) & set(free.named_vertices))
    skin_m = free.template_m.double().numpy()
    there_m = np.concatenate(
        [free.rest_joint_template_m.double(), skin_m[[free.named_vertices[name] for name in shared]]]
    )
    here_m = np.concatenate([joints_m, template_m[[names[name] for name in shared]]])
    landmark_m = free.landmark_template_m.double().numpy()
    nearest = np.linalg.norm(landmark_m[:, None] - there_m, axis=-1).argmin(axis=1)
    scale = np.ptp(template_m[:, 1]) / np.ptp(skin_m[:, 1])
    return here_m[nearest] + scale * (landmark_m - there_m[nearest])


def carriers_of(
    point_m: Float[np.ndarray, " 3"], skin_m: Float[np.ndarray, "vertices 3"], near: Int[np.ndarray, " near"]
) -> tuple[Int[np.ndarray, " points"], Float[np.ndarray, " points"]]:
    """POINTS vertices near a point, with shares whose mean is the point or, outside of the skin, next to it.

    Args:
        near: which to choose from; no fewer than POINTS.
    """
    share, _ = nnls(np.vstack([skin_m[near].T, np.ones(len(near))]), np.append(point_m, 1.0))
    largest = np.argsort(-share, kind="stable")[:POINTS]
    return near[largest], share[largest] / share[largest].sum()


def _near(point_m: Float[np.ndarray, " 3"], skin_m: Float[np.ndarray, "vertices 3"]) -> Int[np.ndarray, " near"]:
    distance_m = np.linalg.norm(skin_m - point_m, axis=1)
    return np.flatnonzero(distance_m <= max(NEARBY_M, 1.5 * distance_m.min()))
