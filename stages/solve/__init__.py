"""JointTrack to RawMotion: the joint rotations of a body that agree with the landmarks."""

from pathlib import Path
from typing import Final

from stages.contracts import JointTrack, RawMotion
from stages.solve.config import Config

__all__ = ["VERSION", "Config", "reads", "run"]

VERSION: Final = 2

# torch takes a second to import: who only asks for --help, or waits for the detector, should not wait for it.


def reads(config: Config) -> tuple[Path, ...]:
    """Files that the result depends on: the body."""
    from models.bodies import body_file  # noqa: PLC0415

    return (body_file(config.body),)


def run(config: Config, track: JointTrack, *, device: str) -> RawMotion:
    """Fit the named body to a track; unobserved frames are filled between their neighbours and marked.

    Raises:
        InputError: no frame is observed.
        ConfigError: no body or device has this name.
    """
    from models.bodies import load_body  # noqa: PLC0415
    from stages.solve.body import solve_body  # noqa: PLC0415

    return solve_body(config, track, load_body(config.body), device=device)
