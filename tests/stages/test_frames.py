"""Frames come upright, square, in order and one at a time."""

import tracemalloc
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from models.errors import InputError
from stages import frames, ingest
from tests import videos


def clip_and_pictures(video: Path, **choices) -> tuple:
    clip = ingest.run(ingest.Config(**choices), video)
    return clip, list(frames.read(video, clip))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".ts"])
def test_every_time_stamp_gets_its_own_picture(tmp_path, suffix):
    video = videos.write_video(tmp_path / f"a{suffix}", videos.steady(50))
    clip, pictures = clip_and_pictures(video)
    assert [videos.number_of(picture) for picture in pictures] == list(range(50))
    np.testing.assert_allclose(clip.timestamps_s, videos.steady(50), atol=1e-3)


def test_chosen_frames_are_the_ones_read(tmp_path):
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(60))
    _, pictures = clip_and_pictures(video, time_range_s=(0.5, 1.5), max_frames=20)
    assert [videos.number_of(picture) for picture in pictures] == list(range(15, 35))


@pytest.mark.parametrize("suffix", [".mp4", ".ts", ".avi"])
@pytest.mark.parametrize(("start", "step"), [(0, 2), (1, 3)])
def test_frames_that_are_passed_over_change_no_other(tmp_path, suffix, start, step):
    video = videos.write_video(tmp_path / f"a{suffix}", videos.steady(60))
    clip, pictures = clip_and_pictures(video)
    few = replace(clip, timestamps_s=clip.timestamps_s[start::step])
    np.testing.assert_array_equal(list(frames.read(video, few)), pictures[start::step])


def test_a_frame_on_which_no_other_is_built_is_not_decoded_unless_it_is_shown(tmp_path):
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(60))
    with frames.open_video(video) as container:
        times_s = [moment.time_s for moment in frames.decode(container) if moment]
    with frames.open_video(video) as container:
        few = [moment.time_s for moment in frames.decode(container, set(times_s[::2])) if moment]
    assert set(times_s[::2]) <= set(few) <= set(times_s)
    assert len(few) < len(times_s)


@pytest.mark.parametrize(
    ("rotation", "corner", "shape"),
    [
        (0, "upper left", (96, 192, 3)),
        (90, "lower left", (192, 96, 3)),
        (180, "lower right", (96, 192, 3)),
        (-90, "upper right", (192, 96, 3)),
    ],
)
def test_a_rotation_tag_turns_the_picture_counter_clockwise(tmp_path, rotation, corner, shape):
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(5), rotation=rotation)
    clip, pictures = clip_and_pictures(video)
    assert pictures[0].shape == shape == (clip.height_px, clip.width_px, 3)
    assert videos.bright_corner(pictures[0]) == corner
    assert pictures[0].flags.c_contiguous


@pytest.mark.parametrize(("rotation", "shape", "block"), [(0, (96, 256, 3), (16, 21)), (90, (256, 96, 3), (21, 16))])
def test_wide_pixels_become_square_along_the_stored_width(tmp_path, rotation, shape, block):
    wide = Fraction(4, 3)
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(5), rotation=rotation, pixel_aspect=wide)
    _, pictures = clip_and_pictures(video)
    assert pictures[0].shape == shape
    bright = np.argwhere(pictures[0][..., 1] > 128)
    np.testing.assert_allclose(np.ptp(bright, axis=0) + 1, block, atol=1)


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv444p"])
def test_other_pixel_formats_become_the_same_picture(tmp_path, pixel_format):
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(5), pixel_format=pixel_format)
    _, pictures = clip_and_pictures(video)
    np.testing.assert_allclose(pictures[2].astype(int), videos.numbered_picture(2).astype(int), atol=12)


def test_damage_in_the_middle_costs_its_own_frames_only(tmp_path):
    whole = videos.write_video(tmp_path / "a.mp4", videos.steady(200))
    video = videos.damaged(whole, tmp_path / "b.mp4", 0.5, 0.55)
    clip, pictures = clip_and_pictures(video)
    numbers = np.array([videos.number_of(picture) for picture in pictures])
    assert clip.damaged_packets > 0
    assert 170 <= len(clip.timestamps_s) == len(pictures) < 200
    assert numbers[-1] == 199
    right = np.isclose(clip.timestamps_s * 30, numbers, atol=0.01)
    assert right.mean() > 0.95


def test_reading_says_when_the_video_is_another_one(tmp_path):
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(30))
    clip = ingest.run(ingest.Config(), video)
    videos.write_video(video, videos.steady(20))
    with pytest.raises(InputError, match=r"no longer holds a frame at 0\.66"):
        list(frames.read(video, clip))


def test_a_long_video_is_never_held_whole(tmp_path):
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(600))
    clip = ingest.run(ingest.Config(), video)
    tracemalloc.start()
    seen = sum(1 for _ in frames.read(video, clip))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == 600
    assert peak_bytes < 8 * videos.WIDTH_PX * videos.HEIGHT_PX * 3


@pytest.mark.parametrize(
    ("rotation", "corner", "size_px"),
    [(0, "upper left", (96, 48)), (90, "lower left", (48, 96)), (180, "lower right", (96, 48))],
)
def test_a_small_picture_is_upright_and_shows_the_same(tmp_path, rotation, corner, size_px):
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(1), rotation=rotation)
    clip, (picture,) = clip_and_pictures(video)
    (frame,) = frames.read_frames(video, clip)
    small = frames.small_picture(frame, size_px)
    assert small.shape == (size_px[1] * 3 // 2, size_px[0])
    luma, blue, red = frames.planes_420(small)
    assert videos.bright_corner(luma[..., None]) == corner
    assert luma.mean() == pytest.approx(16 + picture.mean() * 219 / 255, abs=1)
    assert abs(blue.mean() - 128) < 1
    assert abs(red.mean() - 128) < 1


@pytest.mark.parametrize("colour", [(200, 60, 40), (30, 180, 90), (255, 255, 255)])
@pytest.mark.parametrize("written", [Colorspace.ITU601, Colorspace.ITU709])
def test_small_pictures_are_in_one_colour_matrix_whatever_the_video_s(colour, written):
    rgb = VideoFrame.from_ndarray(np.full((96, 128, 3), colour, np.uint8))
    for video_range in (ColorRange.MPEG, ColorRange.JPEG):
        frame = rgb.reformat(format="yuv420p", dst_colorspace=written, dst_color_range=video_range)
        frame.colorspace, frame.color_range = int(written), int(video_range)
        planes = frames.planes_420(frames.small_picture(frame, (64, 48)))
        red, green, blue = np.array(colour) / 255
        light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        expected = 16 + 219 * light, 128 + 224 * (blue - light) / 1.8556, 128 + 224 * (red - light) / 1.5748
        np.testing.assert_allclose([plane.mean() for plane in planes], expected, atol=2.5)
