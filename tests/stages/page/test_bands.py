"""Walks of others behind the curves: with who walks, between his own heel-strikes, and with nobody else."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.synthetic_angles import read_motion
from models.gait import Stride
from models.gait_bands import load_bands
from models.osim.reader import read_model
from stages import biomech
from stages.contracts import Biomechanics
from stages.export.osim_gait import gait_of
from stages.page import PagePerson, bands
from tests.stages.page import clips
from tests.stages.page.test_document import data_of, text_of, unpacked

SAMPLES = Path(__file__).parents[3] / "samples"


def made(name: str, number: int = 0, first_s: float = 0.0) -> PagePerson:
    """A sample as it truly was, seen from a time on."""
    motion = read_motion(SAMPLES / f"{name}_truth.npz")
    motion = replace(motion, timestamps_s=motion.timestamps_s + first_s)
    return PagePerson(number, motion, clips.GOOD, biomech.run(biomech.Config(), motion))


@pytest.fixture(scope="module")
def walker() -> PagePerson:
    return made("walk")


@pytest.fixture(scope="module")
def squatter() -> PagePerson:
    return made("squat", 1)


def followed(person: PagePerson) -> Biomechanics:
    assert person.biomechanics is not None
    return person.biomechanics


def strides_of(person: PagePerson, side: str) -> list[Stride]:
    result = followed(person)
    return [stride for stride in gait_of(result, read_model(result.model_xml)).strides if stride.side == side]


def curves_in(text: str) -> dict[str, dict]:
    return {curve["title"]: curve for curve in data_of(text)["people"][0]["curves"]}


def test_a_walk_has_bands_between_its_own_heel_strikes(walker):
    found, others = curves_in(text_of(walker)), load_bands()
    assert {title for title, curve in found.items() if curve["bands"]} == {
        "Hip flexion", "Hip adduction", "Knee flexion", "Ankle dorsiflexion", "Pelvis tilt", "Pelvis list",
        "Pelvis rotation",
    }  # fmt: skip
    for side in ("left", "right"):
        band = found["Knee flexion"]["bands"][side]
        expected = [[stride.start_s * 30, stride.end_s * 30] for stride in strides_of(walker, side)]
        assert len(expected) >= 2
        np.testing.assert_allclose(band["strides"], expected, atol=1e-3)
        np.testing.assert_allclose(unpacked(band["mean"]), others.mean_deg["knee_angle"], atol=1e-5)
        np.testing.assert_allclose(unpacked(band["sd"]), others.sd_deg["knee_angle"], atol=1e-5)
    assert set(found["Pelvis list"]["bands"]) == {"middle"}


def test_who_does_not_walk_gets_none(squatter):
    for someone in (squatter, clips.person(0, 30)):
        text = text_of(someone)
        assert not any(curve["bands"] for curve in curves_in(text).values())
        assert 'id="bands"' not in text and "Walks of others" not in text


def test_another_model_gets_none(walker):
    own = followed(walker)
    foreign = replace(own, model_xml=own.model_xml.replace("kinetrace_thorax", "gait2392"))
    assert bands.bands_of(own) and bands.bands_of(foreign) == {}


def test_a_pelvis_between_left_strikes_alone_is_mirrored(walker, monkeypatch):
    found = bands.gait_of_poses
    monkeypatch.setattr(bands, "gait_of_poses", lambda *given: only_left(found(*given)))
    behind = bands.bands_of(walker.biomechanics)
    assert set(behind["knee_angle"]) == {"left"}
    np.testing.assert_array_equal(behind["pelvis_list"]["middle"].mean_deg, -load_bands().mean_deg["pelvis_list"])


def only_left(gait):
    return replace(gait, strides=tuple(stride for stride in gait.strides if stride.side == "left"))


def test_a_walk_that_begins_later_has_its_bands_later(walker):
    now, later = (bands.bands_of(person.biomechanics) for person in (walker, made("walk", first_s=0.5)))
    np.testing.assert_allclose(
        now["knee_angle"]["left"].strides, later["knee_angle"]["left"].strides, atol=2e-3
    )  # the page adds the first frame


def test_the_drawn_band_begins_and_ends_at_heel_strikes(open_report):
    """The outline goes along the upper edge and back along the lower; y points down."""
    walker, others = made("walk", first_s=0.5), load_bands()
    found = open_report(None, walker)
    lines = found.do(
        """[...document.querySelectorAll('.plot')]
        .find((plot) => plot.querySelector('h3').textContent === 'Knee flexion')
        .querySelectorAll('.band.right').values().map((path) => path.getAttribute('d')).toArray()"""
    )
    strides, mean, sd = strides_of(walker, "right"), others.mean_deg["knee_angle"], others.sd_deg["knee_angle"]
    assert len(lines) == 2 * len(strides)
    for row, line in enumerate(lines):
        points = np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", line), float)
        stride, width = strides[row // 2], (2, 1)[row % 2]
        ends = [30 * stride.start_s, 30 * stride.end_s]
        np.testing.assert_allclose(points[[0, 100], 0], ends, atol=0.02)
        np.testing.assert_allclose(points[[101, 201], 0], ends[::-1], atol=0.02)
        np.testing.assert_allclose(-points[:101, 1], mean + width * sd, atol=0.01)
        np.testing.assert_allclose(-points[201:100:-1, 1], mean - width * sd, atol=0.01)


def test_bands_can_be_hidden_and_go_with_their_person(open_report, walker, squatter):
    found = open_report(None, walker, squatter)
    shown = "[...document.querySelectorAll('.band')].some((path) => getComputedStyle(path).display !== 'none')"
    assert found.do(shown) and found.do("!document.getElementById('bands').hidden")
    found.do("document.getElementById('bands-on').click()")
    assert not found.do(shown)
    found.do("document.getElementById('bands-on').click()")
    assert found.do(shown)
    found.do("document.querySelector('input[name=person][value=\"1\"]').click()")
    assert not found.do(shown) and found.do("document.getElementById('bands').hidden")
    assert found.complaints == []
