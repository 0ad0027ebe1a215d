"""One line of judgement: the worst decides, and what it says is true."""

from dataclasses import fields, replace

import pytest

from stages.contracts import Quality
from stages.page.sections import QUALITY
from stages.page.verdict import FAIR, GOOD, grade_of, verdict
from tests.stages.page import clips

NAN = float("nan")


def test_at_the_limits_the_grade_is_still_reached():
    for limits, grade in ((GOOD, "good"), (FAIR, "fair")):
        assert grade_of(replace(clips.GOOD, **vars(limits))) == grade


@pytest.mark.parametrize("field", [field.name for field in fields(GOOD)])
@pytest.mark.parametrize(("limits", "grade"), [(GOOD, "fair"), (FAIR, "poor")])
def test_one_thing_past_its_limit_lowers_the_grade(field, limits, grade):
    step = -0.001 if field in ("observed_share", "mean_confidence") else 0.001
    assert grade_of(replace(clips.GOOD, **{field: getattr(limits, field) + step})) == grade


@pytest.mark.parametrize("field", [field.name for field in fields(GOOD)])
def test_what_is_not_known_is_not_good(field):
    assert grade_of(replace(clips.GOOD, **{field: NAN})) == "poor"


def test_the_worst_of_several_people_decides():
    poor = replace(clips.GOOD, observed_share=0.5)
    found = verdict([clips.GOOD, poor, clips.GOOD])
    assert found.grade == "poor"
    assert found.line.startswith("Poor tracking: 3 people; the least certain: seen in 50% of the frames")


def test_a_person_lost_for_a_while_is_told_with_the_time():
    assert "longest gap 0.20 s" in verdict([replace(clips.GOOD, longest_gap_s=0.2)]).line
    assert "gap" not in verdict([clips.GOOD]).line


def test_nobody_is_nothing_to_trust():
    assert verdict([]).line == "Poor tracking: nobody was found in the video."


def test_without_a_video_nothing_is_judged():
    assert verdict([None]).grade == "none" and verdict([None]).line.startswith("Not judged")
    assert verdict([None, clips.GOOD]) == verdict([clips.GOOD])


def test_every_number_of_quality_has_a_name_on_the_page():
    assert list(QUALITY) == [field.name for field in fields(Quality)]
