"""A body reduced to what a solver asks of it: bones, and a set's points that are linear in the joints' frames.

point = sum over its carriers of share * joint position + joint orientation @ lever, with the shares and levers found
once at rest. A point of the skin hangs rigidly on the joint that moves it most.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from models.bodies.body import Body, rest_joints
from models.bodies.regressors import hung_points, point_names
from models.kinematics import bone_offsets, place_joints
from models.skeletons import SMPL_JOINTS, SMPL_PARENTS


@dataclass(frozen=True, eq=False)
class Rig:
    """Bodies at rest; the shape axes broadcast against the batch axes of a pose.

    Attributes:
        set_name: which points, one of models.bodies.regressors.point_sets.
        pelvis_m: the rest position of the root.
        offset_m: each joint relative to its parent.
        point, joint: the tie of a point to a joint, sorted by point; most points have one tie.
        share: how much of the point follows the joint's position; the shares of a point sum to 1.
        lever_m: and its arm in the joint's frame, weighted by the share.
    """

    set_name: str
    pelvis_m: Float[Tensor, "*shape 3"]
    offset_m: Float[Tensor, "*shape 24 3"]
    point: Int64[Tensor, " ties"]
    joint: Int64[Tensor, " ties"]
    share: Float[Tensor, " ties"]
    lever_m: Float[Tensor, "*shape ties 3"]

    @property
    def point_count(self) -> int:
        """How many points the set has."""
        return len(point_names(self.set_name))


@dataclass(frozen=True, eq=False)
class Pose:
    """Attributes:
    world_from_joint: orientations in SMPL's joint order.
    root_m: the pelvis joint in the world.
    """

    world_from_joint: Float[Tensor, "*batch 24 3 3"]
    root_m: Float[Tensor, "*batch 3"]


def make_rig(body: Body, betas: Float[Tensor, "*shape betas"], set_name: str = "blazepose33") -> Rig:
    """Reduce bodies of the given shapes.

    Raises:
        ConfigError: no set has this name.
        InputError: the number of betas is not the body's, or the body lacks what the set is tied to.
    """
    joints_m = rest_joints(body, betas)
    ties = _tie(body, set_name)
    moved_m = betas @ ties.lever_shape_m.flatten(0, 1).T
    return Rig(
        set_name=set_name,
        pelvis_m=joints_m[..., 0, :],
        offset_m=bone_offsets(SMPL_PARENTS, joints_m),
        point=ties.point,
        joint=ties.joint,
        share=ties.share,
        lever_m=ties.lever_m + moved_m.unflatten(-1, ties.lever_m.shape),
    )


def bare_rig(offset_m: Float[Tensor, "*shape 24 3"]) -> Rig:
    """A skeleton without a body: its points are its 24 joints.

    Args:
        offset_m: each joint relative to its parent in the rest pose of SMPL; the root's own position first.
    """
    joint = torch.arange(len(SMPL_JOINTS), device=offset_m.device)
    return Rig(
        set_name="smpl24",
        pelvis_m=offset_m[..., 0, :],
        offset_m=offset_m,
        point=joint,
        joint=joint,
        share=torch.ones_like(offset_m[(0,) * (offset_m.ndim - 2)][:, 0]),
        lever_m=torch.zeros_like(offset_m),
    )


def rig_joints(rig: Rig, pose: Pose) -> Float[Tensor, "*batch 24 3"]:
    """The joints of a pose in the world."""
    return place_joints(SMPL_PARENTS, rig.offset_m, pose.root_m, pose.world_from_joint)


def rig_points(rig: Rig, pose: Pose) -> Float[Tensor, "*batch points 3"]:
    """The set's points of a pose in the world; equals pose_points of the body but for the bending of the skin."""
    carried_m = tie_positions(rig, pose)
    points_m = carried_m.new_zeros(*carried_m.shape[:-2], rig.point_count, 3)
    return points_m.index_add(-2, rig.point, carried_m)


def tie_positions(rig: Rig, pose: Pose) -> Float[Tensor, "*batch ties 3"]:
    """What each tie adds to the position of its point."""
    lever_m = (pose.world_from_joint[..., rig.joint, :, :] * rig.lever_m[..., None, :]).sum(-1)
    return rig.share[:, None] * rig_joints(rig, pose)[..., rig.joint, :] + lever_m


@dataclass(frozen=True, eq=False)
class _Ties:
    """What of a rig does not depend on the shape, and the levers as linear functions of the betas."""

    point: Int64[Tensor, " ties"]
    joint: Int64[Tensor, " ties"]
    share: Float[Tensor, " ties"]
    lever_m: Float[Tensor, "ties 3"]
    lever_shape_m: Float[Tensor, "ties 3 betas"]


@lru_cache(maxsize=32)
def _tie(body: Body, set_name: str) -> _Ties:
    points = hung_points(body, set_name)
    heaviest = body.skin_weight[points.vertex].argmax(-1, keepdim=True)
    carrier = torch.cat([body.landmark_joint, body.skin_joint[points.vertex].gather(-1, heaviest)[:, 0]])
    carried = torch.cat([points.of_landmark, points.of_vertex], dim=-1)
    mean_m = torch.cat([body.landmark_template_m, body.template_m[points.vertex]])
    shape_m = torch.cat([body.landmark_shape_m, body.shape_m[points.vertex]])
    on_joint = torch.nn.functional.one_hot(carrier, len(SMPL_JOINTS)).to(carried)
    share = points.of_joint + carried @ on_joint
    held = (points.of_joint != 0) | ((carried != 0).to(carried) @ on_joint != 0)
    point, joint = held.nonzero(as_tuple=True)
    of_tie = carried[point] * on_joint.T[joint]
    return _Ties(
        point=point,
        joint=joint,
        share=share[point, joint],
        lever_m=of_tie @ (mean_m - body.rest_joint_template_m[carrier]),
        lever_shape_m=torch.einsum("tc,cxb->txb", of_tie, shape_m - body.rest_joint_shape_m[carrier]),
    )
