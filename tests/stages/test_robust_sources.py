"""Sources beyond the plain video: pictures, cameras, slow motion, light beyond the screen's, half pictures, an hour."""

import struct
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.errors import ConfigError, InputError
from pipeline.batch import find_videos
from pipeline.sources import as_video, with_recordings
from pipeline.store import Store
from stages import detect, dynamic_range, frames, ingest, pictures
from tests import videos

SAMPLE = Path(__file__).parents[2] / "samples" / "squat.mp4"
WIDE = "-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le -color_primaries bt2020 -colorspace bt2020nc "


def write_pictures(folder: Path, numbers: range, name: str = "shot_{}.png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        cv2.imwrite(str(folder / name.format(number)), videos.numbered_picture(number)[..., ::-1])
    return folder


def numbers_in(video: Path, config: ingest.Config | None = None) -> list[int]:
    clip = ingest.run(config or ingest.Config(), video)
    return [videos.number_of(picture) for picture in frames.read(video, clip)]


@pytest.mark.parametrize("pattern", ["", "shot_%d.png"])
def test_pictures_become_a_video_in_the_order_of_their_numbers_once(tmp_path, pattern):
    folder = write_pictures(tmp_path / "shots", range(8, 13))
    (folder / "notes.txt").write_text("no picture")
    source, config = folder / pattern, pictures.Config(rate_hz=24.0)
    assert find_videos([source]) == [source]
    for seconds_are_known in (True, False):
        store = Store(tmp_path / "out" / "shot")
        video = as_video(source, "shot", config, store)
        assert (store.records[0].seconds is not None) == seconds_are_known
    assert numbers_in(video) == [8, 9, 10, 11, 12]
    clip = ingest.run(ingest.Config(), video)
    np.testing.assert_allclose(clip.timestamps_s, np.arange(5) / 24, atol=0.0006)
    picture = next(iter(frames.read(video, clip)))
    assert np.abs(picture.astype(int) - videos.numbered_picture(8)).max() <= 4


def test_a_changed_picture_makes_the_video_anew(tmp_path):
    folder, store = write_pictures(tmp_path / "shots", range(3)), Store(tmp_path / "out")
    as_video(folder, "shots", pictures.Config(), store)
    (folder / "shot_1.png").write_bytes((folder / "shot_2.png").read_bytes())
    assert numbers_in(as_video(folder, "shots", pictures.Config(), store)) == [0, 2, 2]


def test_leading_zeros_of_a_pattern_are_asked_for(tmp_path):
    folder = write_pictures(tmp_path / "a", range(2), "x{:04d}.png")
    write_pictures(folder, range(5, 7), "x{}.png")
    assert [path.name for path in pictures.pictures_in(folder / "x%04d.png")] == ["x0000.png", "x0001.png"]


def test_a_photograph_is_turned_as_its_tag_says_and_scaled_to_the_first(tmp_path):
    upright = videos.numbered_picture(5)[..., ::-1]
    lying = cv2.imencode(".jpg", cv2.resize(np.rot90(upright).copy(), None, fx=2, fy=2))[1].tobytes()
    tag = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x112, 3, 1, 6, 0, 0)
    write_pictures(tmp_path / "a", range(1), "0.png")
    (tmp_path / "a" / "1.jpg").write_bytes(lying[:2] + b"\xff\xe1" + struct.pack(">H", len(tag) + 2) + tag + lying[2:])
    assert numbers_in(as_video(tmp_path / "a", "a", pictures.Config(), Store(tmp_path / "out"))) == [0, 5]


def test_pictures_that_are_none_are_told(tmp_path):
    folder = write_pictures(tmp_path / "a", range(2))
    (folder / "shot_1.png").write_bytes(b"no picture at all")
    with pytest.raises(InputError, match=r"shot_1\.png (is not a video|holds no picture)"):
        as_video(folder, "a", pictures.Config(), Store(tmp_path / "out"))
    assert not list((tmp_path / "out").iterdir())
    with pytest.raises(InputError, match=r"there is no picture .*nothing_%03d\.png"):
        as_video(tmp_path / "nothing_%03d.png", "a", pictures.Config(), Store(tmp_path / "out"))
    for wrong in ({"rate_hz": 0.0}, {"seconds": -1.0}):
        with pytest.raises(ConfigError):
            pictures.Config(**wrong)


class FakeCamera:
    """Shows numbered pictures at 100 Hz, as cv2.VideoCapture would."""

    def __init__(self, *, is_there: bool = True, most: int = 1000) -> None:
        self.is_there, self.most, self.shown, self.released = is_there, most, 0, False
        self.now_s = 100.0

    def isOpened(self) -> bool:  # noqa: N802
        return self.is_there

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.shown += 1
        self.now_s += 0.01
        is_more = self.shown <= self.most
        return is_more, videos.numbered_picture(self.shown % 256)[..., ::-1] if is_more else None

    def monotonic(self) -> float:
        return self.now_s

    def release(self) -> None:
        self.released = True


def test_a_camera_is_recorded_and_the_recording_is_a_video(tmp_path, monkeypatch):
    camera = FakeCamera()
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: camera)
    monkeypatch.setattr(pictures, "time", camera)
    config = pictures.Config(seconds=0.3)
    video, other = with_recordings([Path("camera:0"), Path("a.mp4")], config, tmp_path)
    assert other == Path("a.mp4") and video.parent == tmp_path / "recordings" and camera.released
    assert numbers_in(video) == list(range(1, 32))
    np.testing.assert_allclose(ingest.run(ingest.Config(), video).timestamps_s, np.arange(31) / 100, atol=0.0011)
    assert [path.name for path in tmp_path.rglob("*.mkv")] == [video.name]


def test_a_camera_that_is_not_there_or_shows_nothing_is_told(tmp_path):
    for camera, problem in ((FakeCamera(is_there=False), "cannot be opened"), (FakeCamera(most=0), "shows no picture")):
        with pytest.raises(InputError, match=f"camera 3 {problem}"):
            pictures.record(pictures.Config(), 3, to=tmp_path / "a.mkv", camera=camera)
        assert camera.released


@pytest.mark.parametrize("factor", [8.0, 7.3, 0.5])
def test_slow_motion_divides_the_times_and_loses_no_frame(tmp_path, factor):
    video = videos.encode(tmp_path / "a.mp4", "-c:v libx264 -bf 2", rate_hz="30000/1001")
    config = ingest.Config(slow_motion=factor)
    assert numbers_in(video, config) == list(range(12))
    np.testing.assert_allclose(
        ingest.run(config, video).timestamps_s * factor, ingest.run(ingest.Config(), video).timestamps_s, atol=1e-12
    )


def test_a_phone_that_recorded_faster_than_it_shows_is_told(tmp_path, caplog):
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(4), metadata={"com.android.capture.fps": "240.0"})
    ingest.run(ingest.Config(), video)
    assert "recorded at 240 Hz: --slow-motion 8 gives the times of life" in caplog.text
    caplog.clear()
    ingest.run(ingest.Config(slow_motion=8.0), video)
    assert caplog.text == ""
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(ConfigError, match="slow_motion"):
            ingest.Config(slow_motion=wrong)


@pytest.mark.parametrize("curve", ["smpte2084", "arib-std-b67"])
def test_light_beyond_the_screens_becomes_light_on_it(tmp_path, curve):
    """The dark grey of the picture, 40 of 255 as signal, is next to no light in both curves."""
    high = videos.encode(tmp_path / "high.mp4", WIDE + f"-color_trc {curve}", count=1)
    clip = ingest.run(ingest.Config(), high)
    picture = next(iter(frames.read(high, clip)))
    assert picture.dtype == np.uint8 and picture[3, 3].min() > 245 and np.ptp(picture[50, 100].astype(int)) <= 2
    film = frames.small_picture(next(frames.read_frames(high, clip)), (96, 48))
    luma = 16 + 219 * int(picture[50, 100, 1]) / 255
    assert abs(film[25, 50] - luma) < 3


def test_paper_white_grey_and_the_brightest_lie_where_the_standards_put_them():
    """0.5805 of PQ and 0.75 of HLG are 203 cd/m2 (BT.2408), a fifth of the brightest."""
    for curve, white in ((dynamic_range.PQ, 0.5807), (dynamic_range.HLG, 0.75)):
        light = dynamic_range._light_of_signal(curve)
        assert light[0] == 0 and light[-1] == 1 and (np.diff(light) >= 0).all()
        assert light[round(white * 1023)] == pytest.approx(0.5 * (1 + (203 / 1000) ** 2), abs=0.005)
    np.testing.assert_allclose(dynamic_range._narrow_from_wide().sum(axis=1), 1, atol=1e-5)


def test_half_pictures_of_two_moments_do_not_mix(tmp_path):
    path = half_pictures(tmp_path / "a.mp4")
    clip = ingest.run(ingest.Config(), path)
    for picture in frames.read(path, clip):
        rows = picture[8:-8, :, 1].astype(int)
        assert np.abs(np.diff(rows, axis=0)).max() < 30


def half_pictures(path: Path) -> Path:
    """A bar that moves between the half pictures stands in the even rows of the first one only."""
    options = "-vf tinterlace=interleave_top,setfield=tff -c:v libx264 -crf 1 -flags +ildct+ilme -pix_fmt yuv420p"
    raw = np.full((8, 96, 192, 3), 20, np.uint8)
    for number in range(8):
        raw[number, :, 20 * number : 20 * number + 12] = 250
    form = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "192x96", "-r", "60", "-i", "-")
    videos.ffmpeg(*form, *options.split(), str(path), given=raw.tobytes())
    return path


@pytest.mark.parametrize("size_px", [(192, 96), (96, 48)])
def test_films_of_interlaced_ones_show_one_half_picture_too(tmp_path, size_px):
    path = half_pictures(tmp_path / "a.mp4")
    clip = ingest.run(ingest.Config(), path)
    share = size_px[0] / 192
    for number, frame in enumerate(frames.read_frames(path, clip)):
        luma = frames.planes_420(frames.small_picture(frame, size_px))[0].astype(int)
        assert np.abs(np.diff(luma[8:-8], axis=0)).max() < 30
        bright = np.flatnonzero(luma[len(luma) // 2] > 100)
        # The bar of the other half picture stands 20 pixels beside.
        assert np.ptp(bright) < 14 * share
        assert abs(bright.mean() - (40 * number + 5.5) * share) < 1.5


def test_an_hour_is_read_from_its_first_to_its_last_frame(tmp_path):
    video = videos.encode(tmp_path / "hour.mp4", "-c:v libx264 -preset ultrafast -g 600", rate_hz="1", count=3600)
    clip = ingest.run(ingest.Config(), video)
    assert (len(clip.timestamps_s), clip.timestamps_s[-1]) == (3600, 3599)
    last = ingest.run(ingest.Config(time_range_s=(3597.0, 9000.0)), video)
    assert [videos.number_of(picture) for picture in frames.read(video, last)] == [
        number % 256 for number in (3597, 3598, 3599)
    ]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_the_person_stands_upright_however_the_phone_was_held(tmp_path, turn):
    clip = ingest.run(ingest.Config(max_frames=3), SAMPLE)
    stored = [np.rot90(picture, -turn // 90) for picture in frames.read(SAMPLE, clip)]
    path = tmp_path / "held.mp4"
    pictures.write_video(tmp_path / "plain.mkv", ((k / 30, p) for k, p in enumerate(stored)), {"crf": "10"})
    videos.ffmpeg("-display_rotation", str(turn), "-i", str(tmp_path / "plain.mkv"), "-c", "copy", str(path))
    held = ingest.run(ingest.Config(), path)
    assert (held.width_px, held.height_px) == (clip.width_px, clip.height_px)
    found = detect.run(detect.Config(), path, held)
    nose, ankles = found.landmarks_px[:, 0], found.landmarks_px[:, 27:29].mean(axis=1)
    assert len(nose) == 3 and (ankles[:, 1] - nose[:, 1] > 0.3 * held.height_px).all()


def test_a_pixel_twice_as_wide_as_high_keeps_a_person_as_slim_as_he_is(tmp_path):
    path = videos.write_video(tmp_path / "a.mp4", videos.steady(2), pixel_aspect=Fraction(1, 2))
    assert ingest.run(ingest.Config(), path).width_px == videos.WIDTH_PX // 2
