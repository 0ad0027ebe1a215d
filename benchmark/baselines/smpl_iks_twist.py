"""SMPL-IKS with its three part networks: spine, legs and arms tell the cosine and sine of each bone's twist.

The networks see the joints of the analytic pose without twist, in the pelvis's own frame, beside the betas: 192 and 64
features, three residual blocks of 256 units, a linear head (Z-Z-J/SMPL-IKS: "part-aware network", 1.2 million numbers).
Its dropout of 0.2 is left out: it costs a third of the time of training, and these networks are far from overfitting.
Swings are then found anew down the chain, so that clean joints stay exact whatever the networks say. Pelvis and chest
stay analytic and leaves keep their parents' orientation, as there.
"""

from functools import partial
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor, nn

from benchmark.baselines.smpl_iks import analytic_pose
from benchmark.baselines.smpl_iks_joints import seen_joints
from benchmark.baselines.smpl_iks_swing import PELVIS, Rotation, bone_axes
from benchmark.ik_problem import Method, Problem
from models.kinematics import place_joints
from models.rig import Pose
from models.rotations import rotation_about
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from models.weights import find_weights

BASELINE_WEIGHTS: Final = Path(__file__).parents[1] / "weights"
WEIGHTS_NAME: Final = "smpl_iks_twist.safetensors"
BETA_COUNT: Final = 20
WIDTH: Final = 256
JOINT_FEATURES: Final = 192

Twist = Float[Tensor, "*batch 24 2"]
"""Cosine and sine of each joint's twist; (1, 0) where it has none."""


def _joints(*names: str) -> tuple[int, ...]:
    return tuple(SMPL_INDEX[name] for name in names)


def _both(*names: str) -> tuple[int, ...]:
    return _joints(*(f"{side}_{name}" for side in ("left", "right") for name in names))


PARTS: Final = {
    "spine": _joints("spine1", "spine2", "neck"),
    "leg": _both("hip", "knee", "ankle"),
    "arm": _both("collar", "shoulder", "elbow", "wrist"),
}


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        half = (nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH), nn.PReLU())
        other = (nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH), nn.PReLU())
        self.layers = nn.Sequential(*half, *other)

    def forward(self, latent: Float[Tensor, "poses latent"]) -> Float[Tensor, "poses latent"]:
        return latent + self.layers(latent)


class PartNet(nn.Module):
    """Twists of some joints."""

    def __init__(self, joint_count: int) -> None:
        super().__init__()
        self.joints = nn.Linear(3 * len(SMPL_PARENTS), JOINT_FEATURES)
        self.betas = nn.Linear(BETA_COUNT, WIDTH - JOINT_FEATURES)
        self.blocks = nn.Sequential(_Block(), _Block(), _Block())
        self.head = nn.Linear(WIDTH, 2 * joint_count)

    def forward(
        self, joints: Float[Tensor, "poses 72"], betas: Float[Tensor, "poses betas"]
    ) -> Float[Tensor, "poses joints 2"]:
        """Not yet of unit length."""
        latent = self.blocks(torch.cat([self.joints(joints), self.betas(betas)], dim=-1))
        return self.head(latent).unflatten(-1, (-1, 2))


class TwistNet(nn.Module):
    """The three part networks."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({name: PartNet(len(joints)) for name, joints in PARTS.items()})

    def forward(self, joints_m: Float[Tensor, "poses 24 3"], betas: Float[Tensor, "poses betas"]) -> Twist:
        """Args: joints of the analytic pose in the pelvis's frame, relative to the pelvis."""
        twist = torch.zeros(len(joints_m), len(SMPL_PARENTS), 2).to(joints_m)
        twist[..., 0] = 1
        for name, joints in PARTS.items():
            twist[:, joints] = nn.functional.normalize(self.parts[name](joints_m.flatten(1), betas), dim=-1)
        return twist


def load_learned_twist() -> Method:
    """Read the weights; raises WeightsError where they are missing or damaged."""
    return partial(learned_twist, load_net(find_weights(WEIGHTS_NAME, BASELINE_WEIGHTS).path))


def load_net(path: Path) -> TwistNet:
    """Read networks for use: no dropout, no statistics of the batch."""
    net = TwistNet()
    counters = {name: tensor for name, tensor in net.state_dict().items() if not tensor.is_floating_point()}
    net.load_state_dict(counters | {name: tensor.float() for name, tensor in load_file(path).items()})
    return net.eval()


@torch.no_grad()
def learned_twist(net: TwistNet, problem: Problem) -> Pose:
    """Points that are missing are filled by smpl_iks_joints.seen_joints."""
    joints_m = seen_joints(problem)
    offset_m = problem.rig.offset_m.expand_as(joints_m)
    betas = problem.betas[:, None].expand(*joints_m.shape[:-2], -1)
    seen = untwisted_joints(offset_m, joints_m)
    twist = net(seen.flatten(0, -3), betas.flatten(0, -2)).unflatten(0, joints_m.shape[:-2])
    return twisted_pose(offset_m, joints_m, twist)


def untwisted_joints(
    offset_m: Float[Tensor, "*batch 24 3"], joints_m: Float[Tensor, "*batch 24 3"]
) -> Float[Tensor, "*batch 24 3"]:
    """What the networks see: the analytic pose's joints, as the pelvis sees them."""
    pose = analytic_pose(offset_m, joints_m)
    world = pose.world_from_joint[..., PELVIS, :, :].mT[..., None, :, :] @ pose.world_from_joint
    return place_joints(SMPL_PARENTS, offset_m, torch.zeros_like(pose.root_m), world)


def twisted_pose(offset_m: Float[Tensor, "*batch 24 3"], joints_m: Float[Tensor, "*batch 24 3"], twist: Twist) -> Pose:
    """The analytic pose with these twists in it."""
    turn = rotation_about(bone_axes(offset_m), torch.atan2(twist[..., 1], twist[..., 0]))

    def spin(joint: int, world_from_joint: Rotation, place_m: Float[Tensor, "*batch 3"]) -> Rotation:
        return turn[..., joint, :, :]

    return analytic_pose(offset_m, joints_m, spin)
