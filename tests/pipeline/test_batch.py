"""What the results of a file are called."""

from pathlib import Path

import pytest

from models.errors import InputError
from pipeline.batch import MAX_STEM_LETTERS, refuse_twins, stem_of

NAME_MAX_BYTES = 255


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("walk.mp4", "walk"),
        ("<script>alert(1)<:script>.mp4", "script_alert_1_script"),
        ("-dash, spaces: and colon.mp4", "-dash_spaces_and_colon"),
        ("..mp4", "clip"),
        ("歩く.mp4", "clip"),
    ],
)
def test_names_keep_the_letters_that_every_system_takes(name: str, stem: str) -> None:
    assert stem_of(Path(name)) == stem


def test_the_longest_name_leaves_room_for_the_endings_of_results() -> None:
    longest = Path(f"{'a' * (NAME_MAX_BYTES - 4)}.mp4")
    assert len(stem_of(longest)) == MAX_STEM_LETTERS
    assert len(f"{stem_of(longest)}_p0_scale_setup.xml".encode()) < NAME_MAX_BYTES


def test_two_files_that_would_share_a_folder_are_refused() -> None:
    with pytest.raises(InputError, match=r"a/Walk\.mp4 and b/walk\.mov would both write to walk/"):
        refuse_twins([Path("a/Walk.mp4"), Path("b/walk.mov")])
    refuse_twins([Path("a/walk.mp4"), Path("a/run.mp4")])
