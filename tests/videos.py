"""Makes small videos, sound and broken ones, that the tests of decoding read."""

import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
from av.stream import Disposition

WIDTH_PX, HEIGHT_PX = 192, 96
BLOCK_PX = 16
NUMBER_BITS = 8
TIME_BASE = Fraction(1, 90_000)


def numbered_picture(number: int) -> np.ndarray:
    """A dark picture with a white block in its upper left corner and its number in binary along its lower edge."""
    picture = np.full((HEIGHT_PX, WIDTH_PX, 3), 40, np.uint8)
    picture[:BLOCK_PX, :BLOCK_PX] = 255
    for bit in range(NUMBER_BITS):
        if number >> bit & 1:
            picture[-BLOCK_PX:, bit * BLOCK_PX : (bit + 1) * BLOCK_PX] = 255
    return picture


def number_of(picture: np.ndarray) -> int:
    """The number that an upright, unscaled picture carries."""
    middle = picture[-BLOCK_PX // 2, BLOCK_PX // 2 : NUMBER_BITS * BLOCK_PX : BLOCK_PX, 1] > 128
    return int(sum(1 << bit for bit, is_white in enumerate(middle) if is_white))


def bright_corner(picture: np.ndarray) -> str:
    """Where the white block lies: "upper left", "lower left", ..."""
    height, width = picture.shape[:2]
    corners = {
        "upper left": picture[3, 3], "upper right": picture[3, width - 4],
        "lower left": picture[height - 4, 3], "lower right": picture[height - 4, width - 4],
    }  # fmt: skip
    return max(corners, key=lambda name: int(corners[name].sum()))


def write_video(
    path: Path,
    times_s: np.ndarray,
    *,
    rotation: int = 0,
    pixel_aspect: Fraction = Fraction(1),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    metadata: dict[str, str] | None = None,
    index_first: bool = False,
) -> Path:
    """Write numbered pictures shown at these times; the container follows the name.

    Args:
        rotation: degrees counter-clockwise that a player has to turn the picture by.
        pixel_aspect: width of a pixel by its height.
        index_first: put an MP4's index before the pictures, so that a cut file can still be opened.
    """
    flags = "use_metadata_tags" + "+faststart" * index_first
    with av.open(str(path), "w", options={"movflags": flags} if path.suffix in {".mp4", ".mov"} else {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, pixel_format
        stream.options = {"g": "10", "bf": "2"}
        stream.codec_context.time_base = TIME_BASE
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation:
            stream.set_display_rotation(rotation)
        for number, time_s in enumerate(times_s):
            frame = av.VideoFrame.from_ndarray(numbered_picture(number % 256), format="rgb24")
            frame.pts, frame.time_base = round(float(time_s) / TIME_BASE), TIME_BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def encode(path: Path, options: str, *, rate_hz: str = "30", count: int = 12) -> Path:
    """Write numbered pictures with the ffmpeg program; the options follow its input."""
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH_PX}x{HEIGHT_PX}", "-r", rate_hz, "-i", "-")
    pictures = b"".join(numbered_picture(number).tobytes() for number in range(count))
    ffmpeg(*raw, *options.split(), str(path), given=pictures)
    return path


def ffmpeg(*arguments: str, given: bytes = b"", check: bool = True) -> bytes:
    """What the ffmpeg program prints.

    Raises:
        AssertionError: it failed, where that is checked.
    """
    command = (imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *arguments)
    done = subprocess.run(command, input=given, capture_output=True, check=False, timeout=60)
    assert not check or done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def steady(count: int, rate_hz: float = 30.0) -> np.ndarray:
    """Times of a constant rate."""
    return np.arange(count) / rate_hz


def write_sound(path: Path, *, cover: bool = False) -> Path:
    """Half a second of silence; no picture, or one as on the cover of a record."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100)
        if cover:
            _add_cover(container)
        for block in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44_100, block * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _add_cover(container: av.container.OutputContainer) -> None:
    stream = container.add_stream("mjpeg", rate=1)
    stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuvj420p"
    stream.disposition = Disposition.attached_pic
    container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered_picture(0), format="rgb24")))
    container.mux(stream.encode(None))


def damaged(video: Path, to: Path, start: float, end: float) -> Path:
    """Copy an MP4 and put noise in the place of a part of its coded pictures, given as fractions of them."""
    content = bytearray(video.read_bytes())
    first, last = coded_pictures(bytes(content))
    begin, stop = (round(first + part * (last - first)) for part in (start, end))
    content[begin:stop] = np.random.default_rng(0).integers(0, 256, stop - begin, np.uint8).tobytes()
    to.write_bytes(content)
    return to


def coded_pictures(content: bytes) -> tuple[int, int]:
    """First and last byte of the coded pictures of an MP4."""
    for name, begin, end in _boxes(content):
        if name == b"mdat":
            return begin + 8, end
    raise ValueError("no coded pictures")


def _boxes(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    begin = 0
    while begin < len(content):
        size = int.from_bytes(content[begin : begin + 4], "big")
        yield content[begin + 4 : begin + 8], begin, begin + size
        begin += size


def cut(video: Path, to: Path, fraction: float) -> Path:
    """Copy the first part of a file."""
    content = video.read_bytes()
    to.write_bytes(content[: round(len(content) * fraction)])
    return to


def whole_packets(video: Path) -> int:
    """How many packets of the pictures are in the file from their first to their last byte."""
    with av.open(str(video)) as container:
        return sum(1 for packet in container.demux(video=0) if packet.size and not packet.is_corrupt)
