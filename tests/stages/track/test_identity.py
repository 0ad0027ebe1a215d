"""Do people stay themselves: across gaps by looks, motion and place, across cuts not, and as the user says?"""

from dataclasses import replace

import numpy as np
import pytest

from models.errors import ConfigError, InputError
from stages import track
from stages.contracts import Clip, Detections, Person
from stages.track.pieces import Sightings, pieces

RATE_HZ = 30.0
FRAMES = 300
RED, BLUE, UNKNOWN = 0.0, 0.5, float("nan")


def clip(frames: int = FRAMES) -> Clip:
    return Clip(640, 480, np.arange(frames) / RATE_HZ, float("nan"), 0)


def walker(
    frames: range, start_px: float, end_px: float, looks: float, *, region: int = 0, shot: int = 0, side_px: float = 150
) -> Detections:
    """Somebody who goes from one place to another; his looks are one number, his landmarks a box about his region."""
    count = len(frames)
    x = np.linspace(start_px, end_px, count)
    place = np.stack([x, np.full(count, 240.0)], axis=1)
    corners = np.array([[-0.15, -0.35], [0.15, 0.35]])[np.arange(33) % 2] * side_px
    return Detections(
        frame_count=FRAMES,
        frame_index=np.array(frames, np.int64),
        region_index=np.full(count, region),
        region=np.concatenate([place, np.tile([side_px, 0.0], (count, 1))], axis=1),
        landmarks_px=place[:, None] + corners,
        rough_m=np.zeros((count, 33, 3)),
        visibility=np.ones((count, 33)),
        presence=np.ones((count, 33)),
        score=np.ones(count),
        appearance=np.full((count, 54), looks),
        shot_index=np.full(count, shot),
    )


def together(*parts: Detections) -> Detections:
    order = np.argsort(np.concatenate([part.frame_index for part in parts]), kind="stable")
    names = [name for name in vars(parts[0]) if name not in ("frame_count", "background")]
    table = {name: np.concatenate([getattr(part, name) for part in parts])[order] for name in names}
    return Detections(frame_count=FRAMES, **table)


def people(*parts: Detections, **settings: object) -> tuple[Person, ...]:
    return track.run(track.Config(**settings), clip(), together(*parts))  # type: ignore[arg-type]


def span(person: Person) -> tuple[int, int]:
    return person.first_frame, person.first_frame + len(person.observed)


def test_two_who_cross_and_are_lost_go_on_as_themselves() -> None:
    found = people(
        walker(range(0, 100), 100, 290, RED, region=0),
        walker(range(0, 100), 540, 350, BLUE, region=1),
        walker(range(130, 230), 350, 540, RED, region=2),
        walker(range(130, 230), 290, 100, BLUE, region=3),
    )
    assert len(found) == 2
    ends_px = sorted((person.region[0, 0], person.region[-1, 0]) for person in found)
    assert ends_px == [(100, 540), (540, 100)]


def test_two_in_the_same_clothes_go_on_as_they_moved() -> None:
    found = people(
        walker(range(0, 100), 100, 290, RED, region=0),
        walker(range(0, 100), 540, 350, RED, region=1),
        walker(range(112, 212), 313, 503, RED, region=2),
        walker(range(112, 212), 327, 137, RED, region=3),
    )
    assert sorted((person.region[0, 0], person.region[-1, 0]) for person in found) == [(100, 503), (540, 137)]


def test_who_leaves_returns_anywhere_at_the_border_within_the_memory_if_he_looks_alike() -> None:
    leaves, stays = walker(range(0, 60), 300, 10, RED), walker(range(0, 300), 400, 400, BLUE, region=1)
    back = walker(range(120, 200), 630, 500, RED, region=2)
    other = walker(range(120, 200), 630, 500, 0.9, region=2)
    assert sorted(map(span, people(leaves, stays, back))) == [(0, 200), (0, 300)]
    assert len(people(leaves, stays, other)) == 3
    assert len(people(leaves, stays, back, memory_s=1.0)) == 3
    inside = walker(range(75, 200), 600, 300, RED, region=2)
    gone_inside = walker(range(0, 60), 100, 200, RED)
    assert len(people(gone_inside, stays, inside)) == 3


def test_without_looks_only_a_short_gap_in_one_place_is_bridged() -> None:
    first = walker(range(0, 60), 200, 200, UNKNOWN)
    assert len(people(first, walker(range(70, 120), 200, 200, UNKNOWN, region=1))) == 1
    assert len(people(first, walker(range(80, 120), 200, 200, UNKNOWN, region=1))) == 2


def test_a_cut_ends_everybody_even_at_the_same_place() -> None:
    before, after = walker(range(0, 100), 200, 200, RED), walker(range(100, 200), 200, 200, RED, shot=1)
    assert [span(person) for person in people(before, after)] == [(0, 100), (100, 200)]
    assert [span(person) for person in people(before, replace(after, shot_index=after.shot_index * 0))] == [(0, 200)]


def test_a_region_that_passes_from_one_to_another_is_two_people() -> None:
    other = walker(range(100, 200), 600, 600, BLUE, region=1)
    both = together(walker(range(0, 80), 100, 250, RED), walker(range(80, 160), 255, 400, BLUE), other)
    assert sorted(len(rows) for rows in pieces(Sightings.of(clip(), both))) == [80, 80, 100]
    same = together(walker(range(0, 80), 100, 250, RED), walker(range(80, 160), 255, 400, RED + 0.1), other)
    assert sorted(len(rows) for rows in pieces(Sightings.of(clip(), same))) == [100, 160]


def test_somebody_alone_may_change_his_looks() -> None:
    one = together(walker(range(0, 80), 100, 250, RED), walker(range(80, 160), 255, 400, BLUE))
    assert [span(person) for person in people(one)] == [(0, 160)]
    unlike_both = walker(range(0, 160), 600, 600, 2.0, region=1)
    assert [span(person) for person in people(one, unlike_both)] == [(0, 160), (0, 160)]


def test_who_looks_otherwise_for_a_while_because_somebody_covers_him_stays_himself() -> None:
    covered = together(
        walker(range(0, 80), 100, 250, RED),
        walker(range(80, 110), 252, 310, 0.3),
        walker(range(110, 200), 312, 480, RED),
        walker(range(0, 200), 600, 600, 0.35, region=1),
    )
    assert sorted(len(rows) for rows in pieces(Sightings.of(clip(), covered))) == [30, 80, 90, 200]
    assert [span(person) for person in people(covered)] == [(0, 200), (0, 200)]


def test_somebody_who_is_seen_twice_in_a_frame_counts_once() -> None:
    (one,) = people(walker(range(0, 100), 200, 300, RED), walker(range(20, 60), 222.22, 262.63, RED, region=1))
    assert span(one) == (0, 100)


# By hand


def three() -> tuple[Detections, ...]:
    return (
        walker(range(0, 100), 100, 100, RED, region=0),
        walker(range(0, 250), 300, 300, BLUE, region=1, side_px=60),
        walker(range(200, 290), 500, 500, 0.9, region=2),
    )


def test_people_are_merged_by_number_and_the_others_follow_in_order() -> None:
    assert [span(person) for person in people(*three())] == [(0, 100), (0, 250), (200, 290)]
    merged = people(*three(), merge=("0,2",))
    assert [span(person) for person in merged] == [(0, 290), (0, 250)]
    assert not merged[0].observed[100:200].any()


def test_where_merged_people_are_seen_at_once_the_one_named_first_counts() -> None:
    ways_px = [one.region[:, 0].tolist() for one in people(*three(), merge=("1,2",))]
    assert [300] * 250 + [500] * 40 in ways_px
    ways_px = [one.region[:, 0].tolist() for one in people(*three(), merge=("2,1",))]
    assert [300] * 200 + [500] * 90 in ways_px


def test_a_person_is_split_at_a_second() -> None:
    parts = people(*three(), split=("1@3.0",))
    assert [span(person) for person in parts] == [(0, 100), (0, 90), (90, 250), (200, 290)]


def test_what_was_split_can_be_merged_with_another() -> None:
    parts = people(*three(), split=("1@3.0",), merge=("3,2",))
    assert [span(person) for person in parts] == [(0, 100), (0, 90), (90, 290)]


@pytest.mark.parametrize("text", ["1", "1,1", "a,b", "", "1,-2", "1;2"])
def test_what_cannot_be_merged_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="names no people to merge"):
        track.Config(merge=(text,))


@pytest.mark.parametrize("text", ["1", "1@", "@2", "1@-2", "1@nan", "x@2", "1@inf"])
def test_what_cannot_be_split_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="splits nobody"):
        track.Config(split=(text,))


def test_numbers_that_nobody_has_and_moments_without_him_are_named() -> None:
    with pytest.raises(InputError, match=r"names person 7, who is not there\. Choose from \[0, 1, 2\]"):
        people(*three(), merge=("1,7",))
    with pytest.raises(InputError, match=r"Choose a second between 0\.00 and 3\.30"):
        people(*three(), split=("0@8.0",))


# Choosing


def test_people_are_chosen_by_place_and_first_appearance() -> None:
    found = people(*three())
    chosen = {word: track.choose(found, word) for word in ("leftmost", "rightmost", "first", "largest")}
    assert chosen == {"leftmost": (0,), "rightmost": (2,), "first": (0,), "largest": (0,)}


def test_whoever_is_at_a_point_at_a_second_is_chosen() -> None:
    found = people(*three())
    assert track.choose(found, "all", "300,240@1.0") == (1,)
    assert track.choose(found, "all", "500,240@8.0") == (2,)
    with pytest.raises(InputError, match=r"nobody is at 500,240 at 1 s.*person 0 at 100,240; person 1 at 300,240"):
        track.choose(found, "all", "500,240@1")
    with pytest.raises(InputError, match="Choose a second at which somebody is"):
        track.choose(found, "all", "500,240@60")


def test_of_two_at_a_point_the_one_whose_middle_is_nearer_is_chosen() -> None:
    found = people(walker(range(0, 90), 200, 200, RED), walker(range(0, 90), 230, 230, BLUE, region=1))
    assert track.choose(found, "all", "221,240@1.0") == (1,)
    assert track.choose(found, "all", "209,240@1.0") == (0,)


@pytest.mark.parametrize("text", ["300", "300,200", "300,200@", "a,b@c", "300,200@1,5", "1e9999,3@2"])
def test_what_names_no_point_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="names no point"):
        track.choose(people(*three()), "all", text)
