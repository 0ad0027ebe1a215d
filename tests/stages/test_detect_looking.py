"""Where the detector looks, what it remembers of how people look, and where it sees that a film cuts."""

import numpy as np
import pytest

from models.skeletons import LANDMARK_INDEX
from stages.detect import blazepose, hiding, lookout, parts
from stages.detect.appearance import CHANNELS, look, unlike
from stages.detect.blazepose import BlazePose
from stages.detect.cuts import shots
from tests.stages.doll import add_doll, backdrop

NOBODY = np.zeros((0, 4))


@pytest.fixture(scope="module")
def models() -> BlazePose:
    return blazepose.load()


def standing_px() -> np.ndarray:
    """Landmarks of somebody who stands upright, 200 pixels tall, in a picture of 300 x 300."""
    places = {"shoulder": (25, 90), "elbow": (35, 125), "wrist": (38, 160), "hip": (15, 160), "knee": (16, 205)}
    places |= {"ankle": (17, 245), "index": (38, 172), "foot_index": (22, 252)}
    landmarks_px = np.tile([150.0, 60.0], (33, 1))
    for part, (aside, down) in places.items():
        for side, sign in (("left", 1), ("right", -1)):
            landmarks_px[LANDMARK_INDEX[f"{side}_{part}"]] = (150 + sign * aside, down)
    return landmarks_px


# Looks


def now(
    picture: np.ndarray,
    time_s: float = 0.0,
    boxes: np.ndarray = NOBODY,
    lost: np.ndarray = NOBODY,
    *,
    is_turn: bool = True,
) -> lookout.Now:
    return lookout.Now(picture, time_s, boxes, lost, is_turn)


def test_every_place_of_a_picture_lies_in_a_part_of_each_size_and_no_part_is_too_small() -> None:
    for size in ((1920, 1080), (1080, 1920), (640, 360), (321, 200)):
        table = np.array(parts.parts(*size))
        assert table[1:, 2].min(initial=size[0]) >= parts.SMALLEST_PX
        random = np.random.default_rng(0).uniform(0, size, (200, 2))
        for level in np.unique(table[:, 3]):
            squares = table[table[:, 3] == level]
            off = np.abs(random[:, None] - squares[:, :2]).max(axis=-1) / squares[:, 2]
            assert off.min(axis=1).max() <= 0.5


def test_a_picture_has_no_more_parts_because_it_is_finer() -> None:
    assert len(parts.parts(3840, 2160)) == len(parts.parts(1920, 1080)) < 90


def looks_beside_somebody(picture: np.ndarray, turns: int) -> list[np.ndarray]:
    """Squares that are looked at every 0.1 s while somebody is followed in the corner."""
    somebody = np.array([[0.0, 0.0, 10.0, 20.0]])
    state, found = lookout.at_first(picture)[0], list[np.ndarray]()
    for turn in range(1, turns + 1):
        state, looks = lookout.next_looks(state, now(picture, 0.1 * turn, somebody))
        found.append(looks)
    return found


def test_every_part_is_looked_at_within_six_seconds_and_small_ones_then_ever_more_rarely() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (1080, 1920, 3)).astype(np.uint8)
    found = [[tuple(look) for look in looks if look[2] < 1080] for looks in looks_beside_somebody(picture, 600)]
    small = {(x, y, side, 0.0) for x, y, side, level in parts.parts(1920, 1080) if level > parts.LARGE}
    assert small == {look for looks in found[:60] for look in looks}
    assert max(len(looks) for looks in found) == parts.SWEEP
    assert sum(map(len, found[60:])) < 3 * len(small)


def test_nobody_is_looked_for_when_it_is_not_the_time_and_nobody_is_lost() -> None:
    picture = backdrop(360, 640)
    state, _ = lookout.at_first(picture)
    assert len(lookout.next_looks(state, now(picture, is_turn=False))[1]) == 0
    lost = np.array([[300.0, 200.0, 150.0, 0.3]])
    _, looks = lookout.next_looks(state, now(picture, lost=lost, is_turn=False))
    np.testing.assert_allclose(looks, [[300, 200, 150 * lookout.LOST_WIDER, 0]])


def test_what_moves_is_looked_at_unless_it_is_somebody_known() -> None:
    before, after = backdrop(1080, 1920), backdrop(1080, 1920)
    after[500:580, 1500:1530] = 255
    state, _ = lookout.at_first(before)
    _, looks = lookout.next_looks(state, now(after))
    x, y, side, _ = looks[0]
    assert abs(x - 1515) < 30
    assert abs(y - 540) < 30
    assert 200 <= side <= 500
    known = np.array([[1450.0, 450.0, 1600.0, 700.0]])
    _, looks = lookout.next_looks(state, now(after, boxes=known))
    assert not np.any(np.abs(looks[:, 0] - x) < 1)


def test_a_small_person_is_found_in_a_part_and_not_in_the_whole_picture(models: BlazePose) -> None:
    picture = add_doll(backdrop(1080, 1920), 1400, 500, 130)
    whole, _ = blazepose.find_people(models, picture, 0.3)
    assert not len(whole)
    found, _ = blazepose.find_people(models, picture, 0.3, np.array([[1380.0, 520.0, 400.0, 0.0]]))
    assert len(found) == 1
    np.testing.assert_allclose(found[0, :2], [1400, 500], atol=30)


# Looks of people


def test_looks_do_not_change_with_place_or_size_but_with_clothes() -> None:
    landmarks_px = standing_px()
    picture = np.full((300, 300, 3), 90, np.uint8)
    picture[80:160] = (200, 40, 40)
    large = np.repeat(np.repeat(picture, 2, axis=0), 2, axis=1)
    seen = np.ones((1, 33))
    small_looks, large_looks = look(picture, landmarks_px[None], seen), look(large, 2 * landmarks_px[None] + 0.5, seen)
    assert small_looks.shape == (1, CHANNELS)
    assert unlike(small_looks, large_looks)[0] < 0.02
    blue = picture.copy()
    blue[80:160] = (40, 40, 200)
    assert unlike(small_looks, look(blue, landmarks_px[None], seen))[0] > 0.3


def test_parts_that_are_hidden_outside_or_covered_are_not_known() -> None:
    landmarks_px, seen = standing_px(), np.ones(33)
    picture = np.full((300, 300, 3), 90, np.uint8)
    legs = [LANDMARK_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("knee", "ankle")]
    hidden = seen.copy()
    hidden[legs] = 0
    covered = np.zeros((300, 300), bool)
    covered[150:] = True
    cases = {
        "whole": look(picture, landmarks_px[None], seen[None]),
        "hidden": look(picture, landmarks_px[None], hidden[None]),
        "outside": look(picture[:200], landmarks_px[None], seen[None]),
        "covered": look(picture, landmarks_px[None], seen[None], covered),
    }
    shins = {case: bool(np.isnan(looks[0, -9:]).all()) for case, looks in cases.items()}
    assert shins == {"whole": False, "hidden": True, "outside": True, "covered": True}
    assert not any(np.isnan(looks[0, :9]).any() for looks in cases.values())


def test_two_who_have_no_part_in_common_cannot_be_compared() -> None:
    one, other = np.full(CHANNELS, np.nan), np.zeros(CHANNELS)
    assert np.isnan(unlike(one, other))


# People before others


def test_somebody_painted_out_is_covered_and_what_lies_beside_him_is_not() -> None:
    landmarks_px = standing_px()
    covered = hiding.covered_by(landmarks_px[None], 300, 300)
    inside = np.round(landmarks_px).astype(int)
    assert covered[inside[:, 1], inside[:, 0]].all()
    assert not covered[:, 230:].any()
    assert not hiding.is_seen(landmarks_px[None], covered)[0]
    assert hiding.is_seen(landmarks_px[None] + (90, 0), covered)[0]


def test_where_people_are_painted_out_the_picture_takes_the_colours_about_them_and_stays_elsewhere() -> None:
    covered = hiding.covered_by(standing_px()[None], 300, 300)
    wall = np.full((300, 300, 3), (90, 150, 200), np.uint8)
    shown = wall.copy()
    shown[covered] = np.random.default_rng(0).integers(0, 255, (int(covered.sum()), 3))
    painted = hiding.without(shown, covered)
    np.testing.assert_allclose(painted.astype(int), wall.astype(int), atol=4)
    greyed = hiding.greyed(shown, covered)
    assert (greyed[covered] == hiding.GREY).all()
    np.testing.assert_array_equal(greyed[~covered], wall[~covered])
    assert hiding.covered_by(standing_px()[None], 300, 300, hiding.WIDE)[covered].all()
    busy = np.random.default_rng(1).integers(0, 255, (300, 300, 3)).astype(np.uint8)
    np.testing.assert_array_equal(hiding.without(busy, covered)[~covered], busy[~covered])


def test_somebody_half_hidden_is_read_once_the_other_is_painted_out(models: BlazePose) -> None:
    behind = add_doll(backdrop(400, 500), 285, 200, 260)
    both = add_doll(behind, 215, 205, 300)
    place = np.array([[285.0, 200.0, 370.0, 0.0]])
    front = blazepose.read_picture(models, both, np.array([[215.0, 205.0, 425.0, 0.0]]))
    picture = hiding.without(both, hiding.covered_by(front.landmarks_px, 400, 500))
    alone = blazepose.read_picture(models, behind, place)
    read = blazepose.read_picture(models, picture, place)
    assert read.score[0] > 0.5
    assert np.median(np.linalg.norm(read.landmarks_px - alone.landmarks_px, axis=-1)) < 0.1 * 260


# Cuts


def counted(pictures: list[np.ndarray]) -> list[tuple[int, bool]]:
    return [(shot, ends) for _, shot, ends in shots((None, picture) for picture in pictures)]


def scenes(seed: int) -> np.ndarray:
    """Large patches of colour."""
    patches = np.random.default_rng(seed).integers(0, 255, (5, 8, 3))
    return np.repeat(np.repeat(patches, 36, axis=0), 40, axis=1).astype(np.uint8)


def test_a_cut_is_counted_once_and_the_frame_before_it_is_marked() -> None:
    found = counted([scenes(1)] * 6 + [scenes(2)] * 5)
    assert [shot for shot, _ in found] == [0] * 6 + [1] * 5
    assert [index for index, (_, ends) in enumerate(found) if ends] == [5]


def test_a_cut_before_the_last_frame_and_after_the_first_are_seen() -> None:
    assert [shot for shot, _ in counted([scenes(1), scenes(2), scenes(2)])] == [0, 1, 1]
    assert [shot for shot, _ in counted([scenes(1), scenes(1), scenes(2)])] == [0, 0, 1]
    assert [shot for shot, _ in counted([scenes(1)])] == [0]


def test_a_flash_a_pan_and_somebody_who_passes_close_are_no_cuts() -> None:
    dark, flash = scenes(1) // 3, np.full((180, 320, 3), 250, np.uint8)
    wide = np.concatenate([scenes(seed) for seed in range(4)], axis=1)
    pan = [wide[:, 12 * step : 12 * step + 320] for step in range(40)]
    passing = list[np.ndarray]()
    for step in range(24):
        picture = scenes(3)
        picture[:, max(0, 16 * step - 90) : 16 * step] = 10
        passing.append(picture)
    for film in ([dark] * 5 + [flash] + [dark] * 5, pan, passing):
        assert {shot for shot, _ in counted(film)} == {0}
