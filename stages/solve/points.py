"""Points of any known set, as other programs write them, to RawMotion: read, brought to one rate, solved."""

import logging
from pathlib import Path
from typing import Final

from models.readers.given import Said
from stages.contracts import RawMotion
from stages.solve import reads
from stages.solve.config import Config

__all__ = ["VERSION", "reads", "run"]

VERSION: Final = 1
log = logging.getLogger(__name__)


def run(config: Config, said: Said, format_name: str, path: Path, *, device: str) -> tuple[RawMotion, ...]:
    """Fit the named body to everybody in a file of points; what nobody saw is filled and marked.

    There is no camera: the one in the result looks along -Z at the middle of the motion. The body is moved up or down
    until its soles stand on y = 0.

    Args:
        format_name: one of models.readers.registry.IN_WORLD.

    Raises:
        InputError: the file cannot be used, or no frame shows enough of a person.
        ConfigError, WeightsError: the body or the device cannot be had.
    """
    # torch takes a second to import.
    from models.bodies import load_body  # noqa: PLC0415
    from models.readers.registry import IN_WORLD  # noqa: PLC0415
    from stages.solve.any_points import solve_points  # noqa: PLC0415

    body = load_body(config.body)
    people = IN_WORLD[format_name].read(path, said)
    log.info("%s: %d %s", path.name, len(people), "person" if len(people) == 1 else "people")
    return tuple(solve_points(config, person, body, device=device) for person in people)
