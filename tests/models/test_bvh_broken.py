"""Files broken at random are refused with a line or read whole; the long run is tests/fuzz/fuzz_bvh.py."""

import random

import pytest

from tests.fuzz.broken_bvh import SEEDS, broken, check


@pytest.mark.parametrize("text", SEEDS)
def test_the_files_to_break_are_right(text):
    assert check(text)


@pytest.mark.parametrize("seed", range(4))
def test_a_broken_file_is_refused_with_a_line_or_read_whole(seed):
    chance = random.Random(seed)
    taken = [check(broken(chance.choice(SEEDS), chance)) for _ in range(1000)]
    assert 0 < sum(taken) < len(taken)
