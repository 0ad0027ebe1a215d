"""Do sightings become the right people: joined, freed of ghosts, ordered, chosen?"""

import numpy as np
import pytest

from models.errors import ConfigError, InputError
from stages import track
from stages.contracts import Clip, Detections, Person

RATE_HZ = 30.0
FRAMES = 90
Piece = tuple[range, float, float]
"""Frames, centre x and side of somebody who stands still."""


def clip(frames: int = FRAMES) -> Clip:
    return Clip(640, 480, np.arange(frames) / RATE_HZ, float("nan"), 0)


def sightings(*pieces: Piece, frames: int = FRAMES) -> Detections:
    rows = sorted((frame, index, x, side) for index, (span, x, side) in enumerate(pieces) for frame in span)
    count = len(rows)
    table = np.array(rows, float).reshape(count, 4)
    region = np.stack([table[:, 2], np.full(count, 240.0), table[:, 3], np.zeros(count)], axis=1)
    mark = table[:, 0] + 1000 * table[:, 1]
    return Detections(
        frame_count=frames,
        frame_index=table[:, 0].astype(np.int64),
        region_index=table[:, 1].astype(np.int64),
        region=region,
        landmarks_px=np.tile(mark[:, None, None], (1, 33, 2)),
        rough_m=np.zeros((count, 33, 3)),
        visibility=np.ones((count, 33)),
        presence=np.ones((count, 33)),
        score=np.ones(count),
        appearance=np.full((count, 54), np.nan),
        shot_index=np.zeros(count, np.int64),
    )


def people(*pieces: Piece, frames: int = FRAMES, **settings: float) -> tuple[Person, ...]:
    return track.run(track.Config(**settings), clip(frames), sightings(*pieces, frames=frames))


def test_a_person_spans_first_to_last_sighting_and_carries_their_rows() -> None:
    (one,) = people((range(10, 70), 300, 200))
    assert one.first_frame == 10
    np.testing.assert_array_equal(one.timestamps_s, clip().timestamps_s[10:70])
    np.testing.assert_array_equal(one.landmarks_px[:, 0, 0], np.arange(10, 70))
    assert one.observed.all()


def test_pieces_in_one_place_are_one_person_with_a_gap() -> None:
    (one,) = people((range(0, 40), 300, 200), (range(50, 90), 320, 210))
    np.testing.assert_array_equal(np.flatnonzero(~one.observed), np.arange(40, 50))
    assert np.isnan(one.landmarks_px[45]).all()
    np.testing.assert_array_equal(one.landmarks_px[50:, 0, 0], 1000 + np.arange(50, 90))


@pytest.mark.parametrize(
    "later",
    [(range(50, 90), 600, 200), (range(50, 90), 300, 290), (range(60, 90), 300, 200), (range(40, 90), 300, 200)],
)
def test_pieces_that_jump_grow_come_late_or_overlap_are_two_people(later: Piece) -> None:
    assert len(people((range(0, 42), 300, 200), later)) == 2


def test_pieces_meet_in_a_chain() -> None:
    (one,) = people((range(0, 20), 300, 200), (range(25, 45), 300, 200), (range(50, 90), 300, 200))
    assert one.observed.sum() == 80


def test_a_ghost_is_dropped_and_a_short_clip_is_not() -> None:
    assert len(people((range(0, 90), 300, 200), (range(30, 40), 600, 100))) == 1
    assert len(people((range(0, 4), 300, 200), frames=4)) == 1
    assert len(people((range(1), 300, 200), frames=1)) == 1


def test_people_come_in_the_order_of_appearance_the_larger_first() -> None:
    found = people((range(20, 90), 100, 300), (range(0, 90), 300, 100), (range(0, 90), 500, 200))
    assert [int(np.nanmax(person.region[:, 2])) for person in found] == [200, 100, 300]


def test_nobody_at_all_is_an_error_of_the_input() -> None:
    with pytest.raises(InputError, match="no person was found in any frame"):
        people()


def test_nobody_for_long_enough_names_the_setting() -> None:
    with pytest.raises(InputError, match=r"nobody was seen for longer than 0\.10 s.*min_duration_s"):
        people((range(3), 300, 200))


def test_all_the_largest_or_one_number_can_be_chosen() -> None:
    found = people((range(0, 90), 300, 100), (range(10, 90), 600, 250))
    assert track.choose(found, "all") == (0, 1)
    assert track.choose(found, "largest") == (1,)
    assert track.choose(found, "1") == (1,)


def test_a_number_that_nobody_has_is_told_with_how_many_there_are() -> None:
    found = people((range(0, 90), 300, 100), (range(10, 90), 600, 250))
    with pytest.raises(InputError, match=r"no person 2: 2 people were found.* Choose a number from 0 to 1"):
        track.choose(found, "2")


@pytest.mark.parametrize("wish", ["second", "-1", "1.5", ""])
def test_a_wish_that_is_no_number_is_refused(wish: str) -> None:
    with pytest.raises(ConfigError, match="Choose all, largest, first, leftmost, rightmost or a number"):
        track.choose(people((range(0, 90), 300, 100)), wish)


@pytest.mark.parametrize("field", ["min_duration_s", "max_gap_s", "memory_s"])
def test_a_negative_setting_is_refused_by_name(field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        track.Config(**{field: -1.0})
