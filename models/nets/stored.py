"""Networks in files: what was trained is read back exactly, or not at all."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from models.errors import WeightsError

Net = TypeVar("Net", bound=nn.Module)


def read_net(source: Path, build: Callable[[Mapping[str, str]], Net], remedy: str) -> Net:
    """Read a network that is ready to be used.

    Args:
        build: makes an empty one of what the file says of it; its KeyError or ValueError is the file's fault.
        remedy: of a file that cannot be used.

    Raises:
        WeightsError: the file is missing or damaged, or is none that write_net wrote.
    """
    try:
        with safe_open(source, framework="pt") as file:
            told = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{source} holds no network", remedy) from error
    try:
        net = build(told)
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{source} does not say how its network is built", remedy) from error
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{source} does not fit the network that it names", remedy) from error
    return net.eval().requires_grad_(False)


def write_net(net: nn.Module, plan: Mapping[str, object], path: Path) -> None:
    """Write a network, in half precision, and how it is built; whole or not at all."""
    part = path.with_suffix(".part")
    state = {name: value.half().contiguous() for name, value in net.state_dict().items()}
    save_file(state, part, metadata={name: str(value) for name, value in plan.items()})
    part.replace(path)
