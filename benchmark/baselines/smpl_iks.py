"""SMPL-IKS without its networks: analytic pelvis and chest, shortest arcs down the chain, no twist.

Zhang et al., SMPL-IKS: An Inverse Kinematic Solver for 3D Human Body Recovery, as its public repository
(Z-Z-J/SMPL-IKS) has it: pose refinement V1, then AnalyIK V3. Betas are given to every method here, so that its shape
step is not needed. One thing is mended: opposite directions, which it takes for the same, are half a turn apart.
"""

from typing import Final

from jaxtyping import Float
from torch import Tensor

from benchmark.baselines.smpl_iks_joints import seen_joints
from benchmark.baselines.smpl_iks_swing import CHEST, CHILDREN, PELVIS, Rotation, Spin, beside, chain, no_spin
from benchmark.ik_problem import Problem
from models.rig import Pose
from models.rotations import angle_about, rotation_about, shortest_arc, unit
from models.skeletons import SMPL_INDEX

_MIDDLE: Final = {
    PELVIS: CHILDREN[PELVIS].index(SMPL_INDEX["spine1"]),
    CHEST: CHILDREN[CHEST].index(SMPL_INDEX["neck"]),
}
"""Which of a joint's three children lies in the middle plane; the two others are a pair."""


def smpl_iks(problem: Problem) -> Pose:
    """Points that are missing are filled by smpl_iks_joints.seen_joints."""
    return analytic_pose(problem.rig.offset_m, seen_joints(problem))


def analytic_pose(
    offset_m: Float[Tensor, "*#batch 24 3"], joints_m: Float[Tensor, "*batch 24 3"], spin: Spin = no_spin
) -> Pose:
    """The paper's solver for joints that are all there; the pelvis stands where it is seen."""
    root_m, children = joints_m[..., PELVIS, :], CHILDREN[PELVIS]
    reach_m = joints_m[..., children, :] - root_m[..., None, :]
    pelvis = _spine_then_pair(offset_m.expand_as(joints_m)[..., children, :], reach_m, _MIDDLE[PELVIS])
    return chain(offset_m, joints_m, (pelvis, root_m), turn_chest, spin)


def turn_chest(rest_m: Float[Tensor, "*batch 3 3"], seen_m: Float[Tensor, "*batch 3 3"]) -> Rotation:
    """The rule for spine3."""
    return _spine_then_pair(rest_m, seen_m, _MIDDLE[CHEST])


def _spine_then_pair(rest_m: Float[Tensor, "*batch 3 3"], seen_m: Float[Tensor, "*batch 3 3"], middle: int) -> Rotation:
    """The spine's bone is brought onto the seen one, then turned about itself until the pair's middle is on its side.

    That middle lies only a few centimetres off the spine's line: all the lever that this rule has against noise.
    """
    pair = [child for child in range(3) if child != middle]
    spine_m = seen_m[..., middle, :]
    swing = shortest_arc(rest_m[..., middle, :], spine_m, beside(rest_m[..., middle, :]))
    pair_m = (swing @ rest_m[..., pair, :].mean(-2)[..., None])[..., 0]
    axis = unit(spine_m)
    return rotation_about(axis, angle_about(axis, pair_m, seen_m[..., pair, :].mean(-2))) @ swing
