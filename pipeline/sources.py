"""What is no video file yet becomes one: numbered pictures, folders of pictures, cameras."""

import logging
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from models.errors import InputError
from pipeline.atomic import replacing
from pipeline.lock import held
from pipeline.store import Store
from stages import pictures

CAMERA: Final = re.compile(r"camera:(\d{1,3})")
RECORDINGS: Final = "recordings"

log = logging.getLogger(__name__)


def as_video(source: Path, stem: str, config: pictures.Config, store: Store) -> Path:
    """The video itself, or the one that is made of pictures and kept with the results.

    Raises:
        InputError: a picture cannot be read.
        OutputError: the video cannot be written.
    """
    if not pictures.is_pictures(source):
        return source
    return store.file(f"{stem}.mkv", pictures.run, config, pictures.pictures_in(source))


def with_recordings(inputs: Sequence[Path], config: pictures.Config, outputs: Path) -> tuple[Path, ...]:
    """The inputs, with what each camera shows now in its place: a recording, which can be named again later.

    Raises:
        InputError: a camera cannot be opened.
        OutputError: a recording cannot be written.
    """
    return tuple(_recorded(path, config, outputs) for path in inputs)


def _recorded(source: Path, config: pictures.Config, outputs: Path) -> Path:
    named = CAMERA.fullmatch(str(source))
    if named is None:
        return source
    folder = outputs / RECORDINGS
    path = folder / f"camera_{named[1]}_{time.strftime('%Y-%m-%d_%H-%M-%S')}.mkv"
    if path.exists():
        raise InputError(f"{path} is there already", "wait a second, and record again")
    log.info("recording camera %s for %g s", named[1], config.seconds)
    with held(folder), replacing(path) as temporary:
        count = pictures.record(config, int(named[1]), to=temporary)
    log.info("recorded %d pictures to %s: name it to do its motion again", count, path)
    return path
