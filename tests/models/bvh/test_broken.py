"""Files broken at random are refused with a line or read whole; the long run is tests/fuzz/fuzz_bvh.py."""

import random

import numpy as np
import pytest

from models.errors import InputError
from stages import retarget
from tests.fuzz.broken_bvh import PERSON, SEEDS, broken, check


@pytest.mark.parametrize("text", [*SEEDS, PERSON])
def test_the_files_to_break_are_right(text):
    assert check(text)


@pytest.mark.parametrize("seed", range(4))
def test_a_broken_file_is_refused_with_a_line_or_read_whole(seed):
    chance = random.Random(seed)
    taken = [check(broken(chance.choice(SEEDS), chance)) for _ in range(1000)]
    assert 0 < sum(taken) < len(taken)


def test_a_broken_person_is_refused_or_followed(tmp_path):
    """Bones without length, frames without end, limbs that are missing: a sentence or a motion, nothing else."""
    chance = random.Random(7)
    path = tmp_path / "broken.bvh"
    followed = 0
    for _ in range(100):
        path.write_text(broken(PERSON, chance), encoding="utf-8")
        try:
            motion = retarget.run(retarget.Config(unit_m=chance.choice((None, 0.01))), path)
        except InputError:
            continue
        followed += 1
        assert np.isfinite(motion.joints_m).all()
    assert 0 < followed < 100


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("29 0 0", "0 0 0", "'LeftArm' and 'LeftForeArm' lie in the same place"),
        ("Time: 0.0333333", "Time: 1e9", "a frame lasts 1e"),
        ("Time: 0.0333333", "Time: 1e-9", "a frame lasts 1e-09 s"),
    ],
)
def test_a_person_who_cannot_be_followed_is_refused(right, wrong, problem, tmp_path):
    path = tmp_path / "a.bvh"
    path.write_text(PERSON.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        retarget.run(retarget.Config(), path)
