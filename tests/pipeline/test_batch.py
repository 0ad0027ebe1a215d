"""What the results of a file are called."""

from pathlib import Path

import pytest

from models.errors import InputError
from pipeline.batch import refuse_twins
from pipeline.names import MAX_STEM_BYTES, printable, stem_of

NAME_MAX_BYTES = 255


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("walk.mp4", "walk"),
        ("<script>alert(1)<:script>.mp4", "script_alert_1_script"),
        ("-dash, spaces: and colon.mp4", "-dash_spaces_and_colon"),
        ("..mp4", "clip_2fdbd3"),
        ("歩く.mp4", "歩く"),
        ("हिन्दी भाषा.mov", "हिन्दी_भाषा"),
        ("Gro\u0308\u00dfe.mp4", "Gr\u00f6\u00dfe"),
        ("a/../../b\x1b[31m\n\u202egpj.mp4", "b_31m_gpj"),
        ("bad\udcff.mp4", "bad"),
        ("CON.mp4", "CON_"),
        ("shot_%04d.png", "shot"),
        ("walk", "walk"),
    ],
)
def test_names_keep_the_letters_that_every_system_takes(name: str, stem: str) -> None:
    assert stem_of(Path(name)) == stem


def test_the_longest_name_leaves_room_for_the_endings_of_results() -> None:
    longest = Path(f"{'a' * (NAME_MAX_BYTES - 4)}.mp4")
    assert len(stem_of(longest)) == MAX_STEM_BYTES
    assert 195 < len(stem_of(Path(f"{'歩' * 80}.mp4")).encode()) <= MAX_STEM_BYTES
    assert len(f"{stem_of(longest)}_p0_scale_setup.xml".encode()) < NAME_MAX_BYTES


def test_names_without_letters_are_told_apart_by_a_digest() -> None:
    first, second = (stem_of(Path(name)) for name in ("!!!.mp4", "???.mp4"))
    assert first != second and first.startswith("clip_") and second.startswith("clip_")


def test_what_is_not_for_the_eye_is_shown_by_its_number() -> None:
    assert printable("a\x1b[31m\n\u202e\udcff 歩く<b>") == "a\\x1b[31m\\n\\u202e\\udcff 歩く<b>"
    assert printable("a\nb\x07", keep="\n") == "a\nb\\x07"


def test_two_files_that_would_share_a_folder_are_refused() -> None:
    with pytest.raises(InputError, match=r"a/Walk\.mp4 and b/walk\.mov would both write to walk/"):
        refuse_twins([Path("a/Walk.mp4"), Path("b/walk.mov")])
    refuse_twins([Path("a/walk.mp4"), Path("a/run.mp4")])
