"""One person's joints from columns that have names, as marker files hold them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from models.readers.given import Said, WorldPoints, need_length, need_rate
from models.readers.names import by_names, spread
from models.readers.world import Told, person_in_world


def from_columns(  # noqa: PLR0913 - a file's parts
    name: str,
    names: Sequence[str],
    places: Float[np.ndarray, "frames columns 3"],
    timestamps_s: Float[np.ndarray, " frames"],
    said: Said,
    *,
    unit: str | None,
    up: str | None = None,
) -> tuple[WorldPoints, ...]:
    """The one person whose joints the columns are.

    Args:
        unit, up: as the file says.

    Raises:
        InputError: as by_names, need_length and person_in_world.
    """
    frames = need_length(name, [("the file", len(places))])
    times_s = timestamps_s if said.rate_hz is None else np.arange(frames) / need_rate(said, None, "")
    layout = by_names(name, names, said)
    there = spread(np.ones(places.shape[:2]), layout)
    points = WorldPoints("0", layout[0], times_s, spread(places, layout), there)
    return (person_in_world(name, points, said=said, told=Told(unit, up)),)
