"""One person's pixels and rough shape become metric landmarks in the camera and in the world, at a constant rate."""

from pathlib import Path
from typing import Final

from stages.contracts import Clip, Detections, JointTrack, Person
from stages.lift.config import Config

__all__ = ["VERSION", "Config", "reads", "run"]

VERSION: Final = 7

# scipy takes half a second to import: who waits for the detector should not wait for it.


def reads(config: Config) -> tuple[Path, ...]:
    """Files other than the video that decide the result: the map of the detector's metres, and the network."""
    from models.nets.lifter_file import lifter_file  # noqa: PLC0415
    from models.rough_map import map_file  # noqa: PLC0415

    match config.lifter:
        case "learned":
            return map_file(), lifter_file()
        case "linear":
            return (map_file(),)
        case "rough":
            return ()


def run(config: Config, clip: Clip, detections: Detections, person: Person) -> JointTrack:
    """Lift one person; of the detections only the background counts, for the camera's turning.

    Raises:
        InputError: the person was never seen in two neighbouring frames of a clip that has to be resampled.
    """
    from stages.lift.person import lift_person  # noqa: PLC0415

    return lift_person(config, clip, person, detections.background)
