"""The gallery: every run once, nothing of a name or a warning taken for HTML."""

import html
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from stages.page import gallery
from tests.stages.page.clips import GOOD

NASTY = '"><img src=x onerror=alert(1)>&amp; \u2028'


def make_run(outputs: Path, name: str, *, people: int = 1, warnings: tuple[str, ...] = (), **changes: float) -> Path:
    """A folder as a run leaves it, as far as the gallery looks."""
    folder = outputs / name
    folder.mkdir()
    quality = {**vars(GOOD), **changes}
    rows = [{"number": number, "first_s": 0.0, "last_s": 4.0, "quality": quality} for number in range(people)]
    (folder / "run.json").write_text(json.dumps({"people": rows, "warnings": list(warnings), "files": ["report.html"]}))
    (folder / "report.html").write_text("")
    picture = np.full((90, 160, 3), 128, np.uint8)
    (folder / "thumbnail.jpg").write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    return folder


def test_every_run_is_shown_with_its_verdict_and_links(tmp_path):
    make_run(tmp_path, "walk")
    make_run(tmp_path, "crowd", people=2, observed_share=0.1, warnings=("one", "two"))
    text = gallery.encode(tmp_path)
    assert text.index("crowd") < text.index("walk")
    assert 'href="./walk/report.html"' in text and 'href="./crowd/run.json"' in text and "overlay.mp4" not in text
    assert "Good tracking: seen in 100% of the frames" in text and "Poor tracking: 2 people; the least certain" in text
    assert "2 people · 4.0 s · 2 warnings" in text and "2 runs" in text
    assert text.count("data:image/jpeg") == 2


def test_an_empty_folder_makes_an_empty_gallery(tmp_path):
    assert "0 runs" in gallery.encode(tmp_path)


def test_names_are_words_and_never_tags(tmp_path):
    make_run(tmp_path, NASTY)
    text = gallery.encode(tmp_path)
    assert "<img src=x" not in text and html.escape(NASTY) in text
    assert 'href="./%22%3E%3Cimg' in text


@pytest.mark.parametrize("content", ["{", "[]", '{"people": [{}], "warnings": []}', '{"people": 3, "warnings": []}'])
def test_a_damaged_manifest_leaves_its_run_out_and_says_so(tmp_path, caplog, content):
    make_run(tmp_path, "walk")
    (make_run(tmp_path, "broken") / "run.json").write_text(content)
    text = gallery.encode(tmp_path)
    assert "walk" in text and "broken" not in text
    assert "broken is not shown" in caplog.text


def test_a_run_without_a_video_is_not_judged(tmp_path):
    rows = [{"number": 0, "first_s": 0.0, "last_s": 1.0, "quality": None}]
    (make_run(tmp_path, "walk") / "run.json").write_text(json.dumps({"people": rows, "warnings": [], "files": []}))
    assert "Not judged" in gallery.encode(tmp_path)


def test_nobody_is_missed_in_a_run_that_looked_for_nobody(tmp_path):
    folder = make_run(tmp_path, "empty", people=0)
    assert "nobody was found" in gallery.encode(tmp_path)
    (folder / "run.json").write_text(json.dumps({"people": [], "warnings": [], "files": ["markers.mot"]}))
    text = gallery.encode(tmp_path)
    assert "nobody was found" not in text and "Not judged" in text


def test_a_run_without_pictures_is_shown_without(tmp_path):
    (make_run(tmp_path, "walk") / "thumbnail.jpg").unlink()
    assert "data:image" not in gallery.encode(tmp_path)
