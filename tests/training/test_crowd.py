"""Do people of made clips go where they are sent, and is what is told of them true?"""

from dataclasses import replace

import numpy as np
import pytest

from models.raster import View
from training.crowd import inside_share
from training.crowd_cast import _heading
from training.crowd_paths import EDGE, OUT, SCENES, duration_s, walked

TIMES_S = np.arange(101) / 25


@pytest.mark.parametrize("name", SCENES)
def test_every_scene_lasts_three_to_five_seconds_and_shows_at_least_two_people(name: str) -> None:
    ways = SCENES[name](4.2, 5.7)
    assert 3 <= duration_s(ways) <= 5
    assert len(ways) >= 2
    for way in ways:
        assert np.all(np.diff([moment[0] for moment in way]) > 0)


@pytest.mark.parametrize("name", ["leave_and_return", "leave_and_return_elsewhere"])
def test_who_leaves_is_out_of_the_picture_for_a_while_and_inside_before_and_after(name: str) -> None:
    place_m = walked(SCENES[name](4.2, 5.7)[0], TIMES_S)
    outside = np.abs(place_m[:, 0]) > EDGE * place_m[:, 1]
    assert not outside[0]
    assert not outside[-1]
    assert outside.sum() >= 10
    assert np.abs(place_m[:, 0] / place_m[:, 1]).max() == pytest.approx(OUT, abs=0.02)


def test_who_hides_stays_for_a_second_on_the_line_of_sight_of_who_hides_him() -> None:
    front, behind = (walked(way, TIMES_S) for way in SCENES["hide"](4.2, 5.7))
    apart = np.abs(front[:, 0] / front[:, 1] - behind[:, 0] / behind[:, 1])
    assert (apart < 0.02).sum() >= 25
    assert (behind[:, 1] > front[:, 1]).all()


def test_a_way_is_smooth_except_where_somebody_goes_unseen() -> None:
    steps_m = np.linalg.norm(
        np.diff(walked(SCENES["leave_and_return_elsewhere"](4.2, 5.7)[0], TIMES_S), axis=0), axis=1
    )
    assert (steps_m > 0.5).sum() == 1
    assert np.sort(steps_m)[-2] < 0.2


def test_whoever_stands_keeps_the_heading_in_which_he_came() -> None:
    x_m = np.minimum(TIMES_S, 2.0)
    heading = _heading(np.stack([x_m, np.zeros_like(x_m)], axis=1), TIMES_S)
    np.testing.assert_allclose(heading, np.pi / 2, atol=1e-6)


def test_the_share_inside_the_picture_is_that_of_the_box() -> None:
    view = View(np.eye(3), 640, 360)
    landmarks_px = np.zeros((33, 2))
    landmarks_px[0], landmarks_px[1:] = (-50, 100), (50, 200)
    assert inside_share(landmarks_px, view) == pytest.approx(0.5)
    assert inside_share(landmarks_px - (60, 0), view) == 0
    assert inside_share(landmarks_px + np.array([100.0, 0.0]), replace(view, width_px=200)) == pytest.approx(1.0)
