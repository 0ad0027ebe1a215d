"""A stage that counts how often it runs."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from stages.contracts import Clip, Exports

VERSION: Final = 1
log = logging.getLogger(__name__)
calls: list[str] = []


@dataclass(frozen=True)
class Config:
    frames: int = 3
    extra: Path | None = None


def reads(config: Config) -> tuple[Path, ...]:
    return (config.extra,) if config.extra else ()


def run(config: Config, video: Path, *, device: str = "cpu") -> Clip:
    calls.append("run")
    log.warning("a toy was used on %s", device)
    brightness = float(len(video.read_bytes()))
    return Clip(4, 2, np.arange(config.frames) + brightness, float("nan"), 0)


def split(config: Config, clip: Clip) -> tuple[Clip, ...]:
    calls.append("split")
    return (clip, clip)


def encode(config: Config, clip: Clip) -> Exports:
    calls.append("encode")
    return Exports({"a.txt": b"a", "b.txt": str(clip.width_px).encode()})


def draw(config: Config, clip: Clip) -> list[tuple[np.ndarray, np.ndarray]]:
    calls.append("draw")
    greys = [np.full((clip.height_px * 12, clip.width_px * 8), 40 * k, np.uint8) for k in range(config.frames)]
    return [(grey, 255 - grey[:12]) for grey in greys]
