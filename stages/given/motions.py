"""Another program's rotations to Motion, as if a video had been solved; nothing of it is smoothed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.readers.given import Said
from stages.contracts import Motion

VERSION: Final = 1
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Config:
    """Whose body moves."""

    body: str = "free"
    """Body model that is posed."""
    height_m: float | None = None
    """The person's stature; None takes the file's betas where they are this body's, else the mean."""


def reads(config: Config) -> Sequence[Path]:
    """The files beside the motion that the result depends on; raises as run."""
    from models.bodies import body_file  # noqa: PLC0415

    return [body_file(config.body)]


def run(config: Config, said: Said, format_name: str, path: Path) -> tuple[Motion, ...]:
    """Pose the named body as everybody in a file moves.

    Rotations are the file's own. Betas are, where the named body is the one that they belong to; on another they mean
    nothing. The body is moved up or down until its soles stand on y = 0; where the file does not know the way, it
    stands on its lower foot in every frame. Gaps are filled and marked. There is no camera: see solve.points.

    Args:
        format_name: one of models.readers.registry.MOTIONS.

    Raises:
        InputError: the file cannot be used.
        ConfigError, WeightsError: the body cannot be had.
    """
    # torch takes a second to import.
    from models.bodies import load_body  # noqa: PLC0415
    from models.readers.registry import MOTIONS  # noqa: PLC0415
    from stages.given.body_motion import adopt  # noqa: PLC0415

    people = MOTIONS[format_name].read(path, said)
    log.info("%s: %d %s", path.name, len(people), "person" if len(people) == 1 else "people")
    return tuple(adopt(load_body(config.body), person, config.height_m) for person in people)
