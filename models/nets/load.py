"""Networks in files: what was trained is read back exactly, or not at all."""

from pathlib import Path
from typing import Final

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from models.errors import WeightsError
from models.nets.pose_net import PoseNet
from models.weights import find_weights

POSE_NET: Final = "pose_net.safetensors"


def load_pose_net(path: Path | None = None) -> PoseNet:
    """Read a network that is ready to guess.

    Args:
        path: of another file than the one that ships, whose checksum is not known.

    Raises:
        WeightsError: the file is missing or damaged, or is none that save_pose_net wrote.
    """
    source = find_weights(POSE_NET).path if path is None else path
    remedy = "give a file that training.pose_ik wrote"
    try:
        with safe_open(source, framework="pt") as file:
            told = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{source} holds no network", remedy) from error
    try:
        net = PoseNet(told["mixer"], *(int(told[name]) for name in ("width", "head_width", "blocks")))
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{source} does not say how its network is built", remedy) from error
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{source} does not fit the network that it names", remedy) from error
    return net.eval().requires_grad_(False)


def save_pose_net(net: PoseNet, path: Path) -> None:
    """Write a network, in half precision, and how it is built."""
    part = path.with_suffix(".part")
    state = {name: value.half().contiguous() for name, value in net.state_dict().items()}
    save_file(state, part, metadata={name: str(value) for name, value in net.plan.items()})
    part.replace(path)
