"""The trunk of the own model: the root, and the joints of back, thorax and neck."""

from collections.abc import Mapping
from typing import Final, Literal

from models.osim.full_body_arms import ANY
from models.osim.full_body_legs import HIP_M
from models.osim.full_body_parts import Range, angles, custom, turns_zxy
from models.osim.functions import IDENTITY
from models.osim.joints import UNIT
from models.osim.model import GROUND, Coordinate, Frame, Joint, Vector

Topology = Literal["thorax", "standard"]

STANDARD_BACK_M: Final[Vector] = (-0.1007, 0.0815, 0.0)
"""Rajagopal et al. 2016."""
BACK_M: Final[Vector] = (HIP_M[0] - 0.024, HIP_M[1] + 0.132, 0.0)
THORAX_M: Final[Vector] = (-0.016, 0.246, 0.0)
NECK_M: Final[Vector] = (0.029, 0.188, 0.0)
"""Of the free body's mean shape."""
MOVES: Final = ("extension", "bending", "rotation")
FAR_M: Final = 100.0
STANDING_M: Final = 0.94
"""Default height of the pelvis."""


def root() -> Joint:
    """The pelvis on the ground: tilt, list, rotation, and three shifts, wherever it goes."""
    turning: Mapping[str, Range] = dict.fromkeys(("pelvis_tilt", "pelvis_list", "pelvis_rotation"), ANY)
    moving = [
        Coordinate(f"pelvis_t{x}", "translational", STANDING_M if x == "y" else 0.0, -FAR_M, FAR_M, clamped=True)
        for x in "xyz"
    ]
    shifts = [(c.name, UNIT[c.name[-1]], IDENTITY) for c in moving]
    ends = Frame(GROUND), Frame("pelvis")
    return custom("ground_pelvis", ends, [*angles(turning), *moving], turns_zxy([*turning]), shifts)


def standard_back() -> list[Joint]:
    """The torso on the pelvis."""
    return [_spine("back", "lumbar", Frame("pelvis", STANDARD_BACK_M), "torso", (-90.0, 90.0))]


def free_spine() -> list[Joint]:
    """Lumbar body, torso and head."""
    return [
        _spine("back", "lumbar", Frame("pelvis", BACK_M), "lumbar", (-90.0, 90.0)),
        _spine("thorax", "thorax", Frame("lumbar", THORAX_M), "torso", (-60.0, 60.0)),
        _spine("neck", "neck", Frame("torso", NECK_M), "head", (-90.0, 90.0)),
    ]


def _spine(name: str, prefix: str, parent: Frame, child: str, range_deg: Range) -> Joint:
    ranges: Mapping[str, Range] = {f"{prefix}_{move}": range_deg for move in MOVES}
    return custom(name, (parent, Frame(child)), angles(ranges), turns_zxy([*ranges]))
