"""The denoiser in its file."""

from functools import cache
from pathlib import Path
from typing import Final

from models.nets.denoiser import Denoiser
from models.nets.stored import read_net, write_net
from models.weights import find_weights

FILE: Final = "denoiser.safetensors"


@cache
def load_denoiser(path: Path | None = None) -> Denoiser:
    """Read a denoiser that is ready to be used.

    Args:
        path: of another file than the one that ships, whose checksum is not known.

    Raises:
        WeightsError: the file is missing or damaged, or is none that save_denoiser wrote.
    """
    source = find_weights(FILE).path if path is None else path
    return read_net(source, lambda told: Denoiser(int(told["width"])), "give a file that training.denoise wrote")


def save_denoiser(net: Denoiser, path: Path) -> None:
    """Write a denoiser and how it is built."""
    write_net(net, net.plan, path)
