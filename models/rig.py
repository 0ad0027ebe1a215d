"""A body of one shape, reduced to what a solver asks of it: bones, and landmarks that are linear in the joints' frames.

landmark = sum over joints of share * joint position + joint orientation @ lever, with the shares and levers found
once at rest.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from models.bodies.body import Body, rest_joints, rest_landmarks
from models.kinematics import bone_offsets, place_joints
from models.skeletons import SMPL_PARENTS


@dataclass(frozen=True, eq=False)
class Rig:
    """Attributes, all for one shape at rest:
    pelvis_m: the rest position of the root.
    offset_m: each joint relative to its parent.
    share: how much of a landmark follows each joint's position; rows sum to 1.
    lever_m: and its arm in each joint's frame, weighted by the share.
    """

    pelvis_m: Float[Tensor, "3"]
    offset_m: Float[Tensor, "24 3"]
    share: Float[Tensor, "33 24"]
    lever_m: Float[Tensor, "33 24 3"]


@dataclass(frozen=True, eq=False)
class Pose:
    """Attributes:
    world_from_joint: orientations in SMPL's joint order.
    root_m: the pelvis joint in the world.
    """

    world_from_joint: Float[Tensor, "*batch 24 3 3"]
    root_m: Float[Tensor, "*batch 3"]


def make_rig(body: Body, betas: Float[Tensor, " betas"]) -> Rig:
    """Reduce a body of the given shape."""
    joints_m = rest_joints(body, betas)
    share = torch.nn.functional.one_hot(body.landmark_joint, len(SMPL_PARENTS)).to(joints_m)
    arm_m = rest_landmarks(body, betas) - joints_m[body.landmark_joint]
    return Rig(
        pelvis_m=joints_m[0],
        offset_m=bone_offsets(SMPL_PARENTS, joints_m),
        share=share,
        lever_m=share[..., None] * arm_m[:, None],
    )


def rig_joints(rig: Rig, pose: Pose) -> Float[Tensor, "*batch 24 3"]:
    """The joints of a pose in the world."""
    return place_joints(SMPL_PARENTS, rig.offset_m, pose.root_m, pose.world_from_joint)


def rig_landmarks(rig: Rig, pose: Pose) -> Float[Tensor, "*batch 33 3"]:
    """The landmarks of a pose in the world; equals pose_landmarks of the body."""
    levers_m = pose.world_from_joint.transpose(-3, -2).flatten(-2) @ rig.lever_m.flatten(1).T
    return rig.share @ rig_joints(rig, pose) + levers_m.mT
