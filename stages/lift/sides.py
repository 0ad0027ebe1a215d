"""In which frames of one person the detector had left and right the wrong way round."""

import numpy as np

from models import side_swap
from stages.contracts import Person


def find_sides(person: Person) -> side_swap.Sides:
    """Where left and right are the wrong way round; False where the person was not seen."""
    seen = person.observed
    found = side_swap.find_swaps(
        person.landmarks_px[seen], person.rough_m[seen], person.timestamps_s[seen], side_swap.SwapCosts()
    )
    swapped, torn = np.zeros((2, len(seen)), dtype=bool)
    swapped[seen], torn[seen] = found.swapped, found.torn
    return side_swap.Sides(swapped, torn)
