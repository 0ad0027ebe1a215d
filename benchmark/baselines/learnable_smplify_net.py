"""The residual network of Learnable SMPLify: graph convolutions over two poses' keypoints give the turn between them.

Yang et al., Learnable SMPLify: A Neural Solution for Optimization-Free Human Pose Inverse Kinematics (arXiv
2508.13562). The graph convolution is that of ST-GCN (Yan et al. 2018): a node, its neighbours towards the root and
those away from it have weights of their own. What was changed: a right-handed frame, OpenPose's own BODY-25 graph, a
second graph for SMPL's 24 joints, a confidence beside each point, and a tenth of the paper's 6.1 million parameters.
"""

from collections.abc import Mapping
from typing import Final

import roma
import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.bodies.regressors import point_names
from models.skeletons import SMPL_JOINTS, SMPL_PARENTS

BODY_25_BONES: Final = (
    "Neck-nose Neck-RShoulder RShoulder-RElbow RElbow-RWrist Neck-LShoulder LShoulder-LElbow LElbow-LWrist "
    "MidHip-Neck MidHip-RHip RHip-RKnee RKnee-RAnkle MidHip-LHip LHip-LKnee LKnee-LAnkle nose-REye REye-REar "
    "nose-LEye LEye-LEar LAnkle-LBigToe LBigToe-LSmallToe LAnkle-LHeel RAnkle-RBigToe RBigToe-RSmallToe RAnkle-RHeel"
)
"""OpenPose's limbs (its documentation of output formats), each from the end nearer the middle of the hips."""
_SIX: Final = 6
_FEATURES: Final = 10
"""Place, bone from the neighbour nearer the root, way from one pose to the other, confidence."""
WAY_SCALE: Final = 5.0
"""Ways are shorter than places."""


def graph_bones(set_name: str) -> tuple[tuple[int, int], ...]:
    """Pairs of points that a bone joins, the one nearer the root first: a tree over body25 or smpl24."""
    if set_name == "smpl24":
        return tuple((parent, joint) for joint, parent in enumerate(SMPL_PARENTS) if parent >= 0)
    index = {name.lower(): point for point, name in enumerate(short_names())}
    pairs = (bone.lower().split("-") for bone in BODY_25_BONES.split())
    return tuple((index[near], index[far]) for near, far in pairs)


def short_names() -> tuple[str, ...]:
    """The names of BODY-25's points."""
    return point_names("body25")


def adjacency(set_name: str) -> Float[Tensor, "3 points points"]:
    """Who listens to whom: oneself, towards the root, away from it; each row's weights sum to at most 1."""
    count = len(SMPL_JOINTS) if set_name == "smpl24" else len(short_names())
    inward = torch.zeros(count, count)
    for near, far in graph_bones(set_name):
        inward[far, near] = 1.0
    outward = inward.T / inward.T.sum(-1, keepdim=True).clamp_min(1)
    return torch.stack([torch.eye(count), inward, outward])


class SmplifyNet(nn.Module):
    """From the points of a pose and those to be reached to the turn of each joint.

    Args:
        set_name: body25 or smpl24, the graph.
        betas: how many numbers describe a shape.
        channels: of each node.
        width: of the regressor.
    """

    def __init__(self, set_name: str, betas: int, channels: int = 64, width: int = 256) -> None:
        super().__init__()
        graph = adjacency(set_name)
        self.inward: Tensor
        self.register_buffer("inward", graph[1], persistent=False)
        self.enter = nn.Linear(_FEATURES, channels)
        self.both = _GraphBlock(graph, channels)
        self.merge = nn.Linear(2 * channels, channels)
        self.blocks = nn.ModuleList(_GraphBlock(graph, channels) for _ in range(4))
        self.leave = nn.Sequential(nn.LayerNorm(channels), nn.Linear(channels, channels // 2), nn.SiLU())
        features = graph.shape[-1] * channels // 2 + len(SMPL_JOINTS) * _SIX + betas
        self.regress = nn.Linear(features, width)
        self.deepen = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
            for _ in range(2)
        )
        self.norm = nn.LayerNorm(width)
        self.turn = nn.Linear(width, len(SMPL_JOINTS) * _SIX)
        nn.init.zeros_(self.turn.weight)
        nn.init.zeros_(self.turn.bias)

    def forward(
        self,
        points: Float[Tensor, "batch 2 points 4"],
        turns: Float[Tensor, "batch 24 3 3"],
        betas: Float[Tensor, "batch betas"],
    ) -> Float[Tensor, "batch 24 3 3"]:
        """Residual rotations, the root's in the human-centric frame.

        Args:
            points: where the points of the known pose are and where they should be, each with its confidence, in the
                frame of the known pose.
            turns: the known pose, the root in that frame.
        """
        node = self.both(self.enter(self._features(points)))
        node = self.merge(node.transpose(1, 2).flatten(-2))
        for block in self.blocks:
            node = block(node)
        pose = turns[..., :2].flatten(-3)
        latent = self.regress(torch.cat([self.leave(node).flatten(-2), pose, betas], dim=-1))
        for block in self.deepen:
            latent = latent + block(latent)
        columns = self.turn(self.norm(latent)).float().unflatten(-1, (len(SMPL_JOINTS), 3, 2))
        return roma.special_gramschmidt(columns + torch.eye(3)[:, :2].to(columns))

    def _features(self, points: Float[Tensor, "batch 2 points 4"]) -> Float[Tensor, "batch 2 points features"]:
        """Differences are given beside the points, as ST-GCN's successors do: small ones are hard to learn."""
        place = points[..., :3]
        bone = place - self.inward @ place
        way = WAY_SCALE * (place[:, 1:] - place[:, :1]).expand_as(place)
        return torch.cat([place, bone, way, points[..., 3:]], dim=-1)


class _GraphBlock(nn.Module):
    """A residual graph convolution; how much each neighbour counts is learned."""

    def __init__(self, graph: Float[Tensor, "3 points points"], channels: int) -> None:
        super().__init__()
        self.graph: Tensor
        self.register_buffer("graph", graph, persistent=False)
        self.importance = nn.Parameter(torch.ones_like(graph))
        self.norm = nn.LayerNorm(channels)
        self.mix = nn.Linear(3 * channels, channels)
        self.out = nn.Linear(channels, channels)

    def forward(self, node: Float[Tensor, "*batch points channels"]) -> Float[Tensor, "*batch points channels"]:
        heard = torch.einsum("knm,...mc->...nkc", self.graph * self.importance, self.norm(node))
        return node + self.out(nn.functional.silu(self.mix(heard.flatten(-2))))


def net_of(weights: Mapping[str, Tensor], set_name: str) -> SmplifyNet:
    """The network whose tensors these are."""
    channels, width = len(weights["enter.bias"]), len(weights["regress.bias"])
    nodes = adjacency(set_name).shape[-1] * channels // 2
    betas = weights["regress.weight"].shape[1] - nodes - len(SMPL_JOINTS) * _SIX
    net = SmplifyNet(set_name, betas, channels, width)
    net.load_state_dict({name: value.float() for name, value in weights.items()})
    return net.eval()
