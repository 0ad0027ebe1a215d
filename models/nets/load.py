"""The network of inverse kinematics in its file."""

from pathlib import Path
from typing import Final

from models.nets.pose_net import PoseNet
from models.nets.stored import read_net, write_net
from models.weights import find_weights

POSE_NET: Final = "pose_net.safetensors"


def load_pose_net(path: Path | None = None) -> PoseNet:
    """Read a network that is ready to guess.

    Args:
        path: of another file than the one that ships, whose checksum is not known.

    Raises:
        WeightsError: the file is missing or damaged, or is none that save_pose_net wrote.
    """
    return read_net(
        find_weights(POSE_NET).path if path is None else path,
        lambda told: PoseNet(told["mixer"], *(int(told[name]) for name in ("width", "head_width", "blocks"))),
        "give a file that training.pose_ik wrote",
    )


def save_pose_net(net: PoseNet, path: Path) -> None:
    """Write a network and how it is built."""
    write_net(net, net.plan, path)
