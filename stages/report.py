"""The numbers that say how far a motion can be trusted."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from stages.contracts import JointTrack, Motion, Quality

VERSION: Final = 2


@dataclass(frozen=True)
class Config:
    """What counts as evidence."""

    min_confidence: float = 0.5
    """Landmarks below this say nothing about the agreement with the picture."""


def run(config: Config, track: JointTrack, motion: Motion) -> Quality:
    """Compare the motion with the evidence that it was solved from.

    The floor for the reprojection is the noise of the detector itself; the body has bones that the track has not.
    """
    seen = motion.observed
    distance_px = np.linalg.norm(_pixels(motion) - track.landmarks_px, axis=-1)
    counted = seen[:, None] & (track.confidence >= config.min_confidence)
    distance_px = distance_px[counted] if counted.any() else np.array([np.nan])
    height_px = np.ptp(track.landmarks_px[seen], axis=1).max(-1)
    return Quality(
        observed_share=float(seen.mean()),
        longest_gap_s=_longest_run(~seen) / motion.rate_hz,
        mean_confidence=float(motion.confidence[seen].mean()),
        swapped_share=float(track.swapped[seen].mean()),
        reprojection_px=float(np.median(distance_px)),
        reprojection_share=float(np.median(distance_px) / np.median(height_px)),
        camera=_camera(track),
    )


def _pixels(motion: Motion) -> Float[np.ndarray, "frames 33 2"]:
    # scipy, which the camera's rotations come from, takes half a second to import.
    from models.camera import camera_from_world, project  # noqa: PLC0415

    placed = camera_from_world(motion.world_from_camera, motion.camera_from_steady, len(motion.landmarks_m))
    in_camera_m = motion.landmarks_m @ np.swapaxes(placed[:, :, :3], 1, 2) + placed[:, None, :, 3]
    return project(in_camera_m, motion.camera_matrix)


def _camera(track: JointTrack) -> str:
    if not track.camera_is_known:
        return "unknown"
    return "turned" if len(track.camera_from_steady) else "still"


def _longest_run(flags: Bool[np.ndarray, " frames"]) -> int:
    padded = np.concatenate([[False], flags, [False]]).astype(int)
    starts, ends = np.flatnonzero(np.diff(padded) == 1), np.flatnonzero(np.diff(padded) == -1)
    return int(max(ends - starts, default=0))
