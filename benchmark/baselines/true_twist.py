"""The bound of every solver that swings bones and guesses twists: the true twists, and the true turn of every leaf.

It is given the truth, and no method: what separates it from the truth is what the joints' noise does to swings. On
clean joints only round-off is left. Twists are those of parent_from_joint = swing @ twist about the bone at rest, as
SMPL-IKS measures its own.
"""

from torch import Tensor

from benchmark.baselines.smpl_iks_joints import seen_joints
from benchmark.baselines.smpl_iks_swing import LEAVES, Rotation, bone_axes, chain, rigid_root, turn_onto_all
from benchmark.ik_problem import Problem
from models.ik_refine import parent_from_joints
from models.rig import Pose
from models.rotations import rotation_about, twist_about


def true_twist(problem: Problem, truth: Pose) -> Pose:
    """Points that are missing are filled by smpl_iks_joints.seen_joints; pelvis and chest by Wahba's problem."""
    joints_m = seen_joints(problem)
    offset_m = problem.rig.offset_m.expand_as(joints_m)
    local = parent_from_joints(truth.world_from_joint)
    axis = bone_axes(offset_m)
    twist = rotation_about(axis, twist_about(local, axis))

    def spin(joint: int, world_from_joint: Rotation, place_m: Tensor) -> Rotation:
        return local[..., joint, :, :] if joint in LEAVES else twist[..., joint, :, :]

    return chain(offset_m, joints_m, rigid_root(offset_m, joints_m), turn_onto_all, spin)
