"""The legs of the own model: hip, knee, ankle, subtalar and toe joint, and the patella.

Frames, axes and knee functions of the published generic adult (Rajagopal et al. 2016, Full-body musculoskeletal model
for muscle-driven simulation of human gait, as distributed with OpenSim).
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from models.osim.full_body_parts import (
    MINUS,
    ORIGIN,
    SIDES,
    Range,
    Turn,
    angle,
    custom,
    mirrored,
    mirrored_turn,
    stock,
)
from models.osim.functions import IDENTITY, ZERO, Cubics, Polynomial, scaled, simm_spline
from models.osim.joints import UNIT
from models.osim.model import Coordinate, Coupler, Frame, Joint, Vector

HIP_M: Final[Vector] = (-0.05628, -0.07849, 0.07726)
KNEE_IN_FEMUR_M: Final[Vector] = (-0.00809, -0.40796, -0.00275)
KNEE_IN_TIBIA_M: Final[Vector] = (-0.00809, -0.00353, -0.00148)
KNEE_RAD: Final[Vector] = (-1.64157, 1.44618, 1.5708)
ANKLE_M: Final[Vector] = (-0.01, -0.4, 0.0)
ANKLE_RAD: Final[Vector] = (0.1759, -0.10521, 0.01866)
SUBTALAR_M: Final[Vector] = (-0.04877, -0.04195, 0.00792)
SUBTALAR_RAD: Final[Vector] = (-1.76819, 0.90622, 1.8196)
TOE_M: Final[Vector] = (0.1788, -0.002, 0.00108)
TOE_RAD: Final[Vector] = (-3.14159, 0.6199, 0.0)

STRAIGHT_KNEE_IN_FEMUR_M: Final[Vector] = (0.0, KNEE_IN_FEMUR_M[1], 0.0065)
STRAIGHT_KNEE_IN_TIBIA_M: Final[Vector] = (0.0, KNEE_IN_TIBIA_M[1], 0.0065)
STRAIGHT_ANKLE_M: Final[Vector] = (0.0, ANKLE_M[1], 0.0)
STRAIGHT_TOE_M: Final[Vector] = (TOE_M[0], TOE_M[1], 0.0059)
"""The published lengths without their slant from the side; from the front knee and toe joint stand out as the free
body's."""

KNOT_RAD: Final = (0.0, 0.1745, 0.3491, 0.5236, 0.6981, 0.8727, 1.047, 1.222, 1.396, 1.571, 1.745, 1.92, 2.094)


def _spline(*values: float) -> Cubics:
    return simm_spline(np.array(KNOT_RAD), np.array(values))


KNEE_ADDUCTION: Final = _spline(
    0.0, 0.012681, 0.022697, 0.029605, 0.033205, 0.033535, 0.030878, 0.025755, 0.018929, 0.011407, 0.0044331,
    -0.00050475, -0.0016782,
)  # fmt: skip
KNEE_ROTATION: Final = _spline(
    0.0, 0.059461, 0.1094, 0.15062, 0.18392, 0.21011, 0.22998, 0.24435, 0.25401, 0.25977, 0.26243, 0.26279, 0.26165
)
KNEE_SHIFT_Y: Final = _spline(
    0.0, 0.000479, 0.000835, 0.001086, 0.001251, 0.001346, 0.001391, 0.001403, 0.0014, 0.0014, 0.001421, 0.001481,
    0.001599,
)  # fmt: skip
KNEE_SHIFT_Z: Final = _spline(
    0.0, 0.000988, 0.001899, 0.002734, 0.003492, 0.004173, 0.004777, 0.005305, 0.005756, 0.00613, 0.006427, 0.006648,
    0.006792,
)  # fmt: skip
PATELLA_TURN: Final = _spline(
    0.0011369, -0.0062921, -0.10558, -0.25368, -0.41424, -0.57905, -0.74724, -0.91799, -1.0904, -1.2638, -1.4376,
    -1.6119, -1.7863,
)  # fmt: skip
PATELLA_X: Final = _spline(
    0.0524, 0.0488, 0.0437, 0.0371, 0.0296, 0.0216, 0.0136, 0.0057, -0.0019, -0.0088, -0.0148, -0.0196, -0.0227
)
PATELLA_Y: Final = _spline(
    -0.0108, -0.019, -0.0263, -0.0322, -0.0367, -0.0395, -0.0408, -0.0404, -0.0384, -0.0349, -0.0301, -0.0245, -0.0187
)
PATELLA_Z_M: Final = 0.00275
BETA_RANGE_RAD: Final = 99999.9
"""The coupled angle of the patella is not bounded."""

STANDARD_RANGES: Final[Mapping[str, Range]] = {
    "hip_flexion": (-30.0, 120.0),
    "hip_adduction": (-50.0, 30.0),
    "hip_rotation": (-40.0, 40.0),
    "knee_angle": (0.0, 140.0),
    "ankle_angle": (-50.0, 50.0),
    "subtalar_angle": (-35.0, 35.0),
    "mtp_angle": (-45.0, 30.0),
}
"""Of the same model as revised for markers (LaiUhlrich 2022), which frees the foot."""
FREE_RANGES: Final[Mapping[str, Range]] = {
    "hip_flexion": (-45.0, 150.0),
    "hip_adduction": (-80.0, 60.0),
    "hip_rotation": (-90.0, 90.0),
    "knee_angle": (0.0, 155.0),
    "ankle_angle": (-70.0, 60.0),
    "subtalar_angle": (-60.0, 60.0),
    "mtp_angle": (-70.0, 60.0),
}
"""Wide enough for sport and dance: an assumption; a range that is too narrow bends every angle near it. The knee ends
where models.anatomy ends it."""


def standard_legs() -> list[Joint]:
    """Both legs with the published joints."""
    return [joint for side, sign in SIDES for joint in _standard_leg(side, sign)]


def patella_couplers() -> tuple[Coupler, ...]:
    """The patella follows the knee."""
    return tuple(Coupler(f"knee_angle_{side}_beta", f"knee_angle_{side}", IDENTITY) for side, _ in SIDES)


def _hip(side: str, sign: float, ranges_deg: Mapping[str, Range]) -> Joint:
    """Flexion, adduction, rotation; the left one has slopes of -1."""
    names = [f"hip_{move}_{side}" for move in ("flexion", "adduction", "rotation")]
    coordinates = [angle(name, ranges_deg[name[:-2]]) for name in names]
    other = IDENTITY if sign > 0 else MINUS
    turns = [(names[0], UNIT["z"], IDENTITY), (names[1], UNIT["x"], other), (names[2], UNIT["y"], other)]
    ends = Frame("pelvis", mirrored(HIP_M, sign)), Frame(f"femur_{side}")
    return custom(f"hip_{side}", ends, coordinates, turns)


def _foot(
    side: str, sign: float, places_m: tuple[Vector, Vector, Vector], ranges_deg: Mapping[str, Range]
) -> list[Joint]:
    """Ankle, subtalar and toe joint, three pins about oblique axes, at these places on the right."""
    ankle_m, subtalar_m, toe_m = places_m
    places = (
        ("ankle", "tibia", "talus", ankle_m, ANKLE_RAD),
        ("subtalar", "talus", "calcn", subtalar_m, SUBTALAR_RAD),
        ("mtp", "calcn", "toes", toe_m, TOE_RAD),
    )
    joints: list[Joint] = []
    for name, parent, child, place, orientation in places:
        turned = mirrored_turn(orientation, sign)
        ends = Frame(f"{parent}_{side}", mirrored(place, sign), turned), Frame(f"{child}_{side}", ORIGIN, turned)
        coordinate = angle(f"{name}_angle_{side}", ranges_deg[f"{name}_angle"])
        joints.append(stock("PinJoint", f"{name}_{side}", ends, [coordinate]))
    return joints


def _standard_leg(side: str, sign: float) -> list[Joint]:
    knee = f"knee_angle_{side}"
    turned = mirrored_turn(KNEE_RAD, sign)
    ends = (
        Frame(f"femur_{side}", mirrored(KNEE_IN_FEMUR_M, sign), turned),
        Frame(f"tibia_{side}", mirrored(KNEE_IN_TIBIA_M, sign), turned),
    )
    turns = [
        (knee, (sign, 0.0, 0.0), IDENTITY),
        (knee, UNIT["z"], KNEE_ADDUCTION),
        (knee, UNIT["y"], scaled(KNEE_ROTATION, sign)),
    ]
    shifts: list[Turn] = [
        (None, UNIT["x"], ZERO),
        (knee, UNIT["y"], KNEE_SHIFT_Y),
        (knee, UNIT["z"], scaled(KNEE_SHIFT_Z, sign)),
    ]
    coordinate = angle(knee, STANDARD_RANGES["knee_angle"])
    return [
        _hip(side, sign, STANDARD_RANGES),
        custom(f"walker_knee_{side}", ends, [coordinate], turns, shifts),
        _patella(side, sign, KNEE_IN_FEMUR_M),
        *_foot(side, sign, (ANKLE_M, SUBTALAR_M, TOE_M), STANDARD_RANGES),
    ]


def _patella(side: str, sign: float, knee_m: Vector) -> Joint:
    """On the femur, about the knee's place there."""
    beta = f"knee_angle_{side}_beta"
    coordinate = Coordinate(beta, "coupled", 0.0, -BETA_RANGE_RAD, BETA_RANGE_RAD)
    ends = Frame(f"femur_{side}", mirrored(knee_m, sign)), Frame(f"patella_{side}")
    shifts: list[Turn] = [
        (beta, UNIT["x"], PATELLA_X),
        (beta, UNIT["y"], PATELLA_Y),
        (None, UNIT["z"], Polynomial((sign * PATELLA_Z_M,))),
    ]
    return custom(f"patellofemoral_{side}", ends, [coordinate], [(beta, UNIT["z"], PATELLA_TURN)], shifts)


def free_legs() -> list[Joint]:
    """Both legs with knees that are plain hinges, published patellae and feet."""
    return [joint for side, sign in SIDES for joint in _free_leg(side, sign)]


def _free_leg(side: str, sign: float) -> list[Joint]:
    knee = angle(f"knee_angle_{side}", FREE_RANGES["knee_angle"])
    ends = (
        Frame(f"femur_{side}", mirrored(STRAIGHT_KNEE_IN_FEMUR_M, sign)),
        Frame(f"tibia_{side}", mirrored(STRAIGHT_KNEE_IN_TIBIA_M, sign)),
    )
    return [
        _hip(side, sign, FREE_RANGES),
        custom(f"walker_knee_{side}", ends, [knee], [(knee.name, (0.0, 0.0, -1.0), IDENTITY)]),
        _patella(side, sign, STRAIGHT_KNEE_IN_FEMUR_M),
        *_foot(side, sign, (STRAIGHT_ANKLE_M, SUBTALAR_M, STRAIGHT_TOE_M), FREE_RANGES),
    ]
