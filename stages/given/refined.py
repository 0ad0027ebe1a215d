"""Another program's motion and keypoints of the same person to a better motion: what is constantly off is taken out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from models.errors import ConfigError
from models.readers.given import Said
from stages.contracts import JointTrack, RawMotion

VERSION: Final = 2


@dataclass(frozen=True)
class Config:
    """How to refine."""

    body: str = "free"
    """Body model that is posed."""
    height_m: float | None = None
    """The person's stature, which the body's shape keeps to."""
    steps: int = 3
    """Gauss-Newton steps of each of the four solutions."""

    def __post_init__(self) -> None:
        if not 0 <= self.steps <= 20:
            raise ConfigError(f"refine.steps is {self.steps}", "give 0 to 20")


@dataclass(frozen=True, eq=False)
class Refined(RawMotion):
    """A motion that was improved, and what became of the one that was given.

    Attributes:
        turned_rad: how far each joint turned against its parent.
        moved_m: how far each joint moved in the world.
        motion_refused: frames whose given pose did not count.
        points_seen, points_refused: of each frame, how many.
        away_before_m, away_after_m: median distance of the seen points from the body.
        turned_world_rad: about the vertical, by which the given motion's world was laid into the keypoints'.
    """

    turned_rad: Float[np.ndarray, "frames 24"]
    moved_m: Float[np.ndarray, "frames 24"]
    motion_refused: Bool[np.ndarray, " frames"]
    points_seen: Float[np.ndarray, " frames"]
    points_refused: Float[np.ndarray, " frames"]
    away_before_m: Float[np.ndarray, " frames"]
    away_after_m: Float[np.ndarray, " frames"]
    turned_world_rad: float


@dataclass(frozen=True)
class Files:
    """A motion, and keypoints in space.

    Attributes:
        motion_format, points_format: of models.readers.registry; no points format where the keypoints are a track.
        said_of_points: what the user says of the keypoints' file.
    """

    motion_format: str
    points_format: str
    said: Said
    said_of_points: Said


def reads(config: Config) -> tuple[Path, ...]:
    """Files that the result depends on: the body and the network."""
    from models.bodies import body_file  # noqa: PLC0415
    from models.nets.load import POSE_NET  # noqa: PLC0415
    from models.weights import find_weights  # noqa: PLC0415

    return body_file(config.body), find_weights(POSE_NET).path


def run(config: Config, files: Files, motion: Path, keypoints: Path | JointTrack, *, device: str) -> Refined:
    """Bring the motion into line with the keypoints, frame by frame of the keypoints.

    Both begin at the first frame of the same video. The turn about the vertical and the shift between their worlds are
    found; what a keypoint shows is followed only where it changes slowly against the motion (models/ik_plugin.py).

    Args:
        motion: a file of models.readers.registry.MOTIONS; of several people the one who fits the keypoints best.
        keypoints: a file of models.readers.registry.IN_WORLD, whose longest seen person counts, or a lifted track.

    Raises:
        InputError: a file cannot be used, or motion and keypoints have no time in common.
        ConfigError, WeightsError: the body or the device cannot be had.
    """
    # torch takes a second to import.
    from models.bodies import load_body  # noqa: PLC0415
    from models.readers.registry import IN_WORLD, MOTIONS  # noqa: PLC0415
    from stages.given.refine_motion import of_track, refine  # noqa: PLC0415

    people = MOTIONS[files.motion_format].read(motion, files.said)
    if isinstance(keypoints, JointTrack):
        points, way = of_track(keypoints), keypoints
    else:
        points, way = IN_WORLD[files.points_format].read(keypoints, files.said_of_points)[0], None
    return refine(config, people, points, load_body(config.body), device=device, seen_by=way)
