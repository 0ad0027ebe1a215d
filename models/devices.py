"""Which device tensors live on, and how exactly it counts."""

from collections.abc import Generator
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from models.errors import ConfigError


def find_device(name: str) -> torch.device:
    """The device that is meant by auto, cpu, cuda or mps; auto takes a CUDA GPU where there is one, else the CPU.

    Apple's GPU is never chosen by itself: it has no double precision, and results would differ.

    Raises:
        ConfigError: the device is not here.
    """
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device("cuda" if present["cuda"] else "cpu")
    if not present.get(name, False):
        here = ", ".join(device for device, is_here in present.items() if is_here)
        raise ConfigError(f"the device {name!r} is not here", f"choose from auto, {here}")
    return torch.device(name)


def best_precision(device: torch.device) -> torch.dtype:
    """Double precision, where the device has it."""
    return torch.float32 if device.type == "mps" else torch.float64


def to_array(tensor: Float[Tensor, "*any"]) -> Float[np.ndarray, "*any"]:
    """An array as contracts hold it: on the CPU, in double precision."""
    return tensor.cpu().to(torch.float64).numpy()


@contextmanager
def single_thread() -> Generator[None]:
    """Count on one CPU thread within the block.

    A batch of poses is so small that threads wait for each other longer than they work: on two cores the solver takes
    ten times as long with both.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
