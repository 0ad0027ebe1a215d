"""The detector over whole clips: everybody, in every frame, the same every time."""

import dataclasses
import weakref
from pathlib import Path

import numpy as np
import pytest

from models.errors import ConfigError
from stages import detect, frames, ingest
from stages.contracts import Clip, Detections
from tests.stages.doll import add_doll, backdrop, film

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Clip]:
    pictures = (add_doll(backdrop(360, 480), 160 + 4 * index, 175, 250) for index in range(40))
    return film(tmp_path_factory.mktemp("walk") / "walk.mp4", pictures, rate_hz=60)


@pytest.fixture(scope="module")
def walked(walk: tuple[Path, Clip]) -> Detections:
    return detect.run(detect.Config(), *walk)


def test_one_walker_is_one_region_in_every_frame(walked: Detections) -> None:
    np.testing.assert_array_equal(walked.frame_index, np.arange(40))
    assert set(walked.region_index) == {0}
    assert walked.score.min() > 0.9


def test_a_walker_is_where_he_was_drawn_and_does_not_shake(walked: Detections) -> None:
    hip_px = walked.landmarks_px[:, 23:25].mean(axis=1)
    np.testing.assert_allclose(hip_px[:, 0], 160 + 4 * np.arange(40), atol=6)
    assert np.abs(np.diff(walked.landmarks_px[:, 11:], n=2, axis=0)).mean() < 2.0


def test_two_runs_give_the_same_bytes(walk: tuple[Path, Clip], walked: Detections) -> None:
    again = detect.run(detect.Config(), *walk)
    for field in dataclasses.fields(Detections):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(walked, field.name))


def test_mediapipes_own_graph_sees_the_same_walker(walk: tuple[Path, Clip], walked: Detections) -> None:
    theirs = detect.run(detect.Config(detector="mediapipe", min_person_score=0.5), *walk)
    assert len(theirs.frame_index) >= 38
    common = np.isin(walked.frame_index, theirs.frame_index)
    apart_px = np.linalg.norm(theirs.landmarks_px - walked.landmarks_px[common], axis=-1)
    assert np.median(apart_px) < 0.02 * 250
    np.testing.assert_allclose(theirs.region[:, :2], walked.region[common, :2], atol=0.05 * 250)


def test_the_sample_shows_one_person_in_every_frame_where_the_truth_has_him() -> None:
    truth = np.load(SAMPLES / "walk_truth.npz")
    camera_from_world = np.linalg.inv(truth["world_from_camera"])
    in_camera_m = truth["landmarks_m"] @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    homogeneous = in_camera_m @ truth["camera_matrix"].T
    true_px = homogeneous[..., :2] / homogeneous[..., 2:]
    video = SAMPLES / "walk.mp4"
    seen = detect.run(detect.Config(), video, ingest.run(ingest.Config(), video))
    np.testing.assert_array_equal(seen.frame_index, np.arange(len(true_px)))
    assert set(seen.region_index) == {0}
    height_px = np.ptp(true_px[..., 1], axis=1).mean()
    # 1.3 % when written; the landmarks' own places on the body are known to about 1 %.
    assert np.linalg.norm(seen.landmarks_px - true_px, axis=-1).mean() < 0.02 * height_px


def test_two_people_are_followed_apart(tmp_path: Path) -> None:
    def picture(index: int) -> np.ndarray:
        return add_doll(add_doll(backdrop(400, 640), 150 + 2 * index, 190, 260), 470 - 2 * index, 200, 300)

    seen = detect.run(detect.Config(), *film(tmp_path / "two.mp4", (picture(index) for index in range(20))))
    assert set(seen.region_index) == {0, 1}
    left = seen.landmarks_px[seen.landmarks_px[:, 0, 0] < 320]
    assert len(left) == 20
    assert len(seen.frame_index) == 40


def test_a_blank_video_has_no_sightings(tmp_path: Path) -> None:
    seen = detect.run(detect.Config(), *film(tmp_path / "blank.mp4", (backdrop(240, 320) for _ in range(5))))
    assert seen.frame_count == 5
    assert seen.landmarks_px.shape == (0, 33, 2)


def test_a_longer_video_holds_no_more_pictures_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def most_held(count: int) -> int:
        alive, most = set[int](), 0

        def read(video: Path, clip: Clip):
            nonlocal most
            for index in range(count):
                picture = np.zeros((64, 64, 3), np.uint8)
                alive.add(index)
                weakref.finalize(picture, alive.discard, index)
                most = max(most, len(alive))
                yield picture
                del picture

        monkeypatch.setattr(frames, "read", read)
        clip = Clip(64, 64, np.arange(count) / 30, float("nan"), 0)
        assert detect.run(detect.Config(), Path("none"), clip).frame_count == count
        return most

    # Half a window of 0.4 s, what is decoded ahead and what waits for the second pass.
    assert most_held(30) <= 24
    assert most_held(120) <= 24


@pytest.mark.parametrize(
    "setting", [{"min_landmark_score": 1.5}, {"min_person_score": 0.0}, {"smoothing_s": 0.0}, {"max_people": 0}]
)
def test_an_impossible_setting_is_refused_by_name(setting: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(setting))):
        detect.Config(**setting)
