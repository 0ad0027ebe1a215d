"""MediaPipe's own pose graph, as its users run it: one person, one pass, one core; there to compare with."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float
from mediapipe.python.solutions.pose import Pose

from models.skeletons import LANDMARK_INDEX
from stages import frames
from stages.contracts import Clip, Detections
from stages.detect.appearance import CHANNELS, look
from stages.detect.config import Config
from stages.detect.cuts import shots
from stages.detect.regions import region_about
from stages.progress import counted

_HIPS: Final = [LANDMARK_INDEX["left_hip"], LANDMARK_INDEX["right_hip"]]
_SHOULDERS: Final = [LANDMARK_INDEX["left_shoulder"], LANDMARK_INDEX["right_shoulder"]]


def detect(config: Config, video: Path, clip: Clip) -> Detections:
    """Run the graph over the clip with its default settings (video mode, full model, its own smoothing).

    It tells neither region nor score nor presence: the region is derived from the landmarks (see `region_of`), score
    and presence are 1 where it reports a person. Of the settings only min_person_score and min_landmark_score count.
    """
    size_px = np.array([clip.width_px, clip.height_px])
    rows = list[np.ndarray]()
    frame_index = list[int]()
    shot_index, looks = list[int](), [np.zeros((0, CHANNELS))]
    with Pose(
        min_detection_confidence=config.min_person_score, min_tracking_confidence=config.min_landmark_score
    ) as graph:
        pictures = counted(frames.read(video, clip), len(clip.timestamps_s), "detect")
        for (index, picture), shot, _ in shots(((index, picture), picture) for index, picture in enumerate(pictures)):
            answer: Any = graph.process(picture)
            if answer.pose_landmarks is not None:
                frame_index.append(index)
                rows.append(_row(answer))
                shot_index.append(shot)
                looks.append(look(picture, rows[-1][None, :, :2] * size_px, rows[-1][None, :, 5]))
    table = np.array(rows).reshape(-1, 33, 6)
    landmarks_px = table[..., :2] * size_px
    rough_m = table[..., 2:5]
    return Detections(
        frame_count=len(clip.timestamps_s),
        frame_index=np.array(frame_index, np.intp),
        region_index=_stretches(np.array(frame_index, np.intp)),
        region=region_of(landmarks_px),
        landmarks_px=landmarks_px,
        rough_m=rough_m - rough_m[:, _HIPS].mean(axis=1, keepdims=True),
        visibility=table[..., 5],
        presence=np.ones(table.shape[:2]),
        score=np.ones(len(table)),
        appearance=np.concatenate(looks),
        shot_index=np.array(shot_index, np.intp),
    )


def region_of(landmarks_px: Float[np.ndarray, "batch 33 2"]) -> Float[np.ndarray, "batch 4"]:
    """The square about the circle round the mid-hip that holds every landmark, upright along the trunk."""
    hip_px = landmarks_px[:, _HIPS].mean(axis=1)
    trunk_px = landmarks_px[:, _SHOULDERS].mean(axis=1) - hip_px
    reach_px = np.linalg.norm(landmarks_px - hip_px[:, None], axis=-1).max(axis=1)
    length_px = np.maximum(np.linalg.norm(trunk_px, axis=-1), 1e-6)
    return region_about(hip_px, hip_px + trunk_px * (reach_px / length_px)[:, None])


def _row(answer: Any) -> Float[np.ndarray, "33 6"]:
    flat, world = answer.pose_landmarks.landmark, answer.pose_world_landmarks.landmark
    pairs = zip(flat, world, strict=True)
    return np.array([[p.x, p.y, w.x, w.y, w.z, p.visibility] for p, w in pairs], np.float64)


def _stretches(frame_index: np.ndarray) -> np.ndarray:
    """Number the runs of frames without a gap: after one, the graph may have found somebody else."""
    return np.cumsum(np.diff(frame_index, prepend=frame_index[:1]) > 1)
