"""JointTrack to RawMotion: the joint rotations of a body that agree with the landmarks."""

from pathlib import Path
from typing import Final

from stages.contracts import JointTrack, RawMotion
from stages.solve.config import Config

__all__ = ["VERSION", "Config", "prepare", "reads", "run"]

VERSION: Final = 3

# torch takes a second to import: who only asks for --help, or waits for the detector, should not wait for it.


def reads(config: Config) -> tuple[Path, ...]:
    """Files that the result depends on: the body and the network."""
    from models.bodies import body_file  # noqa: PLC0415
    from models.nets.load import POSE_NET  # noqa: PLC0415
    from models.weights import find_weights  # noqa: PLC0415

    files = (body_file(config.body),)
    return (*files, find_weights(POSE_NET).path) if config.solver == "neural" else files


def prepare(config: Config) -> None:
    """Load what `run` needs while there is time for it; a first run takes 0.4 s less then."""
    from models.bodies import load_body  # noqa: PLC0415
    from stages.solve.posers import rehearse  # noqa: PLC0415

    rehearse(config, load_body(config.body))


def run(config: Config, track: JointTrack, *, device: str) -> RawMotion:
    """Fit the named body to a track; unobserved frames are filled between their neighbours and marked.

    Raises:
        InputError: no frame is observed.
        ConfigError: no body or device has this name.
    """
    from models.bodies import load_body  # noqa: PLC0415
    from stages.solve.body import solve_body  # noqa: PLC0415

    return solve_body(config, track, load_body(config.body), device=device)
