"""One small video for every way in which videos differ: the right frames at the right times, upright, or a refusal.

Left out of the table:
- matroska with times below zero: the first frames come without a stamp, and those who write it avoid it;
- animated WebP: only later versions of the decoding library read it;
- VC-1 and RealVideo 4: the ffmpeg program has no encoder;
- stamps that leap back within one stream: the ffmpeg program mends them while writing; two joined files stand for it;
- SVG: not read.

Numbered pictures, folders of them, cameras, slow motion, an hour, light beyond the screen's, half pictures and who
stands upright are in test_robust_sources.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError
from stages import frames, ingest
from tests import videos
from tests.fuzz.broken_video import GOOD as GOOD_TO_BREAK
from tests.fuzz.broken_video import broken, count_by_ffmpeg, recover, write_good

H264 = "-c:v libx264 -pix_fmt yuv420p "
HEVC = "-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le "
BT2020 = HEVC + "-color_primaries bt2020 -colorspace bt2020nc "
MPEG2 = "-c:v mpeg2video -q:v 2 "
VP9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 "
CROPPED = "-vf crop=191:95:0:0 "


@dataclass(frozen=True, kw_only=True)
class Video:
    """How a video is encoded and what has to come out of it.

    Attributes:
        again: copied once more by the ffmpeg program with these options, "IN" and "OUT" standing for the files.
        numbers: those of the pictures expected; all, unless told.
        times_s: when they are shown; at the constant rate, unless told.
        tolerance_s: half a tick of the container's clock, or more.
    """

    options: str = H264
    rate_hz: str = "30"
    count: int = 12
    size_px: tuple[int, int] = (videos.WIDTH_PX, videos.HEIGHT_PX)
    again: str = ""
    numbers: tuple[int, ...] | None = None
    times_s: tuple[float, ...] | None = None
    tolerance_s: float = 0.0011


GOOD = {
    "rotated by 0.mp4": Video(again="-i IN -c copy OUT"),
    "rotated by 90.mp4": Video(options=H264 + "-vf transpose=1", again="-display_rotation 90 -i IN -c copy OUT"),
    "rotated by 180.mov": Video(options=H264 + "-vf hflip,vflip", again="-display_rotation 180 -i IN -c copy OUT"),
    "rotated by 270.mp4": Video(options=H264 + "-vf transpose=2", again="-display_rotation 270 -i IN -c copy OUT"),
    "rotated.mkv": Video(options=H264 + "-vf transpose=1", again="-display_rotation 90 -i IN -c copy OUT"),
    "pixels wide.mp4": Video(options=H264 + "-vf scale=144:96,setsar=4/3"),
    "pixels narrow.mkv": Video(options=H264 + "-vf scale=384:96,setsar=1/2"),
    "pixels wide and rotated.mp4": Video(
        options=H264 + "-vf transpose=1,scale=72:192,setsar=4/3",
        again="-display_rotation 90 -i IN -c copy OUT",
    ),
    "23.976 Hz.mp4": Video(rate_hz="24000/1001"),
    "24 Hz.mkv": Video(rate_hz="24"),
    "25 Hz.mov": Video(rate_hz="25"),
    "29.97 Hz.ts": Video(rate_hz="30000/1001"),
    "50 Hz.mp4": Video(rate_hz="50"),
    "59.94 Hz.mp4": Video(rate_hz="60000/1001"),
    "120 Hz.mp4": Video(rate_hz="120"),
    "240 Hz.mp4": Video(rate_hz="240"),
    "rate that changes.mp4": Video(
        options=H264 + "-vf setpts=if(lt(N\\,6)\\,N\\,N*3)/30/TB -fps_mode passthrough",
        times_s=(*(n / 30 for n in range(6)), *(n / 10 for n in range(6, 12))),
    ),
    "interlaced H.264.mp4": Video(options=H264 + "-flags +ildct+ilme -x264opts tff=1"),
    "interlaced MPEG-2.ts": Video(options=MPEG2 + "-flags +ildct+ilme", rate_hz="25"),
    "HEVC of 10 bits.mp4": Video(options=HEVC + "-tag:v hvc1"),
    "HDR by PQ.mp4": Video(options=BT2020 + "-color_trc smpte2084"),
    "HDR by HLG.mov": Video(options=BT2020 + "-color_trc arib-std-b67"),
    "AV1.mp4": Video(options="-c:v libsvtav1 -preset 13"),
    "AV1.mkv": Video(options="-c:v libaom-av1 -cpu-used 8 -usage realtime"),
    "VP8.webm": Video(options="-c:v libvpx"),
    "VP9.webm": Video(options=VP9),
    "VP9 with transparency.webm": Video(options=VP9 + "-pix_fmt yuva420p"),
    "ProRes.mov": Video(options="-c:v prores_ks"),
    "ProRes 4444.mov": Video(options="-c:v prores_ks -pix_fmt yuva444p10le"),
    "MJPEG.avi": Video(options="-c:v mjpeg"),
    "MJPEG.mov": Video(options="-c:v mjpeg"),
    "GIF.gif": Video(options="", rate_hz="25"),
    "animated PNG.apng": Video(options="-plays 0"),
    "H.264 that is reordered.avi": Video(options=H264 + "-bf 2 -g 6"),
    "MPEG-4 that is reordered.avi": Video(options="-c:v mpeg4 -q:v 2 -bf 2"),
    "raw.avi": Video(options="-c:v rawvideo -pix_fmt bgr24"),
    "MPEG-1.mpg": Video(options="-c:v mpeg1video -q:v 2", rate_hz="25"),
    "MPEG-2.mxf": Video(options=MPEG2, rate_hz="25"),
    "WMV.wmv": Video(options="-c:v wmv2 -q:v 2"),
    "H.264.flv": Video(),
    "Theora.ogv": Video(options="-c:v libtheora -q:v 9"),
    "phone of old.3gp": Video(),
    "PNG.mov": Video(options="-c:v png"),
    "grey of 16 bits.mkv": Video(options="-c:v ffv1 -pix_fmt gray16le"),
    "odd sides.mkv": Video(options=CROPPED + "-c:v ffv1", size_px=(191, 95)),
    "odd sides.mp4": Video(options=CROPPED + "-c:v libx264 -pix_fmt yuv444p", size_px=(191, 95)),
    "odd sides.webm": Video(options=CROPPED + VP9, size_px=(191, 95)),
    "odd sides.gif": Video(options=CROPPED, size_px=(191, 95), rate_hz="25"),
    "one frame.mp4": Video(count=1),
    "one frame.avi": Video(count=1),
    "one frame.gif": Video(options="", count=1),
    "one picture.png": Video(options="-frames:v 1", count=1),
    "two videos.mkv": Video(again="-i IN -i IN -map 0:v -map 1:v -c:v:0 copy -filter:v:1 negate OUT"),
    "cover art.mp4": Video(
        again="-i IN -f lavfi -i color=red:r=10:d=0.1 -map 1:v -map 0:v -c:v:0 mjpeg -c:v:1 copy "
        "-disposition:v:0 attached_pic OUT"
    ),
    "sound first.mp4": Video(again="-i IN -f lavfi -i anullsrc -map 1:a -map 0:v -c:v copy -c:a aac -t 0.4 OUT"),
    "subtitles and data.mkv": Video(again="-i IN -attach IN -metadata:s:t mimetype=text/plain -c copy OUT"),
    "starts below zero.mp4": Video(
        options=H264 + "-bf 2 -avoid_negative_ts disabled -movflags negative_cts_offsets -output_ts_offset -0.1",
        numbers=tuple(range(3, 12)),
        times_s=tuple(n / 30 for n in range(9)),
    ),
    "starts late.mkv": Video(options=H264 + "-output_ts_offset 100"),
    "clock runs over.ts": Video(options=H264 + "-output_ts_offset 95443.5"),
    "begins where a list of edits says.mp4": Video(
        options=H264 + "-g 4 -bf 0",
        again="-ss 0.2 -i IN -c copy OUT",
        numbers=tuple(range(6, 12)),
        times_s=tuple(n / 30 for n in range(6)),
    ),
    "open groups.mp4": Video(options=H264 + "-bf 3 -x264opts open-gop=1 -g 5"),
    "fragments.mp4": Video(options=H264 + "-g 4 -movflags frag_keyframe+empty_moov"),
    "no time stamps.h264": Video(options=H264 + "-bf 2"),
    "no time stamps.hevc": Video(options=HEVC),
    "no time stamps.m2v": Video(options=MPEG2, rate_hz="25"),
    "time stamps twice.mkv": Video(
        options=H264 + "-bf 0",
        again="-i IN -c copy -bsf:v setts=ts=floor(N/2)/15/TB OUT",
        numbers=tuple(range(0, 12, 2)),
        times_s=tuple(n / 15 for n in range(6)),
    ),
    "one time stamp far off.mp4": Video(
        options=H264 + "-bf 0", again="-i IN -c copy -bsf:v setts=pts=if(eq(N\\,5)\\,PTS+60/TB\\,PTS) OUT"
    ),
    "time stamps leap ahead.ts": Video(
        options=H264 + "-bf 0", again="-i IN -c copy -copyts -bsf:v setts=ts=if(lt(N\\,6)\\,TS\\,TS+9000000) OUT"
    ),
    "wrong extension.avi": Video(options=H264 + "-f mp4"),
    "no extension": Video(options=H264 + "-f matroska"),
    "Latin-1 in its words.mkv": Video(again="-i IN -metadata comment=XYZZY -c copy OUT"),
}


def made(folder: Path, name: str) -> Path:
    video = GOOD[name]
    path = videos.encode(folder / name, video.options, rate_hz=video.rate_hz, count=video.count)
    if video.again:
        source = path.rename(folder / f"source{path.suffix}")
        places = {"IN": str(source), "OUT": str(path)}
        videos.ffmpeg(*(places.get(word, word) for word in video.again.split()))
    if name.startswith("Latin-1"):
        path.write_bytes(path.read_bytes().replace(b"XYZZY", "Grüße".encode("latin-1")))
    return path


@pytest.mark.parametrize("name", GOOD)
def test_every_frame_is_right_and_in_time(tmp_path, name):
    video = GOOD[name]
    path = made(tmp_path, name)
    clip = ingest.run(ingest.Config(), path)
    pictures = list(frames.read(path, clip))
    times_s = video.times_s or videos.steady(video.count, rate_of(video.rate_hz))
    assert (clip.width_px, clip.height_px) == video.size_px
    assert [videos.number_of(picture) for picture in pictures] == list(video.numbers or range(video.count))
    assert min(picture[3, 3].min() for picture in pictures) > 200
    tolerance_s = 0.006 if path.suffix == ".gif" else video.tolerance_s
    np.testing.assert_allclose(clip.timestamps_s, times_s, atol=tolerance_s)
    assert clip.damaged_packets == 0


def rate_of(rate_hz: str) -> float:
    numerator, _, denominator = rate_hz.partition("/")
    return int(numerator) / int(denominator or 1)


def part(fraction: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(len(content) * fraction)]


def noise(start: float, size: int) -> Callable[[bytes], bytes]:
    def spoil(content: bytes) -> bytes:
        at = int(len(content) * start)
        return (content[:at] + np.random.default_rng(0).bytes(size) + content[at + size :])[: len(content)]

    return spoil


GRAINY = "-vf noise=alls=12:allf=t "
PLAIN = H264 + GRAINY + "-g 8 -bf 2 "
INDEX_FIRST = PLAIN + "-movflags +faststart"
MPEG4 = "-c:v mpeg4 -q:v 4 -bf 2 " + GRAINY
NOT_A_VIDEO = "is not a video. Choose a video file, such as .mp4, .mov, .mkv or .webm."
CUT_OFF = "is cut off: the index at its end is missing. Copy the whole file again, or record it anew."

BROKEN = {
    "two joined.ts": (H264 + "-bf 0", lambda content: content * 2, (24, 24)),
    "cut in its header.mp4": (INDEX_FIRST, part(0.02), CUT_OFF),
    "cut in the middle, index last.mp4": (PLAIN, part(0.5), CUT_OFF),
    "cut at the end, index last.mp4": (PLAIN, part(0.97), CUT_OFF),
    "cut in the middle, index first.mp4": (INDEX_FIRST, part(0.75), (7, 9)),
    "cut at the end, index first.mp4": (INDEX_FIRST, part(0.95), (10, 11)),
    "cut in its header.mkv": (PLAIN, part(0.02), NOT_A_VIDEO),
    "cut in the middle.mkv": (PLAIN, part(0.6), (6, 8)),
    "cut at the end.mkv": (PLAIN, part(0.95), (10, 11)),
    "cut in the middle.ts": (PLAIN, part(0.5), (5, 7)),
    "cut in the middle.avi": (MPEG4, part(0.7), (6, 8)),
    "cut in the middle.webm": (VP9 + GRAINY, part(0.6), (6, 8)),
    "cut in the middle.gif": (GRAINY, part(0.6), (7, 9)),
    "spoilt in the middle.mp4": (INDEX_FIRST, noise(0.7, 200), (11, 12)),
    "noise to its end.mp4": (INDEX_FIRST, noise(0.7, 1 << 20), (7, 9)),
    "spoilt in the middle.mkv": (PLAIN, noise(0.6, 100), (11, 12)),
    "spoilt in the middle.ts": (PLAIN, noise(0.5, 400), (11, 12)),
    "spoilt in the middle.avi": (MPEG4, noise(0.6, 200), (11, 12)),
    "spoilt in the middle.mov": ("-c:v mjpeg " + GRAINY, noise(0.5, 9000), (10, 11)),
    "spoilt signature.mkv": (PLAIN, noise(0.0, 40), NOT_A_VIDEO),
    "page of the web.mp4": (PLAIN, lambda _: b"<!DOCTYPE html><html><body>404</body></html>" * 9, NOT_A_VIDEO),
    "archive.mp4": (PLAIN, lambda _: b"PK\x03\x04" + bytes(600), NOT_A_VIDEO),
    "one byte.mp4": (PLAIN, lambda content: content[:1], NOT_A_VIDEO),
}
"""Options, what is done to the bytes, and the least and most frames that are left or what is said. The ranges allow for
encoders of other versions. Files that are missing, empty, text, zeros, folders, sound or of an unknown codec stand in
test_ingest."""


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_video_gives_what_is_left_or_a_reason(tmp_path, name):
    options, spoil, expected = BROKEN[name]
    rate_hz = "25" if name.endswith(".gif") else "30"
    path = videos.encode(tmp_path / name, options, rate_hz=rate_hz)
    path.write_bytes(spoil(path.read_bytes()))
    if isinstance(expected, str):
        with pytest.raises(InputError) as caught:
            ingest.run(ingest.Config(), path)
        assert str(caught.value) == f"{path} {expected}"
        return
    clip = ingest.run(ingest.Config(), path)
    assert len(list(frames.read(path, clip))) == len(clip.timestamps_s)
    least, most = expected
    assert least <= len(clip.timestamps_s) <= most
    # Of a file that was cut off, ffmpeg shows the torn last picture too.
    assert len(clip.timestamps_s) + clip.damaged_packets >= count_by_ffmpeg(path)


def test_what_cannot_be_opened_is_refused(tmp_path):
    loop = tmp_path / "loop.mp4"
    loop.symlink_to(loop)
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    for path, problem in ((loop, "cannot be read: "), (loop / "a.mp4", "cannot be read: "), (pipe, "is not a file")):
        with pytest.raises(InputError) as caught:
            ingest.run(ingest.Config(), path)
        assert str(caught.value).startswith(f"{path} {problem}")


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    """By a stand-in: the superuser, as whom tests often run, may read every file."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0" * 100)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"cannot be read: Permission denied\. Make the file readable"):
        ingest.run(ingest.Config(), path)


def test_videos_broken_at_random_are_read_as_far_as_ffmpeg_reads_them(tmp_path):
    """The long run is tests/fuzz/fuzz_video.py."""
    good = write_good(tmp_path)
    assert set(good) == set(GOOD_TO_BREAK)
    ours = theirs = 0
    for seed in range(20):
        chance = random.Random(seed)
        name, content = chance.choice(sorted(good.items()))
        path = tmp_path / name
        path.write_bytes(broken(content, chance))
        result = recover(path)
        ours += result.frames
        theirs += count_by_ffmpeg(path)
    assert set(tmp_path.iterdir()) == {tmp_path / name for name in good}
    assert 100 < 0.98 * theirs < ours
