"""One page that shows a clip: the video, the body over it, the motion in 3D and every curve, in step."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float

from stages.contracts import Biomechanics, Exports, Motion, Quality

VERSION: Final = 5
"""Raised for a change of the template, the style or the script as well: a test holds it to their digest."""


@dataclass(frozen=True)
class Config:
    """What the page holds."""

    max_embedded_s: float = 60.0
    """A longer film lies beside the page, which then links to it, instead of inside."""


@dataclass(frozen=True, eq=False)
class Film:
    """The clip as the page shows it: H.264 at a constant rate, short groups, no B-frames.

    Attributes:
        path: lies in the page's folder.
        clip_size_px: width and height of the pictures that the motions' cameras refer to.
        timestamps_s: when each picture of the film was taken, seconds since the first frame of the video.
        rate_hz: at which it plays.
        poster: a film whose middle picture stands for the clip in a gallery.
    """

    path: Path
    clip_size_px: tuple[int, int]
    timestamps_s: Float[np.ndarray, " pictures"]
    rate_hz: float
    poster: Path


@dataclass(frozen=True, eq=False)
class PagePerson:
    """One person, and how well he was followed.

    Attributes:
        quality: None where there is no video to compare with.
        biomechanics: None where that was not asked for; the page then plots what the joint centres tell.
    """

    number: int
    motion: Motion
    quality: Quality | None
    biomechanics: Biomechanics | None


@dataclass(frozen=True)
class Facts:
    """What the page says in words.

    Attributes:
        title: name of the clip.
        source: what was read: (name, value) rows, such as the file's name and sha256.
        versions: of the program and its packages: (name, version).
        weights: that were read: (name, licence, sha256).
        warnings: of the whole run.
        files: beside the page: (path relative to it, with slashes; bytes).
    """

    title: str
    source: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    weights: tuple[tuple[str, str, str], ...]
    warnings: tuple[str, ...]
    files: tuple[tuple[str, int], ...]


def reads(config: Config) -> tuple[Path, ...]:
    """Files other than its inputs that the page depends on: the walks of others."""
    from models.gait_bands import bands_file  # noqa: PLC0415

    return (bands_file(),)


def run(config: Config, film: Film | None, people: tuple[PagePerson, ...], facts: Facts) -> Exports:
    """Make report.html, and thumbnail.jpg where there is a film.

    Args:
        film: None where the motion comes from no video; the page then runs on a clock of its own.
        people: whose rate is the same; several share one camera. May be empty.

    Raises:
        ConfigError, WeightsError, InputError: a motion's body cannot be had or has other betas; the film cannot be
            read.
    """
    from stages.page import document, thumbnail  # noqa: PLC0415

    files = {"report.html": document.encode(config.max_embedded_s, film, people, facts).encode("utf-8")}
    if film is not None:
        files["thumbnail.jpg"] = thumbnail.encode(film.poster)
    return Exports(files)
