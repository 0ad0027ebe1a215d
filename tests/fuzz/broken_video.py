"""Good videos to break, ways to break them, and what may be made of the pieces."""

import random
from dataclasses import dataclass, replace
from pathlib import Path

from models.errors import InputError
from stages import frames, ingest
from tests import videos

FRAMES = 24
_H264 = "-c:v libx264 -pix_fmt yuv420p -g 8 -bf 2 "
_GRAINY = "-vf noise=alls=12:allf=t "
"""So that most bytes are pictures, as in a video of life."""
GOOD = {
    "index last.mp4": _H264,
    "index first.mp4": _H264 + "-movflags +faststart",
    "fragments.mp4": _H264 + "-movflags frag_keyframe+empty_moov",
    "hevc.mp4": "-c:v libx265 -x265-params log-level=none:keyint=8 -movflags +faststart",
    "matroska.mkv": _H264,
    "broadcast.ts": _H264,
    "reordered.avi": "-c:v mpeg4 -q:v 3 -bf 2",
    "vp9.webm": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 8",
    "pictures.mov": "-c:v mjpeg",
    "disc.mpg": "-c:v mpeg2video -q:v 2 -bf 2 -g 8",
    "loop.gif": "",
}
"""Options of the ffmpeg program by the name of the file."""


def write_good(folder: Path) -> dict[str, bytes]:
    """The bytes of every good video by its name."""
    rates = {"disc.mpg": "25"}
    made = {
        name: videos.encode(folder / name, _GRAINY + options, rate_hz=rates.get(name, "30"), count=FRAMES)
        for name, options in GOOD.items()
    }
    return {name: path.read_bytes() for name, path in made.items()}


def broken(content: bytes, chance: random.Random) -> bytes:
    """The bytes with one to three stretches flipped, drowned in noise, blanked, cut out, doubled or cut off.

    One stretch in ten lies in the first kilobyte, where headers are.
    """
    pieces = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        near = min(len(pieces), 1024) if chance.random() < 0.1 else len(pieces)
        start = chance.randrange(near)
        end = min(len(pieces), start + chance.choice((1, 4, 40, 400)))
        match chance.randrange(7):
            case 0:
                for _ in range(chance.choice((1, 5, 30))):
                    pieces[chance.randrange(len(pieces))] ^= 1 << chance.randrange(8)
            case 1:
                pieces[start:end] = chance.randbytes(end - start)
            case 2:
                pieces[start:end] = bytes(end - start)
            case 3:
                del pieces[start:end]
            case 4:
                pieces[start:end] = pieces[start:end] * 2
            case 5:
                pieces[start:start] = chance.randbytes(end - start)
            case _:
                del pieces[max(16, start) :]
        if len(pieces) < 16:
            break
    return bytes(pieces)


@dataclass(frozen=True)
class Recovered:
    """What came out of a broken video: frames with a time, packets that were lost, or why it was refused."""

    frames: int
    damaged_packets: int
    refusal: str


def recover(video: Path) -> Recovered:
    """Measure a video and read it twice: every frame, and every other one.

    Raises:
        AssertionError: a frame that was measured is not there, or a refusal is no single sentence about this file.
    """
    try:
        clip = ingest.run(ingest.Config(), video)
    except InputError as error:
        assert str(error).startswith(str(video))
        assert "\n" not in str(error)
        return Recovered(0, 0, str(error))
    for step in (1, 2):
        some = replace(clip, timestamps_s=clip.timestamps_s[::step])
        shapes = {picture.shape for picture in frames.read(video, some)}
        assert shapes == {(clip.height_px, clip.width_px, 3)}
    return Recovered(len(clip.timestamps_s), clip.damaged_packets, "")


def count_by_ffmpeg(video: Path) -> int:
    """How many frames the ffmpeg program makes of the first stream of moving pictures, torn and repeated ones too."""
    return len(times_by_ffmpeg(video))


def times_by_ffmpeg(video: Path) -> list[bytes]:
    """When it shows each of them, in units of its own; behind damage it may show several at one time."""
    listing = videos.ffmpeg(
        "-i", str(video), "-map", "0:V:0", "-fps_mode", "passthrough", "-f", "framecrc", "-", check=False
    )  # fmt: skip
    return [line.split(b",")[2] for line in listing.splitlines() if not line.startswith(b"#")]
