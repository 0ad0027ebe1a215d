"""Whether a device counts right, and how fast: a matrix product."""

import platform
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import torch

from models.devices import best_precision

SIDE: Final = 512
TIMES: Final = 5


@dataclass(frozen=True)
class Probe:
    """What a device did.

    Attributes:
        name: of the processor.
        task: in words.
        seconds: of the fastest of TIMES.
        is_right: the result is the sum that it must be.
    """

    name: str
    task: str
    seconds: float
    is_right: bool


def probe(device: torch.device) -> Probe:
    """Multiply a matrix of ones with one of rising numbers: every row of the result holds the sums of the columns.

    Raises:
        RuntimeError: the device is there and does not count; torch's own words.
    """
    kind = best_precision(device)
    rising = torch.arange(SIDE * SIDE, dtype=kind, device=device).reshape(SIDE, SIDE) / (SIDE * SIDE)
    ones = torch.ones(SIDE, SIDE, dtype=kind, device=device)
    seconds, result = min((_timed(ones, rising) for _ in range(TIMES)), key=lambda pair: pair[0])
    # Of the arithmetic series i * SIDE + j over i, in closed form.
    sums = (SIDE * (SIDE - 1) / 2 * SIDE + SIDE * torch.arange(SIDE, dtype=torch.float64)) / (SIDE * SIDE)
    error = (result.cpu().to(torch.float64) - sums).abs().max()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    task = f"{SIDE} x {SIDE} matrix product in {str(kind).removeprefix('torch.')}"
    return Probe(name, task, seconds, is_right=bool(error < 1e-3 * sums.max()))


def _timed(left: torch.Tensor, right: torch.Tensor) -> tuple[float, torch.Tensor]:
    began = perf_counter()
    product = left @ right
    float(product[0, 0])  # waits for the device
    return perf_counter() - began, product
