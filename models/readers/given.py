"""What other programs found, in one form: points on the picture, points in the world, motions of a body.

Readers turn files into these and guess nothing in silence: what a file does not say about itself (its unit, which way
is up, its rate) the user says, or the reader raises an error that names the flag.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from jaxtyping import Float, Int

from models.errors import InputError

UNIT_M: Final = {"m": 1.0, "cm": 0.01, "mm": 0.001}
MAX_FRAMES: Final = 1_000_000
"""Nine hours at 30 Hz; a file that claims more is damaged."""
MAX_PEOPLE: Final = 64
RATES_HZ: Final = (1.0, 2000.0)
"""What a recording of a person can have."""


@dataclass(frozen=True)
class Said:
    """What the user says of a file that does not say it itself.

    Attributes:
        unit: of lengths.
        up: the axis that points up.
        rate_hz: frames per second.
        joints: what the points are: one of models.bodies.regressors.point_sets.
    """

    unit: Literal["m", "cm", "mm"] | None = None
    up: Literal["y", "z"] | None = None
    rate_hz: float | None = None
    joints: str | None = None


@dataclass(frozen=True, eq=False)
class PicturePoints:
    """One person's keypoints on the frames of a video.

    Attributes:
        label: what the file calls the person.
        set_name: one of models.bodies.regressors.point_sets.
        frame_index: into the video's frames, rising.
        points_px: pixels of the video's own picture; 0 for a missing point.
        confidence: 0..1; 0 for a missing point.
    """

    label: str
    set_name: str
    frame_index: Int[np.ndarray, " frames"]
    points_px: Float[np.ndarray, "frames points 2"]
    confidence: Float[np.ndarray, "frames points"]


@dataclass(frozen=True, eq=False)
class WorldPoints:
    """One person's points in the world: metres, Y up, right-handed.

    Attributes:
        label, set_name, confidence: as in PicturePoints.
        timestamps_s: rising.
        points_m: 0 for a missing point.
    """

    label: str
    set_name: str
    timestamps_s: Float[np.ndarray, " frames"]
    points_m: Float[np.ndarray, "frames points 3"]
    confidence: Float[np.ndarray, "frames points"]


@dataclass(frozen=True, eq=False)
class BodyMotion:
    """One person's motion as rotations of SMPL's tree: metres, Y up, right-handed.

    Attributes:
        label: as in PicturePoints.
        body: whose betas these are: smpl, smplh or smplx; or the name of a body of this project.
        frame_index: rising; what lies between was not seen.
        rate_hz: frames per second.
        parent_from_joint: in SMPL's joint order; the root's is world_from_pelvis. SMPL-H and SMPL-X have no joint for a
            whole hand: it does not turn.
        trans_m: of the pelvis, up to a constant that depends on the body.
        betas: of the shape; empty where the file has none.
        has_way: False where trans_m says nothing of the way through the world.
    """

    label: str
    body: str
    frame_index: Int[np.ndarray, " frames"]
    rate_hz: float
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"]
    trans_m: Float[np.ndarray, "frames 3"]
    betas: Float[np.ndarray, " betas"]
    has_way: bool = True


def need_rate(said: Said, told_hz: float | None, why: str) -> float:
    """The rate that the user or the file tells; the user wins.

    Raises:
        InputError: neither does, or no recording can have it.
    """
    rate_hz = said.rate_hz if said.rate_hz is not None else told_hz
    if rate_hz is None:
        raise InputError(why, "give the frames per second with --rate, such as --rate 30")
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise InputError(
            f"{rate_hz:g} frames per second are no recording's", f"give {RATES_HZ[0]:g} to {RATES_HZ[1]:g}"
        )
    return float(rate_hz)


def need_length(name: str, lengths: Sequence[tuple[str, int]]) -> int:
    """The length that all arrays share.

    Raises:
        InputError: they have none in common, it is 0, or more than MAX_FRAMES.
    """
    if len({length for _, length in lengths}) != 1:
        told = ", ".join(f"{key} has {length} frames" for key, length in lengths)
        raise InputError(f"{name}: {told}", "write all of one length")
    frames = lengths[0][1]
    if not 0 < frames <= MAX_FRAMES:
        raise InputError(f"{name} has {frames} frames", f"hand in 1 to {MAX_FRAMES}")
    return frames


def y_up(axis: str) -> Float[np.ndarray, "3 3"]:
    """Turns a world whose y, z or -y (cameras) points up into one whose Y does; y becomes -z where z is up."""
    return {
        "y": np.eye(3),
        "z": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
        "-y": np.diag([1.0, -1, -1]),
    }[axis]
