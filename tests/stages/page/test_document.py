"""The page as text: what it may load, what it escapes, and that its script is built from the sources here."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.errors import InputError
from stages import page
from stages.page import Config, motions, packing, thumbnail
from stages.page.file_kinds import describe
from tests.stages.page import clips

PAGE = Path(page.__file__).parent
NASTY = "</script><script>alert(1)</script><!-- \"' & <b>\u2028\u2029 $title ${x}"
TYPES = {"f4": "<f4", "f8": "<f8", "i1": "i1", "i2": "<i2", "u1": "u1", "u2": "<u2", "u4": "<u4"}


class Elements(HTMLParser):
    """What a browser's parser would make of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.setdefault(self.tags[-1][0] if self.tags else "", []).append(data)


def text_of(*people, film=None, facts=clips.FACTS, **how) -> str:
    return clips.report(film, *people, facts=facts, **how).decode("utf-8")


def data_of(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


def unpacked(array: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(array["data"]), TYPES[array["type"]]).reshape(array["shape"])


def test_text_from_outside_stays_text_wherever_it_stands():
    plain, facts = (
        replace(
            clips.FACTS, title=words, source=((words, words),), versions=((words, words),),
            weights=((words, words, words),), warnings=(words,), files=((f"{words}.bvh", 1), (words, 2)),
        )
        for words in ("plain", NASTY)
    )  # fmt: skip
    expected, found = (Elements(text_of(clips.person(0, 3), facts=facts)) for facts in (plain, facts))
    assert [tag for tag, _ in found.tags] == [tag for tag, _ in expected.tags]
    assert NASTY in found.text["h1"] and NASTY in found.text["li"]


def test_data_cannot_end_the_script_that_holds_them():
    text = packing.inert_json({NASTY: [NASTY, 1.5]})
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {NASTY: [NASTY, 1.5]}
    assert text_of(clips.person(0, 3)).count("</script>") == 2


def test_what_json_cannot_say_is_refused():
    with pytest.raises(ValueError):
        packing.inert_json({"x": float("nan")})


def test_the_policy_lets_only_the_pages_own_script_run_and_loads_nothing():
    text = text_of(clips.person(0, 3))
    policy = next(tag["content"] for name, tag in Elements(text).tags if tag.get("http-equiv"))
    script, style = (re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.S)[-1] for tag in ("script", "style"))
    for directive, content in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
    assert "style=" not in re.sub(r"<(script|style).*?</\1>", "", text, flags=re.S)


def test_only_a_page_with_a_film_beside_it_may_read_files(tmp_path):
    film, someone = clips.coded_film(tmp_path, 30, 30.0), clips.person(0, 30)
    assert "media-src blob:;" in text_of(someone, film=film)
    beside = text_of(someone, film=film, max_embedded_s=0.9)
    assert "media-src blob: 'self' file:;" in beside
    assert data_of(beside)["film"]["beside"] == "preview.mp4" and data_of(beside)["film"]["content"] is None


def test_motions_arrive_as_they_were(tmp_path):
    someone = clips.person(2, 40, first_s=0.5)
    data = data_of(text_of(someone, film=clips.coded_film(tmp_path, 90, 30.0)))
    (packed,) = data["people"]
    assert (packed["number"], packed["first"], packed["frames"], data["frames"]) == (2, 15, 40, 90)
    np.testing.assert_allclose(unpacked(packed["roots"]), someone.motion.joints_m[:, 0], atol=1e-6)
    np.testing.assert_array_equal(unpacked(packed["observed"]), someone.motion.observed)
    weight = unpacked(data["bodies"]["free"]["weight"]).astype(int)
    assert np.abs(weight.sum(axis=1) - 255).max() <= 2


def test_confidence_is_that_of_the_parts_joints():
    confidence = np.zeros((2, 24))
    confidence[1, [18, 20]] = 1.0
    found = motions.region_confidence(confidence)
    assert found[0].tolist() == [0] * 6
    assert found[1].tolist() == [0, 0, 128, 0, 0, 0]


def test_every_joint_belongs_to_one_part():
    names = [name for part in motions.REGIONS.values() for name in part]
    assert sorted(names) == sorted(motions.SMPL_INDEX) and len(set(names)) == 24


def test_a_stand_is_one_unbroken_contact_at_its_mean_place():
    contacts = np.zeros((6, 4), bool)
    contacts[[0, 1, 4, 5], 2] = True
    points_m = np.zeros((6, 4, 3))
    points_m[:, 2, 0] = np.arange(6)
    assert motions.stands(contacts, points_m) == [
        {"point": 2, "from": 0, "to": 2, "x": 0.5, "z": 0.0},
        {"point": 2, "from": 4, "to": 6, "x": 4.5, "z": 0.0},
    ]


@pytest.mark.parametrize("kind", ["f4", "f8", "i1", "i2", "u1", "u2", "u4"])
def test_packed_arrays_are_the_arrays(kind):
    array = np.arange(12).reshape(3, 4).astype(kind)
    packed = packing.pack_array(array.astype(array.dtype.newbyteorder(">")))
    assert packed["type"] == kind
    np.testing.assert_array_equal(unpacked(packed), array)


def test_files_of_people_come_with_words_and_working_files_without():
    assert describe("person_0/walk_p0_joints.trc") != describe("person_0/walk_p0.trc") != ""
    assert describe("person_0/walk_p0.json") != ""
    assert describe("track.npz") == describe("person_0/lift.json") == "" and describe("person_0/lift.npz") == ""


def test_the_thumbnail_is_a_small_picture_of_the_middle(tmp_path):
    film = clips.coded_film(tmp_path, 90, 30.0)
    picture = cv2.imdecode(np.frombuffer(thumbnail.encode(film.path), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (180, 320, 3)
    assert 15 <= clips.read_code(picture) <= 45


def test_a_film_that_went_away_is_named(tmp_path):
    film = replace(clips.coded_film(tmp_path, 3, 30.0), path=tmp_path / "gone.mp4")
    with pytest.raises(InputError, match=r"gone\.mp4"):
        clips.report(film)


def test_equal_clips_make_equal_pages(tmp_path):
    film, someone = clips.coded_film(tmp_path, 30, 30.0), clips.person(0, 30)
    first, second = (page.run(Config(), film, (someone,), clips.FACTS) for _ in range(2))
    assert first.files == second.files
    assert set(first.files) == {"report.html", "thumbnail.jpg"}


def test_the_script_is_built_from_the_sources_that_lie_here():
    sources = [*sorted((PAGE / "web" / "source").glob("*.js")), PAGE / "web" / "build.mjs"]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
    script = (PAGE / "bundle" / "page.js").read_text(encoding="ascii")
    assert f"sources sha256 {digest}" in script, "build it anew: cd stages/page/web && npm ci && npm run build"
    assert "The MIT License" in script and "three.js authors" in script


def test_importing_the_stage_imports_nothing_heavy():
    code = "import stages.page, sys; print({'torch', 'scipy', 'av', 'cv2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PAGE.parents[1])
    assert done.stdout.strip() == "set()"


def test_the_page_says_what_angles_are_worth():
    seen, given = (text_of(replace(clips.person(0, 3), quality=quality)) for quality in (clips.GOOD, None))
    for text in (seen, given):
        assert "has not been validated against marker-based motion capture" in text
    assert "come from one camera" in seen and "One camera sees depth poorly" in seen
    assert "one camera" not in given.lower().split("<script>")[0]
