"""Ways of several people across a picture: they cross, overtake, hide each other, leave and return.

A way is given by where somebody is at some moments: seconds, metres to the right of the camera's axis, metres away.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

Way = Sequence[tuple[float, float, float]]
"""Seconds, metres to the right, metres away from the camera; seconds rise."""

EDGE: Final = 0.5774
"""Metres to the right, for every metre away, at which a camera that sees 60 degrees ends its picture."""
OUT: Final = EDGE + 0.16
"""Here somebody is out of the picture."""
SOFT_S: Final = 0.15
"""Turns of a way are rounded over about this time."""
LEAP_M: Final = 1.0
"""Whoever goes farther than this from one frame to the next went there unseen; nothing is rounded across it."""


def cross(near_m: float, far_m: float) -> tuple[Way, ...]:
    """Two come from both sides and pass in the middle."""
    return _line(near_m, -0.42, 0.42, 0.0, 3.2), _line(far_m, 0.42, -0.42, 0.0, 3.2)


def cross_three(near_m: float, far_m: float) -> tuple[Way, ...]:
    """Two cross before somebody who stands in the middle."""
    return (*cross(near_m, far_m), _stay(far_m + 1.2, 0.03, 3.2))


def overtake(near_m: float, far_m: float) -> tuple[Way, ...]:
    """One walks faster the same way and passes in front."""
    return _line(near_m, -0.5, 0.45, 0.0, 3.4), _line(far_m, -0.25, 0.2, 0.0, 3.4)


def overtake_behind(near_m: float, far_m: float) -> tuple[Way, ...]:
    """One walks faster the same way and passes behind."""
    return _line(near_m, 0.25, -0.2, 0.0, 3.4), _line(far_m, 0.48, -0.42, 0.0, 3.4)


def hide(near_m: float, far_m: float) -> tuple[Way, ...]:
    """One walks behind another, stays hidden there for a second and goes on."""
    hidden = ((0.0, -0.38, far_m), (1.3, 0.05, far_m), (2.3, 0.05, far_m), (3.8, 0.42, far_m))
    return _stay(near_m, 0.05, 3.8), _across(hidden)


def hide_and_turn_back(near_m: float, far_m: float) -> tuple[Way, ...]:
    """One walks behind another, stays hidden there for a second and returns where he came from."""
    hidden = ((0.0, 0.4, far_m), (1.3, -0.05, far_m), (2.3, -0.05, far_m), (3.8, 0.4, far_m))
    return _stay(near_m, -0.05, 3.8), _across(hidden)


def pass_in_front(near_m: float, far_m: float) -> tuple[Way, ...]:
    """Somebody passes close to the camera before two who stand."""
    passing = _line(near_m - 0.8, -OUT, OUT, 0.3, 3.5)
    return _stay(far_m, -0.2, 3.8), _stay(far_m + 0.5, 0.22, 3.8), passing


def leave_and_return(near_m: float, far_m: float) -> tuple[Way, ...]:
    """One leaves the picture and returns on the same side; another stays."""
    gone = ((0.0, 0.1, near_m), (1.3, -OUT, near_m), (2.4, -OUT, near_m), (4.0, 0.05, near_m))
    return _across(gone), _stay(far_m, 0.2, 4.0)


def leave_and_return_elsewhere(near_m: float, far_m: float) -> tuple[Way, ...]:
    """Both leave on their own side, and the first to return comes from the other's."""
    one = ((0.0, -0.1, near_m), (1.2, -OUT, near_m), (1.9, -OUT, near_m), (1.91, OUT, far_m), (4.0, 0.0, far_m))
    other = ((0.0, 0.12, far_m), (1.3, OUT, far_m), (2.5, OUT, far_m), (2.51, -OUT, near_m), (4.6, -0.1, near_m))
    return _across(one), _across(other)


def meet_and_part(near_m: float, far_m: float) -> tuple[Way, ...]:
    """Two walk up to each other, one half behind the other, and go back."""
    one = ((0.0, -0.4, near_m), (1.6, -0.03, near_m), (2.1, -0.03, near_m), (3.7, -0.4, near_m))
    other = ((0.0, 0.4, far_m), (1.6, 0.03, far_m), (2.1, 0.03, far_m), (3.7, 0.4, far_m))
    return _across(one), _across(other)


def come_through(near_m: float, far_m: float) -> tuple[Way, ...]:
    """Somebody comes toward the camera while two cross before him."""
    coming = ((0.0, -0.1, far_m + 1.5), (3.4, 0.12, near_m - 0.3))
    return (*cross(near_m + 0.3, far_m), _across(coming))


def four(near_m: float, far_m: float) -> tuple[Way, ...]:
    """Two pairs cross at different distances, one of each faster."""
    return (
        _line(near_m, -0.45, 0.4, 0.0, 4.0),
        _line(near_m + 0.7, 0.42, -0.42, 0.0, 4.0),
        _line(far_m, -0.3, 0.5, 0.0, 4.0),
        _line(far_m + 0.8, 0.3, -0.35, 0.0, 4.0),
    )


SCENES: Final[Mapping[str, Callable[[float, float], tuple[Way, ...]]]] = {
    scene.__name__: scene
    for scene in (
        cross,
        cross_three,
        overtake,
        overtake_behind,
        hide,
        hide_and_turn_back,
        pass_in_front,
        leave_and_return,
        leave_and_return_elsewhere,
        meet_and_part,
        come_through,
        four,
    )
}
"""By name; each takes how far from the camera those in front and those behind walk, in metres."""


def duration_s(ways: Sequence[Way]) -> float:
    """When the last way ends."""
    return max(way[-1][0] for way in ways)


def walked(way: Way, times_s: Float[np.ndarray, " frames"]) -> Float[np.ndarray, "frames 2"]:
    """Metres to the right and away at these evenly spaced times, turns rounded; before and after, he stands."""
    moments = np.array(way, np.float64)
    rough_m = np.stack([np.interp(times_s, moments[:, 0], moments[:, axis]) for axis in (1, 2)], axis=1)
    leaps = np.flatnonzero(np.linalg.norm(np.diff(rough_m, axis=0), axis=1) > LEAP_M) + 1
    smooth = SOFT_S / (times_s[1] - times_s[0])
    parts = [gaussian_filter1d(part, smooth, axis=0, mode="nearest") for part in np.split(rough_m, leaps)]
    return np.concatenate(parts)


def _line(away_m: float, start: float, end: float, start_s: float, end_s: float) -> Way:
    return (start_s, start * away_m, away_m), (end_s, end * away_m, away_m)


def _stay(away_m: float, place: float, until_s: float) -> Way:
    return _line(away_m, place, place, 0.0, until_s)


def _across(moments: Way) -> Way:
    return tuple((time_s, share * away_m, away_m) for time_s, share, away_m in moments)
