"""The denoiser in a file: what was trained is read back exactly, or not at all."""

from functools import cache
from pathlib import Path
from typing import Final

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from models.errors import WeightsError
from models.nets.denoiser import Denoiser
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
    remedy = "give a file that training.denoise wrote"
    try:
        with safe_open(source, framework="pt") as file:
            width = int((file.metadata() or {})["width"])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        net = Denoiser(width)
        net.load_state_dict(state)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{source} holds no denoiser", remedy) from error
    return net.eval().requires_grad_(False)


def save_denoiser(net: Denoiser, path: Path) -> None:
    """Write a denoiser, in half precision, and how wide it is."""
    part = path.with_suffix(".part")
    state = {name: value.half().contiguous() for name, value in net.state_dict().items()}
    save_file(state, part, metadata={name: str(value) for name, value in net.plan.items()})
    part.replace(path)
