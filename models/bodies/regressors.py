"""Named points of a posed body, set by set: the body's joints, the detector's landmarks, other data sets', markers."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from jaxtyping import Float
from torch import Tensor

from models.bodies.body import Body, pose_joints, pose_landmarks, pose_vertices
from models.bodies.joint_sets import BODY_25, COCO_17, H36M_17, HALPE_26, SMPL_24_MID_HIP
from models.bodies.markers import FULL_BODY, RAJAGOPAL_2016
from models.bodies.points import Inside, Place, PointSet, Seen, hang
from models.errors import ConfigError
from models.skeletons import LANDMARKS, SMPL_JOINTS

_SETS: Final[Mapping[str, Mapping[str, Place]]] = {
    "smpl24": {name: Inside({name: 1.0}) for name in SMPL_JOINTS},
    "smpl24_mid_hip": SMPL_24_MID_HIP,
    "blazepose33": {name: Seen(name) for name in LANDMARKS},
    "coco17": COCO_17,
    "body25": BODY_25,
    "halpe26": HALPE_26,
    "h36m17": H36M_17,
    "rajagopal2016": RAJAGOPAL_2016,
    "full_body": FULL_BODY,
}


def point_sets() -> tuple[str, ...]:
    """What the sets are called."""
    return tuple(_SETS)


def point_names(set_name: str) -> tuple[str, ...]:
    """The names of a set's points in its order.

    Raises:
        ConfigError: no set has this name.
    """
    return tuple(point_places(set_name))


def pose_points(
    body: Body,
    set_name: str,
    betas: Float[Tensor, "*#batch betas"],
    parent_from_joint: Float[Tensor, "*batch 24 3 3"],
    trans_m: Float[Tensor, "*batch 3"],
) -> Float[Tensor, "*batch points 3"]:
    """A set's points on a posed body in the world, in the order of point_names.

    Only the vertices that carry a point are skinned. Differentiable in all that a pose consists of.

    Args:
        set_name: one of point_sets.
        Others as in pose_joints.

    Raises:
        ConfigError: no set has this name.
        InputError: the number of betas is not the body's, or the body lacks what the set is tied to.
    """
    points = hung_points(body, set_name)
    pose = (betas, parent_from_joint, trans_m)
    placed_m = points.of_joint @ pose_joints(body, *pose)
    if len(points.vertex):
        placed_m = placed_m + points.of_vertex @ pose_vertices(body, *pose, points.vertex)
    if points.of_landmark.any():
        placed_m = placed_m + points.of_landmark @ pose_landmarks(body, *pose)
    return placed_m


@lru_cache(maxsize=len(_SETS))
def hung_points(body: Body, set_name: str) -> PointSet:
    """How a set hangs on a body; found once for each, as looking for its skin takes longer than posing it.

    Raises:
        ConfigError: no set has this name.
        InputError: the body lacks what the set is tied to.
    """
    return hang(body, list(point_places(set_name).values()))


def point_places(set_name: str) -> Mapping[str, Place]:
    """Where a set's points lie on a body, by name; raises as point_names."""
    if set_name not in _SETS:
        raise ConfigError(f"no set of points called {set_name!r}", f"choose from {sorted(_SETS)}")
    return _SETS[set_name]
