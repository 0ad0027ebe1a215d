"""Writes a run as a recording for the Rerun viewer: the film, what was detected on it, bodies in the world, curves.

Only the file is written: no viewer is started, nothing listens, and the library sends no usage data without one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import rerun as rr
from jaxtyping import Bool, Float

from models.joint_angles import included_angles_deg
from models.skeletons import SMPL_PARENTS
from stages.contracts import Biomechanics, JointTrack, Motion
from stages.sheets import Backdrop
from stages.sheets.figures import frames_a_picture, pictures

APPLICATION: Final = "kinetrace"
TIMELINE: Final = "video_s"
_POINT_PX: Final = 2.0
_JOINT_M: Final = 0.02
_BONES: Final = [(parent, joint) for joint, parent in enumerate(SMPL_PARENTS) if parent >= 0]


def write_recording(path: Path, results: Mapping[str, Any], backdrop: Backdrop | None) -> None:
    """Write a recording.

    Args:
        path: a file ending in .rrd; what lies there is replaced.
        results: contracts by their place and stage, such as `person_0/denoise`.
        backdrop: the clip and its film, where there are.
    """
    with rr.RecordingStream(APPLICATION) as recording:
        recording.save(path)
        recording.log("world", rr.ViewCoordinates.RIGHT_HAND_Y_UP, static=True)
        if backdrop is not None:
            _log_film(recording, backdrop)
        for step, content in results.items():
            person = step.partition("/")[0]
            match content:
                case JointTrack() if backdrop is not None:
                    _log_evidence(recording, person, content, backdrop)
                case Motion():
                    _log_motion(recording, person, content)
                case Biomechanics():
                    scale = np.where(content.is_rotation, np.degrees(1.0), 1.0)
                    names = [f"curves/{person}/opensim/{name}" for name in content.coordinate_names]
                    _log_curves(recording, names, content.timestamps_s, content.coordinates * scale)
                case _:
                    pass
        recording.flush()


def _log_film(recording: rr.RecordingStream, backdrop: Backdrop) -> None:
    film = rr.AssetVideo(path=backdrop.film)
    recording.log("picture", film, static=True)
    played_ns = film.read_frame_timestamps_nanos()
    times_s = backdrop.clip.timestamps_s[:: frames_a_picture(backdrop.clip, len(played_ns))]
    recording.send_columns("picture", [_times(times_s)], rr.VideoFrameReference.columns_nanos(played_ns))


def _log_evidence(recording: rr.RecordingStream, person: str, track: JointTrack, backdrop: Backdrop) -> None:
    scale = pictures(backdrop, [0])[0].shape[1] / backdrop.clip.width_px
    _log_points(recording, f"picture/{person}", track.timestamps_s, track.landmarks_px * scale, track.observed)


def _log_motion(recording: rr.RecordingStream, person: str, motion: Motion) -> None:
    times_s, everywhere = motion.timestamps_s, np.ones_like(motion.observed)
    _log_points(recording, f"world/{person}/joints", times_s, motion.joints_m, everywhere)
    bones_m = motion.joints_m[:, _BONES].reshape(-1, 2, 3)
    strips = rr.LineStrips3D.columns(strips=list(bones_m)).partition([len(_BONES)] * len(times_s))
    recording.send_columns(f"world/{person}/bones", [_times(times_s)], strips)
    angles = included_angles_deg(motion.joints_m)
    _log_curves(recording, [f"curves/{person}/{name}" for name in angles], times_s, np.stack(list(angles.values()), 1))


def _log_points(
    recording: rr.RecordingStream,
    entity: str,
    times_s: Float[np.ndarray, " frames"],
    points: Float[np.ndarray, "frames points axes"],
    seen: Bool[np.ndarray, " frames"],
) -> None:
    """Show the points while they are seen; an empty row takes them away."""
    kind = rr.Points2D if points.shape[-1] == 2 else rr.Points3D
    counts = np.where(seen, points.shape[1], 0)
    columns = kind.columns(positions=points[seen].reshape(-1, points.shape[-1])).partition(counts)
    recording.send_columns(entity, [_times(times_s)], columns)
    recording.log(entity, kind.from_fields(radii=-_POINT_PX if kind is rr.Points2D else _JOINT_M), static=True)


def _log_curves(
    recording: rr.RecordingStream,
    entities: list[str],
    times_s: Float[np.ndarray, " frames"],
    values: Float[np.ndarray, "frames curves"],
) -> None:
    for entity, column in zip(entities, values.T, strict=True):
        recording.send_columns(entity, [_times(times_s)], rr.Scalars.columns(scalars=column))


def _times(times_s: Float[np.ndarray, " frames"]) -> rr.TimeColumn:
    return rr.TimeColumn(TIMELINE, duration=times_s)
