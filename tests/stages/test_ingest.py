"""Videos are measured truly, and what cannot be used is refused in plain words."""

import logging
import math

import numpy as np
import pytest

from models.errors import ConfigError, InputError
from stages import ingest
from tests import videos


def test_a_variable_rate_keeps_its_own_times(tmp_path):
    rng = np.random.default_rng(0)
    times_s = np.cumsum(rng.choice([0.02, 0.04, 0.1], 60)) - 0.02
    clip = ingest.run(ingest.Config(), videos.write_video(tmp_path / "a.mp4", times_s))
    np.testing.assert_allclose(clip.timestamps_s, times_s - times_s[0], atol=1e-4)


def test_time_starts_with_the_first_frame_of_the_video(tmp_path):
    video = videos.write_video(tmp_path / "a.ts", videos.steady(30) + 5)
    assert ingest.run(ingest.Config(), video).timestamps_s[0] == 0
    assert ingest.run(ingest.Config(time_range_s=(0.5, 9.0)), video).timestamps_s[0] == pytest.approx(0.5, abs=1e-4)


def test_a_time_range_holds_its_start_and_not_its_end(tmp_path):
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(30, 10))
    clip = ingest.run(ingest.Config(time_range_s=(0.5, 1.0)), video)
    np.testing.assert_allclose(clip.timestamps_s, [0.5, 0.6, 0.7, 0.8, 0.9])


def test_avi_with_reordered_frames_has_rising_times(tmp_path):
    clip = ingest.run(ingest.Config(), videos.write_video(tmp_path / "a.avi", videos.steady(60)))
    assert len(clip.timestamps_s) > 50
    np.testing.assert_allclose(np.diff(clip.timestamps_s), 1 / 30, atol=0.035)


def test_a_phone_says_its_focal_length(tmp_path):
    video = videos.write_video(tmp_path / "a.mov", videos.steady(5), metadata={ingest.FOCAL_LENGTH_KEY: "26"})
    clip = ingest.run(ingest.Config(), video)
    diagonal_px = math.hypot(videos.WIDTH_PX, videos.HEIGHT_PX)
    assert clip.focal_length_px == pytest.approx(26 / 43.27 * diagonal_px, rel=1e-4)


@pytest.mark.parametrize("said", [{}, {ingest.FOCAL_LENGTH_KEY: "wide"}, {ingest.FOCAL_LENGTH_KEY: "0"}])
def test_without_a_usable_focal_length_there_is_none(tmp_path, said):
    clip = ingest.run(ingest.Config(), videos.write_video(tmp_path / "a.mov", videos.steady(5), metadata=said))
    assert math.isnan(clip.focal_length_px)


def test_a_colon_in_a_name_is_part_of_the_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(5)).rename(tmp_path / "http:a.mp4")
    assert len(ingest.run(ingest.Config(), video.relative_to(tmp_path)).timestamps_s) == 5


def test_a_cut_file_gives_every_frame_before_the_cut_and_a_warning(tmp_path, caplog):
    whole = videos.write_video(tmp_path / "a.mp4", videos.steady(100), index_first=True)
    video = videos.cut(whole, tmp_path / "b.mp4", 0.7)
    with caplog.at_level(logging.WARNING):
        clip = ingest.run(ingest.Config(), video)
    assert len(clip.timestamps_s) == videos.whole_packets(video) < 100
    assert clip.damaged_packets == 1
    assert "b.mp4: 1 damaged" in caplog.text


@pytest.mark.parametrize("start", [0.4, 0.75])
def test_times_rise_where_damage_makes_the_decoder_repeat_itself(tmp_path, start):
    whole = videos.write_video(tmp_path / "a.mp4", videos.steady(60))
    clip = ingest.run(ingest.Config(), videos.damaged(whole, tmp_path / "b.mp4", start, start + 0.02))
    assert np.all(np.diff(clip.timestamps_s) > 0)
    assert 45 < len(clip.timestamps_s) < 60


def broken_file(folder, kind):
    path = folder / f"{kind}.mp4"
    whole = videos.write_video(folder / "whole.mp4", videos.steady(30))
    match kind:
        case "missing":
            pass
        case "folder":
            path.mkdir()
        case "empty":
            path.touch()
        case "text":
            path.write_text("no video\n" * 100)
        case "zeros":
            path.write_bytes(bytes(10_000))
        case "sound":
            videos.write_sound(path)
        case "cover":
            videos.write_sound(path, cover=True)
        case "noise":
            videos.damaged(whole, path, 0, 1)
        case "cut":
            videos.cut(whole, path, 0.5)
        case "codec":
            path.write_bytes(whole.read_bytes().replace(b"avc1", b"zzz1"))
    return path


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("missing", "does not exist. Check the path"),
        ("folder", "is a folder. Name a video file"),
        ("empty", "is empty. Copy the file again"),
        ("text", "is not a video. Choose a video file"),
        ("zeros", "is not a video. Choose a video file"),
        ("sound", "holds sound or data but no moving pictures. Choose a file"),
        ("cover", "holds sound or data but no moving pictures. Choose a file"),
        ("noise", "holds no frame that can be decoded and has a time. Copy the file again"),
        ("cut", "is cut off: the index at its end is missing. Copy the whole file"),
        ("codec", "is in a codec that is not known here. Convert it"),
    ],
)
def test_each_unusable_file_has_its_own_message(tmp_path, kind, problem, capfd):
    path = broken_file(tmp_path, kind)
    capfd.readouterr()
    with pytest.raises(InputError) as caught:
        ingest.run(ingest.Config(), path)
    assert str(caught.value).startswith(f"{path} {problem}")
    assert capfd.readouterr() == ("", "")


def test_a_time_range_outside_the_clip_names_the_times_that_exist(tmp_path):
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(31))
    with pytest.raises(InputError, match=r"time_range_s \(5\.0, 6\.0\)\. Choose times from 0 to 1\.000 s"):
        ingest.run(ingest.Config(time_range_s=(5.0, 6.0)), video)


@pytest.mark.parametrize("max_frames", [0, -3])
def test_fewer_than_one_frame_is_refused(max_frames):
    with pytest.raises(ConfigError, match=f"max_frames is {max_frames}"):
        ingest.Config(max_frames=max_frames)


@pytest.mark.parametrize("time_range_s", [(2.0, 2.0), (3.0, 1.0), (-1.0, 1.0), (math.nan, 1.0)])
def test_an_impossible_time_range_is_refused(time_range_s):
    with pytest.raises(ConfigError, match="time_range_s runs from"):
        ingest.Config(time_range_s=time_range_s)
