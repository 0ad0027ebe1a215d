"""Several calibrated cameras: their people become one, in metres, upright, on one floor, on the first one's clock."""

import dataclasses
import logging

import numpy as np
import pytest

from models import camera
from models.errors import ConfigError, InputError
from models.side_swap import swap_sides
from stages import lift
from stages.contracts import Clip, Person
from stages.lift import together, views
from tests.models.cameras.rigs import SIZE_PX, camera_at, seen_by, toml_of, walker_in_world_m

RIG = (camera_at("cam1", 15), camera_at("cam2", 85))
NAMES = ("x_cam1", "x_cam2")
HOW = together.Config(lift.Config(lifter="rough"))
BODY = slice(11, 33)


def sighting(number, points_m, times_s, *, swapped=None, noise_px=2.0, first_frame=0):
    """What a detector says of a walker whom a camera of the rig sees; depth squeezed."""
    viewer = RIG[number]
    pixels = seen_by(viewer, points_m)
    centre = (pixels.min(axis=1) + pixels.max(axis=1)) / 2
    turned = camera.camera_from_ray(centre, viewer.camera_matrix)
    shape_m = (points_m - points_m[:, 23:25].mean(axis=1, keepdims=True)) @ viewer.camera_from_world[:3, :3].T
    rough_m = np.einsum("fji,fpj->fpi", turned, shape_m) * [1, 1, 0.75]
    side_px = 1.25 * np.ptp(pixels, axis=1).max(axis=1)
    pixels = pixels + np.random.default_rng(number).normal(0, noise_px, pixels.shape)
    where = np.zeros(len(times_s), dtype=bool) if swapped is None else swapped
    return Person(
        first_frame=first_frame,
        timestamps_s=times_s,
        observed=np.ones(len(times_s), dtype=bool),
        region=np.stack([*centre.T, side_px, 0 * side_px], axis=1),
        landmarks_px=swap_sides(pixels, where),
        rough_m=swap_sides(rough_m, where),
        visibility=np.full(pixels.shape[:2], 0.95),
        presence=np.full(pixels.shape[:2], 0.99),
    )


def times(count=60, rate_hz=30, begin_s=0.0):
    return begin_s + np.arange(count) / rate_hz


def clip_of(times_s):
    return Clip(*SIZE_PX, times_s, float("nan"), 0)


@pytest.fixture
def calibration(tmp_path):
    path = tmp_path / "Calib.toml"
    path.write_text(toml_of(RIG))
    return path


def lifted(calibration, people, clips, config=HOW):
    matched = views.run(config.views, calibration, NAMES, clips, people)
    return matched, together.run(config, calibration, NAMES, clips, people, matched)


def test_a_walker_stands_where_he_stood(calibration):
    truth_m = walker_in_world_m(times())
    people = tuple((sighting(number, truth_m, times()),) for number in range(2))
    matched, (track,) = lifted(calibration, people, (clip_of(times()),) * 2)
    assert matched.track_person.tolist() == [0, 0]
    assert matched.lead_s.tolist() == [0, 0]
    away_m = np.linalg.norm(track.landmarks_m - truth_m, axis=-1)[:, BODY]
    assert away_m.mean() < 0.012
    assert away_m.max() < 0.06
    assert np.allclose(track.world_from_camera, np.linalg.inv(RIG[0].camera_from_world), atol=0.02)


def test_one_camera_alone_is_far_worse(calibration):
    truth_m = walker_in_world_m(times())
    people = tuple((sighting(number, truth_m, times()),) for number in range(2))
    _, (both,) = lifted(calibration, people, (clip_of(times()),) * 2)
    rooted = lambda x: (x - x[:, 23:25].mean(axis=1, keepdims=True))[:, BODY]  # noqa: E731
    error_m = np.linalg.norm(rooted(both.landmarks_m) - rooted(truth_m), axis=-1).mean()
    squeezed_m = np.linalg.norm(people[0][0].rough_m * [0, 0, 1 / 0.75 - 1], axis=-1)[:, BODY].mean()
    assert error_m < 0.3 * squeezed_m


def test_clocks_that_differ_are_brought_together(calibration):
    truth_m = walker_in_world_m(times())
    people = ((sighting(0, truth_m, times()),), (sighting(1, truth_m, times(begin_s=0.5)),))
    clips = (clip_of(times()), clip_of(times(90)))
    shifted = dataclasses.replace(people[1][0], first_frame=15)
    matched, (track,) = lifted(calibration, (people[0], (shifted,)), clips)
    assert matched.lead_s[1] == pytest.approx(0.5, abs=0.006)
    assert np.linalg.norm(track.landmarks_m - truth_m, axis=-1)[:, BODY].mean() < 0.015


def test_cameras_of_different_rates_give_the_first_ones(calibration):
    truth_m, fine_m = walker_in_world_m(times()), walker_in_world_m(times(100, 50))
    people = ((sighting(0, truth_m, times()),), (sighting(1, fine_m, times(100, 50)),))
    _, (track,) = lifted(calibration, people, (clip_of(times()), clip_of(times(100, 50))))
    assert track.rate_hz == 30
    assert np.linalg.norm(track.landmarks_m - truth_m, axis=-1)[:, BODY].mean() < 0.015


def test_two_people_are_numbered_alike_and_share_a_floor(calibration):
    one_m = walker_in_world_m(times())
    other_m = walker_in_world_m(times() + 0.4) + np.array([0.9, 0.15, -0.3])
    people = tuple((sighting(number, one_m, times()), sighting(number, other_m, times())) for number in (0, 1))
    people = (people[0], people[1][::-1])
    _, tracks = lifted(calibration, people, (clip_of(times()),) * 2)
    lowest_m = [track.landmarks_m[..., 1].min() for track in tracks]
    assert len(tracks) == 2
    assert np.linalg.norm(tracks[0].landmarks_m - one_m, axis=-1)[:, BODY].mean() < 0.02
    assert lowest_m[1] - lowest_m[0] == pytest.approx(0.15, abs=0.03)


def test_a_view_whose_sides_are_exchanged_is_put_right(calibration):
    truth_m = walker_in_world_m(times())
    wrong = np.ones(60, dtype=bool)
    people = ((sighting(0, truth_m, times()),), (sighting(1, truth_m, times(), swapped=wrong),))
    _, (track,) = lifted(calibration, people, (clip_of(times()),) * 2)
    assert np.linalg.norm(track.landmarks_m - truth_m, axis=-1)[:, BODY].mean() < 0.015


def test_while_one_camera_is_blind_the_other_goes_on(calibration):
    truth_m = walker_in_world_m(times())
    late = sighting(1, truth_m[30:], times(30, begin_s=1.0), first_frame=30)
    people = ((sighting(0, truth_m, times()),), (late,))
    _, (track,) = lifted(calibration, people, (clip_of(times()),) * 2)
    away_m = np.linalg.norm(track.landmarks_m - truth_m, axis=-1)[:, BODY].mean(axis=1)
    assert track.observed.all()
    assert away_m[35:].mean() < 0.015
    assert away_m[:25].mean() < 0.15


@pytest.mark.parametrize("up", ["z", "-x"])
def test_whichever_axis_is_up_the_result_has_y_up(tmp_path, up):
    turn = np.eye(4)
    turn[:3, :3] = {"z": [[1, 0, 0], [0, 0, 1], [0, -1, 0]], "-x": [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]}[up]
    path = tmp_path / "Calib.toml"
    path.write_text(toml_of([dataclasses.replace(c, camera_from_world=c.camera_from_world @ turn) for c in RIG]))
    truth_m = walker_in_world_m(times())
    people = tuple((sighting(number, truth_m, times()),) for number in range(2))
    _, (track,) = lifted(path, people, (clip_of(times()),) * 2)
    tall = track.landmarks_m[:, 0] - track.landmarks_m[:, 27:33].mean(axis=1)
    assert (tall[:, 1] / np.linalg.norm(tall, axis=1)).mean() > 0.95
    assert track.landmarks_m[..., 1].min() == pytest.approx(0, abs=0.05)


def test_a_calibration_in_millimetres_is_refused(tmp_path):
    path = tmp_path / "Calib.toml"
    path.write_text(toml_of(RIG, scale=1000.0))
    truth_m = walker_in_world_m(times())
    people = tuple((sighting(number, truth_m, times()),) for number in range(2))
    with pytest.raises(InputError, match="m tall"):
        lifted(path, people, (clip_of(times()),) * 2)


def test_a_shifted_picture_is_complained_of_and_a_good_one_is_not(calibration, caplog):
    truth_m = walker_in_world_m(times())
    people = [(sighting(number, truth_m, times()),) for number in range(2)]
    clips = (clip_of(times()),) * 2
    with caplog.at_level(logging.WARNING):
        views.run(HOW.views, calibration, NAMES, clips, tuple(people))
    assert not caplog.records
    moved = dataclasses.replace(people[1][0], landmarks_px=people[1][0].landmarks_px + np.array([0, 20.0]))
    with caplog.at_level(logging.WARNING):
        views.run(HOW.views, calibration, NAMES, clips, (people[0], (moved,)))
    assert "does not fit" in caplog.text


def test_cameras_that_saw_different_people_are_refused(calibration):
    one_m = walker_in_world_m(times())
    people = ((sighting(0, one_m, times()),), (sighting(1, one_m + np.array([1.5, 0.6, 0.5]), times()),))
    with pytest.raises(InputError, match="another camera"):
        views.run(views.Config(0.0), calibration, NAMES, (clip_of(times()),) * 2, people)


def test_impossible_settings_are_refused():
    with pytest.raises(ConfigError, match="max_lead_s"):
        views.Config(max_lead_s=-1.0)
