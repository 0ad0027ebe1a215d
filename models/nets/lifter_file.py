"""The lifter in its file: what was trained is read back exactly, or not at all."""

from pathlib import Path
from typing import Final

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from models.errors import WeightsError
from models.nets.lifter import Lifter
from models.weights import find_weights

LIFTER: Final = "lifter.safetensors"


def lifter_file() -> Path:
    """The file of the network that ships; raises WeightsError where it is missing or damaged."""
    return find_weights(LIFTER).path


def load_lifter(path: Path | None = None) -> Lifter:
    """Read a lifter.

    Args:
        path: of another file than the one that ships, whose checksum is not known.

    Raises:
        WeightsError: the file is missing or damaged, or is none that save_lifter wrote.
    """
    source = lifter_file() if path is None else path
    remedy = "give a file that training.lift wrote"
    try:
        with safe_open(source, framework="pt") as file:
            told = file.metadata() or {}
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{source} holds no network", remedy) from error
    try:
        net = Lifter(int(told["width"]))
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{source} does not say how its network is built", remedy) from error
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{source} does not fit the network that it names", remedy) from error
    return net.eval().requires_grad_(False)


def save_lifter(net: Lifter, path: Path) -> None:
    """Write a network, in half precision, and how it is built."""
    part = path.with_suffix(".part")
    state = {name: value.half().contiguous() for name, value in net.state_dict().items()}
    save_file(state, part, metadata={name: str(value) for name, value in net.plan.items()})
    part.replace(path)
