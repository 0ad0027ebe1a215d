"""A network that was never trained but has opinions, and points of random poses on random bodies."""

import torch

from models.bodies import load_body
from models.keypoints import Keypoints
from models.nets.pose_net import PoseNet
from models.nets.slots import set_slots, slot_mirror
from models.nets.turns import from_six
from models.rig import Pose, Rig, make_rig, rig_points

BODY = load_body("free")
MIRROR = torch.diag(torch.tensor((-1.0, 1.0, 1.0)))


def opinionated(mixer: str = "glance") -> PoseNet:
    torch.manual_seed(3)
    net = PoseNet(mixer, width=64, head_width=32, blocks=1)
    for head in (*net.heads, net.noise_head, net.straight):
        torch.nn.init.normal_(head.weight, std=0.1)
    return net.eval().requires_grad_(False)


def random_pose(*batch: int) -> Pose:
    six = 0.3 * torch.randn(*batch, 24, 6) + torch.tensor((1.0, 0, 0, 0, 1, 0))
    return Pose(from_six(six), torch.randn(*batch, 3))


def case(set_name: str = "smpl24", sequences: int = 3, frames: int = 9) -> tuple[Rig, Keypoints]:
    """Noisy points, one in five missing."""
    rig = make_rig(BODY, torch.randn(sequences, 1, BODY.beta_count), set_name)
    points_m = rig_points(rig, random_pose(sequences, frames))
    confidence = torch.rand(points_m.shape[:-1])
    confidence[confidence < 0.2] = 0.0
    return rig, Keypoints(set_name, points_m + 0.01 * torch.randn_like(points_m), confidence, 30.0)


def mirrored(keypoints: Keypoints) -> Keypoints:
    slots = set_slots(keypoints.set_name)
    twin = [slots.index(slot_mirror()[slot]) for slot in slots]
    points_m = (keypoints.points_m @ MIRROR)[..., twin, :]
    return Keypoints(keypoints.set_name, points_m, keypoints.confidence[..., twin], keypoints.rate_hz)
