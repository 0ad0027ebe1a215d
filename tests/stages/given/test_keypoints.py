"""Another detector's keypoints take the place of ours where they show the same person, and nowhere else."""

import numpy as np
import pytest

from models.bodies.regressors import point_names
from models.errors import InputError
from models.readers.given import PicturePoints
from models.skeletons import LANDMARK_INDEX
from stages.contracts import Detections
from stages.given.keypoints import put_in
from tests.models.readers.files import BODY, FRAMES, pixels, walking

NAMES = point_names("halpe26")
SHARED = {
    "LShoulder": "left_shoulder",
    "RKnee": "right_knee",
    "Nose": "nose",
    "LHeel": "left_heel",
    "RBigToe": "right_foot_index",
}


def _detections() -> Detections:
    """Everybody's landmarks at the middle of the hips but for those that both sets have."""
    places = np.repeat(pixels(walking())[:, [NAMES.index("Hip")]], 33, axis=1)
    for name, landmark in SHARED.items():
        places[:, LANDMARK_INDEX[landmark]] = pixels(walking())[:, NAMES.index(name)]
    for name in ("LHip", "RHip", "LKnee", "LAnkle", "RAnkle", "LElbow", "RElbow", "LWrist", "RWrist", "RShoulder"):
        landmark = name.replace("L", "left_", 1) if name[0] == "L" else name.replace("R", "right_", 1)
        places[:, LANDMARK_INDEX[landmark.lower()]] = pixels(walking())[:, NAMES.index(name)]
    count = len(places)
    return Detections(
        frame_count=FRAMES, frame_index=np.arange(count), region_index=np.zeros(count, int),
        region=np.ones((count, 4)), landmarks_px=places, rough_m=np.zeros((count, 33, 3)),
        visibility=np.full((count, 33), 0.9), presence=np.ones((count, 33)), score=np.ones(count),
        appearance=np.zeros((count, 2)), shot_index=np.zeros(count, int),
    )  # fmt: skip


def _keypoints(shift_px: float) -> PicturePoints:
    confidence = np.full((FRAMES, len(BODY)), 0.8)
    confidence[:, NAMES.index("RKnee")] = 0.0
    return PicturePoints("0", "halpe26", np.arange(FRAMES), pixels(walking()) + shift_px, confidence)


def test_known_points_are_taken_and_others_kept() -> None:
    before, after = _detections(), put_in(_detections(), (_keypoints(4.0),), "x")
    for name in ("LShoulder", "Nose", "LHeel", "RBigToe"):
        row = LANDMARK_INDEX[SHARED[name]]
        np.testing.assert_allclose(after.landmarks_px[:, row], before.landmarks_px[:, row] + 4)
        assert (after.visibility[:, row] == 0.8).all()
    for name in ("right_knee", "left_pinky", "mouth_left"):
        row = LANDMARK_INDEX[name]
        np.testing.assert_allclose(after.landmarks_px[:, row], before.landmarks_px[:, row])
        assert (after.visibility[:, row] == 0.9).all()
    np.testing.assert_array_equal(after.rough_m, before.rough_m)


def test_somebody_elsewhere_is_not_taken() -> None:
    beside = put_in(_detections(), (_keypoints(800.0), _keypoints(2.0)), "x")
    row = LANDMARK_INDEX["nose"]
    np.testing.assert_allclose(beside.landmarks_px[:, row], _detections().landmarks_px[:, row] + 2)
    with pytest.raises(InputError, match="nobody in x"):
        put_in(_detections(), (_keypoints(800.0),), "x")
