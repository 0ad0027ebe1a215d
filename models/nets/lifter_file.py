"""The lifter in its file."""

from pathlib import Path
from typing import Final

from models.nets.lifter import Lifter
from models.nets.stored import read_net, write_net
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
    return read_net(source, lambda told: Lifter(int(told["width"])), "give a file that training.lift wrote")


def save_lifter(net: Lifter, path: Path) -> None:
    """Write a lifter and how it is built."""
    write_net(net, net.plan, path)
