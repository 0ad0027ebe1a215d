"""Iterates the frames of a video: their times, and their pixels as RGB, upright and square, one at a time."""

from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.format import Flags
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from jaxtyping import UInt8

from models.errors import InputError
from stages import dynamic_range
from stages.contracts import Clip

THREADS: Final = 2
CV2_TURN: Final = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}
MP4_SIGNATURE: Final = b"ftyp"
MOST_CALLS: Final = 1000
UNSAID_RATE_HZ: Final = 25
"""Of a stream that tells neither times nor a rate: an assumption."""
TAGGED_MATRIX: Final = {
    1: Colorspace.ITU709,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
"""By the number in the stream (ITU-T H.273, table 4)."""
LEAP_BACK_S: Final = 0.1
LEAP_AHEAD_S: Final = 10.0
"""A time of decoding that steps back, or in a broadcast's container ahead, by more than this starts a new clock."""
MOST_REORDERED: Final = 16
APART_S: Final = 1.0
"""No frame waits for more others than this (H.264's largest buffer), nor, where they are short, for longer."""
MOST_PIXELS: Final = 1 << 26
"""Of a picture; a camera of 8K has half as many."""
LARGE_PX: Final = 1280
"""Pictures with a side this long are taken for high definition: an assumption."""


def read(video: Path, clip: Clip) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Yield exactly one picture for every time stamp of the clip.

    A rotation tag is applied, the width of non-square pixels is resampled, any pixel format becomes 8-bit RGB, also of
    high dynamic range. Of an interlaced frame one half picture is kept, the rows between are interpolated. A picture
    that changes size in mid-video is scaled to the first.

    Raises:
        InputError: the video cannot be opened, or is no longer the one that was measured.
    """
    reformatter = VideoReformatter()
    for frame in read_frames(video, clip):
        yield _upright_rgb(frame, (clip.width_px, clip.height_px), reformatter)


def read_frames(video: Path, clip: Clip) -> Iterator[VideoFrame]:
    """Yield exactly one frame for every time stamp of the clip, as it is stored: not turned, scaled or converted.

    Raises:
        InputError: as read.
    """
    missing = iter(clip.timestamps_s.tolist())
    awaited = next(missing)
    # Where stamps are damaged, the time of a frame may depend on one that was passed over: then all are decoded.
    for times_s in (frozenset(clip.timestamps_s.tolist()), None):
        with open_video(video) as container:
            for moment in decode(container, times_s, slow_motion=clip.slow_motion):
                if moment is None or moment.time_s != awaited:
                    continue
                yield moment.frame
                awaited = next(missing, None)
                if awaited is None:
                    return
    raise InputError(f"{video} no longer holds a frame at {awaited} s", "leave the file as it is while it is read")


def read_picture(picture: Path) -> UInt8[np.ndarray, "height width 3"]:
    """The first frame of a file, as `read` gives it, of pixels that are square already.

    Raises:
        InputError: the file cannot be opened, or no frame of it decoded.
    """
    with open_video(picture) as container:
        for moment in decode(container):
            if moment is not None:
                width, height = moment.frame.width, moment.frame.height
                size_px = (height, width) if quarter_turns(moment.frame) % 2 else (width, height)
                return _upright_rgb(moment.frame, size_px, VideoReformatter())
    raise InputError(f"{picture} holds no picture that can be decoded", "save it again as .png or .jpg")


def small_picture(frame: VideoFrame, size_px: tuple[int, int]) -> UInt8[np.ndarray, "rows width"]:
    """The frame as films of it show it: upright, scaled to a width and a height (both even), in YUV 4:2:0 of 8 bits.

    The rows hold the planes one after the other (see planes_420); colours as in BT.709, values in television's range.
    Of an interlaced frame one half picture is shown.
    """
    turns = quarter_turns(frame)
    width, height = size_px[::-1] if turns % 2 else size_px
    colours = {
        "src_colorspace": _colour_matrix(frame),
        "dst_colorspace": Colorspace.ITU709,
        "dst_color_range": ColorRange.MPEG,
    }
    if dynamic_range.is_high(frame):
        frame = VideoFrame.from_ndarray(_standard_rgb(frame, (width, height), VideoReformatter()), "rgb24")
        del colours["src_colorspace"]
    elif frame.interlaced_frame and frame.height % 2 == 0:
        frame = _one_field_of(frame)
    small = frame.reformat(width, height, "yuv420p", interpolation=Interpolation.AREA, threads=1, **colours)
    picture = small.to_ndarray()
    if not turns:
        return picture
    turned = [cv2.rotate(plane, CV2_TURN[turns]).ravel() for plane in planes_420(picture)]
    return np.concatenate(turned).reshape(-1, size_px[0])


def planes_420(picture: UInt8[np.ndarray, "rows width"]) -> tuple[UInt8[np.ndarray, "_ _"], ...]:
    """Luma (height x width), blue and red (half as high and wide) of a picture in YUV 4:2:0; they share its memory."""
    height, width = len(picture) * 2 // 3, picture.shape[1]
    luma, blue, red = np.split(picture.reshape(-1), np.cumsum([height * width, height * width // 4]))
    return luma.reshape(height, width), blue.reshape(height // 2, -1), red.reshape(height // 2, -1)


@contextmanager
def open_video(video: Path) -> Generator[InputContainer]:
    """Open a file that holds a video stream; say in plain words why another file cannot be used.

    Raises:
        InputError: missing, a folder, empty, unreadable, no video, cut off before its index, without pictures, or in
            a codec that is not known here.
    """
    head = _head(video)
    try:
        # The prefix keeps a colon in a name from being taken for a network protocol.
        container = _open(f"file:{video}")
    except FFmpegError as error:
        if MP4_SIGNATURE in head:
            problem = f"{video} is cut off: the index at its end is missing"
            raise InputError(problem, "copy the whole file again, or record it anew") from error
        raise InputError(f"{video} is not a video", "choose a video file, such as .mp4, .mov, .mkv or .webm") from error
    with container:
        _require_pictures(container, video)
        yield container


@dataclass(frozen=True, eq=False)
class Moment:
    """A decoded frame and when it is shown, in seconds since the first frame of the video."""

    time_s: float
    frame: VideoFrame


def decode(
    container: InputContainer, times_s: Collection[float] | None = None, *, slow_motion: float = 1.0
) -> Iterator[Moment | None]:
    """Yield every frame in the order of showing, and None for every packet that cannot be decoded.

    Times rise strictly: a frame that is neither shown nor decoded later than the last one was shown has no place in
    time and is left out. One without a stamp follows the last one after its duration.

    Args:
        container: from open_video.
        times_s: the times that are wanted; a frame at another time is left out where no other is built on it.
        slow_motion: how many times slower than life the video is shown; times are those of life.
    """
    stream = picture_stream(container)
    # AVI keeps no times of showing; what is reported as such belongs to other frames. Those of decoding serve.
    has_decoding_times_only = container.format.name == "avi"
    first = last = None

    def is_wanted(packet: "Packet[VideoStream]") -> bool:
        if times_s is None or has_decoding_times_only or first is None or packet.pts is None:
            return True
        return float((packet.pts - first) * packet.time_base) / slow_motion in times_s

    for frame in _frames(container, is_wanted):
        if frame is None:
            yield None
            continue
        stamp = frame.dts if has_decoding_times_only else frame.pts
        if stamp is None:
            stamp = 0 if last is None else last + _duration(frame, stream)
        elif last is not None and stamp <= last and frame.dts is not None:
            stamp = frame.dts
        if frame.time_base is None or (last is not None and stamp <= last):
            continue
        first, last = (stamp if first is None else first), stamp
        yield Moment(float((stamp - first) * frame.time_base) / slow_motion, frame)


def picture_stream(container: InputContainer) -> VideoStream:
    """The stream to read: the first with moving pictures (not the cover of a song) and a known codec."""
    return next(stream for stream in _moving(container) if stream.codec_context)


def quarter_turns(frame: VideoFrame) -> int:
    """How many turns of 90 degrees counter-clockwise bring the stored picture upright: 0 to 3."""
    return round(frame.rotation / 90) % 4


def _colour_matrix(frame: VideoFrame) -> Colorspace:
    """By which luma and colour differences are weighted; where the video does not say, as players assume by size."""
    if frame.colorspace in TAGGED_MATRIX:
        return TAGGED_MATRIX[frame.colorspace]
    is_large = max(frame.width, frame.height) >= LARGE_PX
    return Colorspace.ITU709 if is_large else Colorspace.ITU601


def _head(video: Path) -> bytes:
    if video.is_dir():
        raise InputError(f"{video} is a folder", "name a video file in it")
    if video.is_fifo() or video.is_char_device():
        raise InputError(f"{video} is not a file", "record it first, and name the recording")
    try:
        with video.open("rb") as file:
            head = file.read(16)
    except FileNotFoundError as error:
        raise InputError(f"{video} does not exist", "check the path for a misspelling") from error
    except OSError as error:
        raise InputError(f"{video} cannot be read: {error.strerror}", "make the file readable") from error
    if not head:
        raise InputError(f"{video} is empty", "copy the file again")
    return head


def _open(name: str) -> InputContainer:
    # Old and damaged files hold words that are not UTF-8.
    return av.open(name, metadata_errors="replace")


def _moving(container: InputContainer) -> list[VideoStream]:
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    return [stream for stream in container.streams.video if not stream.disposition & still]


def _require_pictures(container: InputContainer, video: Path) -> None:
    if not _moving(container):
        raise InputError(f"{video} holds sound or data but no moving pictures", "choose a file with a video stream")
    if not any(stream.codec_context for stream in _moving(container)):
        raise InputError(f"{video} is in a codec that is not known here", "convert it to H.264")
    shape = next(stream.codec_context for stream in _moving(container) if stream.codec_context)
    require_size(video, shape.width, shape.height)


def require_size(video: Path, width_px: int, height_px: int) -> None:
    """Raise InputError where pictures would take more memory than any camera's."""
    if width_px * height_px > MOST_PIXELS:
        problem = f"{video} has pictures of {width_px} x {height_px} pixels"
        raise InputError(problem, f"scale it to less than {MOST_PIXELS >> 20} million pixels")


def _frames(
    container: InputContainer, is_wanted: "Callable[[Packet[VideoStream]], bool]", threads: int = THREADS
) -> Iterator[VideoFrame | None]:
    stream = picture_stream(container)
    stream.thread_type = "AUTO"
    stream.thread_count = threads
    # A picture may grow in mid-video.
    stream.codec_context.options = {**stream.codec_context.options, "max_pixels": str(MOST_PIXELS)}
    for packet in _packets(container, stream):
        if packet is None:
            yield None
            continue
        stream.codec_context.skip_frame = "DEFAULT" if is_wanted(packet) else "NONREF"
        try:
            yield from packet.decode()
        except FFmpegError:
            yield None
            if not packet.size and threads > 1:
                yield from _last_frames(container, is_wanted)


def _last_frames(
    container: InputContainer, is_wanted: "Callable[[Packet[VideoStream]], bool]"
) -> Iterator[VideoFrame | None]:
    """Every frame once more, on one thread: there a broken last packet takes no frame along that waits in the other.

    Whoever asks for rising times leaves out those that he has seen; those without a stamp are left out here.
    """
    with _open(container.name) as again:
        for frame in _frames(again, is_wanted, threads=1):
            if frame is not None and frame.pts is not None:
                yield frame


def _packets(container: InputContainer, stream: VideoStream) -> "Iterator[Packet[VideoStream] | None]":
    """Yield packets with stamps that do not leap, and None where the file breaks off.

    An incomplete packet is decoded: others are built on it, and of the last one of a file that was cut off a part of
    the picture is better than none.
    """
    try:
        yield from _without_leaps(container, stream)
    except FFmpegError:
        yield None


def _without_leaps(container: InputContainer, stream: VideoStream) -> "Iterator[Packet[VideoStream]]":
    """Shift the stamps of the packets that follow one whose time of decoding leaps, as ffmpeg does.

    A time of showing far from that of decoding is a damaged one and is dropped.
    """
    may_leap_ahead = bool(container.format.flags & Flags.ts_discont.value)
    shift, due = 0, None
    for packet in _demuxed(container, stream):
        if packet.dts is not None:
            late = 0 if due is None else packet.dts + shift - due
            late_s = float(late * packet.time_base)
            if late_s < -LEAP_BACK_S or (may_leap_ahead and late_s > LEAP_AHEAD_S):
                shift -= late
            due = packet.dts + shift + (packet.duration or 0)
            if packet.pts is not None:
                apart = abs(packet.pts - packet.dts)
                if apart > MOST_REORDERED * (packet.duration or 0) and apart * packet.time_base > APART_S:
                    packet.pts = None
            packet.dts += shift
        if packet.pts is not None:
            packet.pts += shift
        yield packet


def _demuxed(container: InputContainer, stream: VideoStream) -> "Iterator[Packet[VideoStream]]":
    """Go on where the reader of a container has stepped over damage and asks to be called again."""
    for _ in range(MOST_CALLS):
        try:
            yield from container.demux(stream)
            return
        except BlockingIOError:
            continue


def _duration(frame: VideoFrame, stream: VideoStream) -> int:
    if frame.duration or frame.time_base is None:
        return max(1, frame.duration)
    return max(1, round(1 / (stream.guessed_rate or UNSAID_RATE_HZ) / frame.time_base))


def _upright_rgb(
    frame: VideoFrame, size_px: tuple[int, int], reformatter: VideoReformatter
) -> UInt8[np.ndarray, "height width 3"]:
    turns = quarter_turns(frame)
    width, height = size_px[::-1] if turns % 2 else size_px
    if dynamic_range.is_high(frame):
        rgb = _standard_rgb(frame, (width, height), reformatter)
    else:
        rgb = reformatter.reformat(frame, width=width, height=height, format="rgb24", threads=1).to_ndarray()
    if frame.interlaced_frame and height == frame.height:
        rgb = _one_field(rgb)
    # Several times faster than a contiguous np.rot90.
    return cv2.rotate(rgb, CV2_TURN[turns]) if turns else rgb


def _standard_rgb(
    frame: VideoFrame, size_px: tuple[int, int], reformatter: VideoReformatter
) -> UInt8[np.ndarray, "height width 3"]:
    width, height = size_px
    colours = {"src_colorspace": _colour_matrix(frame), "dst_color_range": ColorRange.JPEG}
    signal = reformatter.reformat(frame, width=width, height=height, format="rgb48le", threads=1, **colours)
    return dynamic_range.to_standard(signal.to_ndarray(), frame)


def _one_field_of(frame: VideoFrame) -> VideoFrame:
    """The frame in YUV 4:2:0 with one half picture in each plane; its colours' matrix is no longer noted on it."""
    even = frame.reformat(
        frame.width // 2 * 2, frame.height, "yuv420p", dst_color_range=ColorRange.MPEG, threads=1
    ).to_ndarray()
    fields = [_one_field(plane).ravel() for plane in planes_420(even)]
    return VideoFrame.from_ndarray(np.concatenate(fields).reshape(even.shape), "yuv420p")


def _one_field(picture: UInt8[np.ndarray, "height width *channels"]) -> UInt8[np.ndarray, "height width *channels"]:
    """Even rows, and between them their means: odd rows show another moment."""
    whole = picture.copy()
    between = whole[1:-1:2]
    cv2.addWeighted(picture[:-2:2][: len(between)], 0.5, picture[2::2][: len(between)], 0.5, 0, dst=between)
    if len(whole) % 2 == 0:
        whole[-1] = whole[-2]
    return whole
