"""Files and names from people who mean harm: refused in a sentence before they cost memory, or harmless."""

import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from models.bodies.smpl_file import read_smpl
from models.bvh.reader import read_bvh
from models.errors import ConfigError, InputError
from models.npz import DamagedNpzError, read_npz
from models.osim.mot import load_mot
from models.osim.trc import load_trc
from pipeline import artefacts
from pipeline.config import load_preset
from stages import frames, ingest
from stages.contracts import Clip
from tests import videos

ROOT = Path(__file__).parents[2]
GIB = 1 << 30


def npz_of(*entries: tuple[str, bytes], packed: bool = False) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return content.getvalue()


def header(descr: str, shape: str) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


BOMBS: dict[str, Callable[[], bytes]] = {
    "claims terabytes": lambda: npz_of(("a.npy", header("'<f8'", "(1000000000, 1000)") + bytes(80))),
    "claims terabytes of nothing": lambda: npz_of(("a.npy", header("'|V0'", "(1000000000000,)"))),
    "claims less than nothing": lambda: npz_of(("a.npy", header("'<f8'", "(-1000000, -1000000)") + bytes(80))),
    "inflates a thousand times": lambda: npz_of(
        ("a.npy", header("'<f8'", "(4000000,)") + bytes(32_000_000)), packed=True
    ),
    "inflates often": lambda: npz_of(
        *((f"{k}.npy", header("'<f8'", "(200000,)") + bytes(1_600_000)) for k in range(20)), packed=True
    ),
    "holds a pickle": lambda: npz_of(("a.npy", header("'|O'", "(1,)") + b"cos\nsystem\n(S'true'\ntR.")),
    "has a long header": lambda: npz_of(("a.npy", header("'<f8'", "(" + "1," * 20000 + ")"))),
    "has a deep header": lambda: npz_of(("a.npy", header("'<f8'", "(" * 9000))),
    "is cut": lambda: npz_of(("a.npy", header("'<f8'", "(10,)") + bytes(80)))[:-30],
    "is a text": lambda: b"PK\x03\x04 no archive",
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_an_npz_that_claims_more_than_it_may_is_refused_before_memory_is_asked_for(bomb, tmp_path, monkeypatch):
    content = BOMBS[bomb]()
    monkeypatch.setattr(np.lib.format, "read_array", lambda *_, **__: pytest.fail("memory was asked for"))
    with pytest.raises(DamagedNpzError):
        read_npz(io.BytesIO(content), most_bytes=1_000_000)
    with pytest.raises(artefacts.DamagedArtefactError):
        artefacts.decode(content, Clip)
    path = tmp_path / "body.npz"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_smpl(path)


def test_a_sound_npz_is_read_in_part_or_whole():
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.asarray("text"), "c": np.asfortranarray(np.ones((2, 3)))}
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    found = read_npz(content, most_bytes=10_000)
    assert all(np.array_equal(found[key], value) and found[key].dtype == value.dtype for key, value in arrays.items())
    assert set(read_npz(content, 10_000, keys=("b", "z"))) == {"b"}


SETTINGS = {
    "references": "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(f"b{k}: &b [*a,*a,*a,*a]\n" for k in range(9)),
    "a reference to itself": "lift: &a\n  height_m: *a\n",
    "deep": "lift: " + "[" * 20_000,
    "long": "lift: " + "x" * 200_000,
    "long numbers": "lift:\n  height_m: " + "9" * 6000,
    "code": "lift: !!python/object/apply:os.system [exit 3]\n",
    "odd keys": "? [a]\n: b\n",
    "control characters": "lift: \x00\n",
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_settings_that_are_no_settings_are_refused(kind, tmp_path):
    path = tmp_path / "bomb.yaml"
    path.write_text(SETTINGS[kind])
    with pytest.raises(ConfigError, match=r"bomb\.yaml cannot be read") as caught:
        load_preset(str(path))
    assert len(str(caught.value)) < 1000


def test_headers_of_motion_files_that_claim_a_billion_frames_cost_nothing(tmp_path):
    texts = {
        "a.bvh": "HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n}\n"
        "MOTION\nFrames: 1000000000\nFrame Time: 0.01\n0 0 0\n",
        "a.trc": "PathFileType\t4\t(X/Y/Z)\ta.trc\nDataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\n"
        "100\t100\t1000000000\t1000000000\tm\nFrame#\tTime\ta\t\t\n\t\tX1\tY1\tZ1\n\n1\t0\t0\t0\t0\n",
        "a.mot": "a\nversion=1\nnRows=1000000000\nnColumns=1000000000\ninDegrees=yes\nendheader\ntime\ta\n0\t1\n",
    }
    for (name, text), read in zip(texts.items(), (read_bvh, load_trc, load_mot), strict=True):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match=r"a\.(bvh|trc|mot)"):
            read(tmp_path / name)


def png(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"IDAT", zlib.compress(bytes(height * (width // 8 + 1))))
        + chunk(b"IEND", b"")
    )


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(20_000, 20_000))
    with pytest.raises(
        InputError, match=r"bomb\.png (has pictures of 20000 x 20000|holds no frame that can be decoded)"
    ):
        ingest.run(ingest.Config(), path)


def test_pixels_said_to_be_wide_do_not_fill_the_memory(tmp_path, monkeypatch):
    path = videos.encode(tmp_path / "wide.mp4", "-c:v libx264 -vf setsar=50/1", count=2)
    monkeypatch.setattr(frames, "MOST_PIXELS", 1 << 19)
    with pytest.raises(InputError, match=r"wide\.mp4 has pictures of 9600 x 96 pixels\. Scale it"):
        ingest.run(ingest.Config(), path)


def test_pictures_that_grow_in_mid_video_are_left_out(tmp_path, monkeypatch):
    small, large = (
        videos.encode(tmp_path / f"{width}.ts", f"-c:v libx264 -vf scale={width}:-2 -bf 0", count=count)
        for width, count in ((96, 240), (960, 6))
    )
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    assert len(ingest.run(ingest.Config(), joined).timestamps_s) == 246
    monkeypatch.setattr(frames, "MOST_PIXELS", 100_000)
    assert len(ingest.run(ingest.Config(), joined).timestamps_s) == 240


@pytest.mark.parametrize("box", [b"stts", b"stsz", b"stsc", b"stco", b"ctts", b"stss"])
def test_a_video_whose_index_claims_two_billion_entries_is_read_or_refused_at_once(box, tmp_path):
    video = videos.write_video(tmp_path / "a.mp4", videos.steady(12))
    content = bytearray(video.read_bytes())
    at = content.index(box) + (12 if box == b"stsz" else 8)
    content[at : at + 4] = b"\x7f\xff\xff\xff"
    video.write_bytes(content)
    try:
        assert len(ingest.run(ingest.Config(), video).timestamps_s) <= 12
    except InputError as error:
        assert "a.mp4" in str(error)


class Elements(HTMLParser):
    """Names of elements, and of attributes that run scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.names = set[str]()
        self.handlers = list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


NAMES = (
    "<img src=x onerror=alert(1)><script>alert(2)<svg onload=alert(3)>\"'&.mp4",
    "歩く Größe.mp4",
    os.fsdecode(b"bad\xff\x1b[31mred\nerror: forged.mp4"),
)


def test_script_laden_and_unreadable_names_are_harmless_from_end_to_end(tmp_path):
    inputs = [shutil.copy(ROOT / "samples" / "turn.mp4", tmp_path / name) for name in NAMES]
    command = [sys.executable, "run_pipeline.py", *inputs, "--max-frames", "4", "--outputs", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert b"\x1b[31m" not in done.stdout + done.stderr and b"\nerror: forged" not in done.stdout + done.stderr
    folders = {path.name for path in (tmp_path / "out").iterdir()}
    assert folders == {
        "img_src_x_onerror_alert_1_script_alert_2_svg_onload_alert_3", "歩く_Größe", "bad_31mred_error_forged",
        "index.html",
    }  # fmt: skip
    plain = Elements()
    plain.feed((tmp_path / "out" / "歩く_Größe" / "report.html").read_text(encoding="utf-8"))
    for page in (tmp_path / "out").glob("*/report.html"):
        found, text = Elements(), page.read_text(encoding="utf-8")
        found.feed(text)
        assert found.names == plain.names and found.handlers == [], page
        assert "<img src=x" not in text and "<svg onload" not in text
    gallery = Elements()
    gallery.feed((tmp_path / "out" / "index.html").read_text(encoding="utf-8"))
    assert gallery.handlers == []
    names = {json.loads(path.read_text())["input"]["name"] for path in (tmp_path / "out").glob("*/run.json")}
    assert names == {NAMES[0], NAMES[1], r"bad\udcff\x1b[31mred\nerror: forged.mp4"}
