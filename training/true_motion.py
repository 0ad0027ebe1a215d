"""A captured person's motion in SMPL's format, on the mean free body or on one with other legs."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Float

from models.bodies import load_body
from models.bodies.body import rest_joints
from models.skeletons import SMPL_INDEX, SMPL_PARENTS


@dataclass(frozen=True, eq=False)
class TrueMotion:
    """A captured person's motion.

    Attributes:
        family: of the skeleton it was captured on.
        parent_from_joint: the root's is world_from_root.
        pelvis_m: where the pelvis of the mean free body is, Y up.
        whole: whether hands, head and twists are the person's own; False keeps it out of tables of twist and skin.
    """

    clip: str
    subject: str
    family: str
    action: str
    rate_hz: float
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"]
    pelvis_m: Float[np.ndarray, "frames 3"]
    whole: bool


@cache
def mean_rest_joints_m() -> Float[np.ndarray, "24 3"]:
    """The joints of the mean free body at rest; read-only."""
    body = load_body("free")
    joints_m = rest_joints(body, torch.zeros(body.beta_count)).double().numpy()
    joints_m.setflags(write=False)
    return joints_m


def pelvis_for(motion: TrueMotion, rest_joints_m: Float[np.ndarray, "24 3"]) -> Float[np.ndarray, "frames 3"]:
    """Where the pelvis of another body is: the hips' way and height grow with the length of the legs."""
    mean_m = mean_rest_joints_m()
    pelvis = motion.parent_from_joint[:, 0]
    middle_m = motion.pelvis_m + pelvis @ hips_m(mean_m)
    return middle_m * (leg_m(rest_joints_m) / leg_m(mean_m)) - pelvis @ hips_m(rest_joints_m)


def hips_m(rest_joints_m: Float[np.ndarray, "24 3"]) -> Float[np.ndarray, " 3"]:
    """From the pelvis joint to between the hips."""
    return rest_joints_m[[SMPL_INDEX["left_hip"], SMPL_INDEX["right_hip"]]].mean(axis=0) - rest_joints_m[0]


def leg_m(rest_joints_m: Float[np.ndarray, "24 3"]) -> float:
    """Thigh and shin, the mean of both sides."""
    bones = [rest_bone(rest_joints_m, f"{side}_{part}") for side in ("left", "right") for part in ("hip", "knee")]
    return sum(float(np.linalg.norm(bone)) for bone in bones) / 2


def rest_bone(rest_joints_m: Float[np.ndarray, "24 3"], joint: str) -> Float[np.ndarray, " 3"]:
    """From a joint of the SMPL tree to its first child."""
    index = SMPL_INDEX[joint]
    return rest_joints_m[SMPL_PARENTS.index(index)] - rest_joints_m[index]


def local_turns(world_from_joint: Float[np.ndarray, "frames 24 3 3"]) -> Float[np.ndarray, "frames 24 3 3"]:
    """Rotations against the parent; the root's stays."""
    local = world_from_joint.copy()
    local[:, 1:] = np.swapaxes(world_from_joint[:, SMPL_PARENTS[1:]], -1, -2) @ world_from_joint[:, 1:]
    return local
