"""Does the measure of identity keep its laws?"""

import numpy as np
import pytest

from benchmark.identity import compare, overlaps, total
from benchmark.people import bridged


def still(*places_px: float, frames: int = 20) -> np.ndarray:
    """Boxes of people who stand at these places."""
    return np.array([[[x, 0.0, x + 40, 100.0]] * frames for x in places_px])


def seen(people: int, frames: int = 20) -> np.ndarray:
    return np.ones((people, frames))


def test_the_truth_itself_scores_one() -> None:
    score = compare(still(0, 100), seen(2), still(100, 0))
    assert (score.idf1, score.recall, score.changes, score.ghosts) == (1.0, 1.0, 0, 0)


def test_people_who_are_exchanged_halfway_score_a_half() -> None:
    found = still(0, 100)
    found[:, 10:] = found[::-1, 10:].copy()
    score = compare(still(0, 100), seen(2), found)
    assert score.idf1 == pytest.approx(0.5)
    assert score.changes == 2


def test_a_person_in_two_pieces_counts_with_the_longer_and_costs_the_other() -> None:
    found = np.concatenate([still(0), still(0)])
    found[0, 15:], found[1, :15] = np.nan, np.nan
    score = compare(still(0), seen(1), found)
    assert score.idf1 == pytest.approx(2 * 15 / (20 + 20))
    assert score.changes == 1


def test_whoever_can_hardly_be_seen_is_neither_right_nor_wrong() -> None:
    visible = seen(1)
    visible[0, 5:15] = 0.3
    whole, gone = still(0), still(0)
    gone[0, 5:15] = np.nan
    assert compare(still(0), visible, whole).idf1 == compare(still(0), visible, gone).idf1 == 1.0


def test_somebody_where_nobody_is_is_a_ghost_of_so_many_frames() -> None:
    ghost = still(500)
    ghost[0, 7:] = np.nan
    score = compare(still(0), seen(1), np.concatenate([still(0), ghost]))
    assert (score.ghosts, score.longest_ghost) == (1, 7)
    assert score.idf1 == pytest.approx(2 * 20 / (20 + 27))
    assert total([score, score]).idf1 == score.idf1


def test_nobody_found_scores_nothing() -> None:
    score = compare(still(0), seen(1), np.zeros((0, 20, 4)))
    assert (score.idf1, score.found_frames) == (0.0, 0)


def test_overlap_of_boxes_is_symmetric_and_zero_apart_or_unknown() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [5, 0, 15, 10], [20, 0, 30, 10], [np.nan] * 4])
    table = overlaps(boxes[:, None], boxes[None])
    np.testing.assert_allclose(table, table.T)
    assert table[0].tolist() == pytest.approx([1, 1 / 3, 0, 0])


def test_short_gaps_are_bridged_in_a_straight_line_and_long_ones_are_not() -> None:
    track = np.full((1, 20, 4), np.nan)
    track[0, [0, 4, 12]] = np.array([0.0, 8.0, 30.0])[:, None]
    whole = bridged(track, 5)
    assert whole[0, :5, 0].tolist() == [0, 2, 4, 6, 8]
    assert np.isnan(whole[0, 5:12]).all()
    assert np.isnan(track[0, 1:4]).all()
