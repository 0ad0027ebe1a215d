"""Keypoints of other detectors come out as they were written, whoever stands beside, and nonsense is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.bodies.regressors import point_names
from models.errors import InputError
from models.readers import alphapose, mmpose, openpose
from models.readers.given import Said
from tests.models.readers.files import (
    FRAMES,
    pixels,
    rows_of,
    walking,
    write_alphapose,
    write_mmpose,
    write_openpose,
)

SAID = Said()
COCO18 = (
    "Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist RHip RKnee RAnkle LHip LKnee LAnkle REye LEye REar LEar"
)


def _seen(shift_px: float = 0.0) -> np.ndarray:
    """(frames, 26, 3) of Halpe."""
    places = pixels(walking()) + np.array([shift_px, 0.0])
    return np.concatenate([places, np.linspace(0.5, 1, 26)[None, :, None].repeat(FRAMES, 0)], axis=-1)


def test_openpose_of_25_points_reads_back(tmp_path: Path) -> None:
    points = _seen()[:, rows_of("body25")]
    write_openpose(tmp_path / "json", [[frame] for frame in points])
    (person,) = openpose.read(tmp_path / "json", SAID)
    assert person.set_name == "body25" and person.frame_index.tolist() == list(range(FRAMES))
    np.testing.assert_allclose(person.points_px, points[..., :2], atol=1e-9)
    np.testing.assert_allclose(person.confidence, points[..., 2], atol=1e-9)


def test_openpose_of_18_points_lacks_mid_hip_and_feet(tmp_path: Path) -> None:
    names = point_names("body25")
    points = _seen()[:, rows_of("body25")]
    write_openpose(tmp_path / "json", [[frame[[names.index(each) for each in COCO18.split()]]] for frame in points])
    (person,) = openpose.read(tmp_path / "json", SAID)
    there = [names.index(each) for each in COCO18.split()]
    np.testing.assert_allclose(person.points_px[:, there], points[:, there, :2], atol=1e-9)
    missing = sorted(set(range(25)) - set(there))
    assert names[missing[0]] == "MidHip" and len(missing) == 7
    assert (person.confidence[:, missing] == 0).all()


def test_two_people_are_told_apart_by_where_they_were(tmp_path: Path) -> None:
    left, right = (_seen(shift)[:, rows_of("body25")] for shift in (-300, 300))
    frames: list[list[np.ndarray | None]] = [
        [left[k], right[k]] if k % 2 else [right[k], left[k]] for k in range(FRAMES)
    ]
    write_openpose(tmp_path / "json", frames, start=1)
    first, second = openpose.read(tmp_path / "json", SAID)
    assert first.frame_index.tolist() == second.frame_index.tolist() == list(range(FRAMES))
    np.testing.assert_allclose(first.points_px, right[..., :2])
    np.testing.assert_allclose(second.points_px, left[..., :2])


def test_a_point_without_confidence_is_missing_and_nan_too(tmp_path: Path) -> None:
    points = _seen()[:, rows_of("body25")]
    points[2, 4] = 0
    points[3, 7, 0] = np.nan
    write_openpose(tmp_path / "json", [[frame] for frame in points])
    (person,) = openpose.read(tmp_path / "json", SAID)
    assert person.confidence[2, 4] == person.confidence[3, 7] == 0
    assert np.isfinite(person.points_px).all() and (person.points_px[2, 4] == 0).all()


@pytest.mark.parametrize("demo", [False, True])
def test_mmpose_of_coco_reads_back(tmp_path: Path, demo: bool) -> None:
    points = _seen()[:, rows_of("coco17")]
    write_mmpose(tmp_path / "walk.json", points, demo=demo, first=int(demo))
    (person,) = mmpose.read(tmp_path / "walk.json", SAID)
    assert person.set_name == "coco17" and person.frame_index.tolist() == list(range(FRAMES))
    np.testing.assert_allclose(person.points_px, points[..., :2])


def test_mmpose_pictures_in_a_folder_read_back(tmp_path: Path) -> None:
    points = _seen()[:, rows_of("coco17")]
    for frame, each in enumerate(points):
        instance = {"keypoints": each[:, :2].tolist(), "keypoint_scores": each[:, 2].tolist()}
        (tmp_path / f"shot_{frame:04d}.json").write_text(json.dumps([instance]))
    (person,) = mmpose.read(tmp_path, SAID)
    np.testing.assert_allclose(person.points_px, points[..., :2])


def test_the_body_of_halpe_136_and_whole_body_133_is_found(tmp_path: Path) -> None:
    halpe = _seen()
    more = np.concatenate([halpe, np.full((FRAMES, 110, 3), 7.0)], axis=1)
    write_mmpose(tmp_path / "136.json", more)
    (person,) = mmpose.read(tmp_path / "136.json", SAID)
    np.testing.assert_allclose(person.points_px, halpe[..., :2])
    names = point_names("halpe26")
    feet = [names.index(each) for each in ("LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel")]
    whole = np.concatenate([halpe[:, :17], halpe[:, feet], np.full((FRAMES, 110, 3), 7.0)], axis=1)
    write_mmpose(tmp_path / "133.json", whole)
    (person,) = mmpose.read(tmp_path / "133.json", SAID)
    there = [*range(17), *feet]
    np.testing.assert_allclose(person.points_px[:, there], halpe[:, there, :2])
    assert (person.confidence[:, [names.index(each) for each in ("Head", "Neck", "Hip")]] == 0).all()


@pytest.mark.parametrize("numbered", [True, False])
def test_alphapose_reads_back_everybody(tmp_path: Path, numbered: bool) -> None:
    left, right = _seen(-300), _seen(300)
    write_alphapose(tmp_path / "alphapose-results.json", [left, right], numbered=numbered)
    first, second = alphapose.read(tmp_path / "alphapose-results.json", SAID)
    np.testing.assert_allclose(first.points_px, left[..., :2])
    np.testing.assert_allclose(second.points_px, right[..., :2])
    assert first.set_name == "halpe26" and first.confidence.max() <= 1


def test_shares_of_the_picture_are_no_pixels(tmp_path: Path) -> None:
    points = _seen()[:, rows_of("body25")]
    points[..., :2] /= 1280
    write_openpose(tmp_path / "json", [[frame] for frame in points])
    with pytest.raises(InputError, match="shares of the picture"):
        openpose.read(tmp_path / "json", SAID)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "no JSON"),
        ("[]", "people"),
        ('{"people": 3}', "no list"),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "2 numbers"),
        ('{"people": [{"pose_keypoints_2d": ["a"]}]}', "other than numbers"),
        ('{"people": [{"pose_keypoints_2d": [10, 20, 1]}]}', "no known set has 1 points"),
        ('{"people": []}', "shows nobody"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "a_000_keypoints.json").write_text(content)
    with pytest.raises(InputError, match=words):
        openpose.read(tmp_path, SAID)


def test_a_folder_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="0 files"):
        openpose.read(tmp_path, SAID)
    (tmp_path / "keypoints.json").write_text("{}")
    with pytest.raises(InputError, match="no frame number"):
        openpose.read(tmp_path, SAID)
