"""Masses, centres of mass and inertias of the own model, by segment.

Source: de Leva 1996, Adjustments to Zatsiorsky-Seluyanov's segment inertia parameters, table 4, as transcribed by
R. Gurchiek (deleva.m, 2018); the mean of women and men. Radii of gyration are shares of a segment's length about the
forward, upward and rightward axes. Assumptions of ours: how the foot's mass is split among talus, calcaneus and toes,
the forearm's between ulna and radius, what of the shank is patella and of the upper trunk clavicle; that parts keep the
radii of gyration of their whole; and that a part of the trunk lies straight above its joint, the pelvis
halfway between hips and back joint.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from models.osim.full_body_arms import STANDARD, STRAIGHT, Arm
from models.osim.full_body_legs import HIP_M, STRAIGHT_ANKLE_M, STRAIGHT_KNEE_IN_FEMUR_M
from models.osim.full_body_trunk import BACK_M, NECK_M, STANDARD_BACK_M, THORAX_M, Topology
from models.osim.model import Body, Vector

MASS_KG: Final = 75.0
"""Of the generic adult; nothing but inertias of an unscaled model depends on it."""
STATURE_M: Final = 1.70
"""Of the published generic adult, whose bones the legs and arms have."""
HIP_HEIGHT_M: Final = 0.875
"""Of that adult: thigh, shank and 7 cm of foot."""
PATELLA: Final = 0.023
"""Of the shank's mass."""
CLAVICLE: Final = 0.03
"""Of the upper trunk's mass, each."""
FOOT_PARTS: Final = (
    ("talus", 0.064, (0.0, 0.0, 0.0)),
    ("calcn", 0.798, (0.1, 0.03, 0.0)),
    ("toes", 0.138, (0.035, 0.006, 0.0)),
)
"""Share of the foot's mass and centre, as the published models of this family have them."""


@dataclass(frozen=True)
class Segment:
    """A row of the table: mean of women and men.

    Attributes:
        length: over stature.
        mass: over that of the whole body.
        centre: share of the length from the end that is named first in the table.
        radius: of gyration over length, about x, y and z.
    """

    length: float
    mass: float
    centre: float
    radius: Vector


def _mean(
    lengths: tuple[float, float],
    masses: tuple[float, float],
    centres: tuple[float, float],
    woman: Vector,
    man: Vector,
) -> Segment:
    length = (lengths[0] / 1.735 + lengths[1] / 1.741) / 2
    x, y, z = ((a + b) / 2 for a, b in zip(woman, man, strict=True))
    return Segment(length, sum(masses) / 2, sum(centres) / 2, (x, y, z))


HEAD: Final = _mean((0.2002, 0.2033), (0.0668, 0.0694), (0.5894, 0.5976), (0.330, 0.318, 0.359), (0.362, 0.312, 0.376))
"""From the vertex down."""
UPPER: Final = _mean((0.1425, 0.1707), (0.1545, 0.1596), (0.2077, 0.2999), (0.746, 0.718, 0.502), (0.716, 0.659, 0.454))
"""From the suprasternal notch down to the xiphoid."""
MIDDLE: Final = _mean(
    (0.2053, 0.2155), (0.1465, 0.1633), (0.4512, 0.4502), (0.433, 0.415, 0.354), (0.482, 0.468, 0.383)
)
"""Down to the navel."""
LOWER: Final = _mean((0.1815, 0.1457), (0.1247, 0.1117), (0.4920, 0.6115), (0.433, 0.444, 0.402), (0.615, 0.587, 0.551))
"""Down to the middle of the hips."""
UPPER_ARM: Final = _mean(
    (0.2751, 0.2817), (0.0255, 0.0271), (0.5754, 0.5772), (0.278, 0.148, 0.260), (0.285, 0.158, 0.269)
)
FOREARM: Final = _mean(
    (0.2643, 0.2689), (0.0138, 0.0162), (0.4559, 0.4574), (0.261, 0.094, 0.257), (0.276, 0.121, 0.265)
)
HAND: Final = _mean((0.0780, 0.0862), (0.0056, 0.0061), (0.7474, 0.7900), (0.531, 0.335, 0.454), (0.628, 0.401, 0.513))
THIGH: Final = _mean((0.3685, 0.4222), (0.1478, 0.1416), (0.3612, 0.4095), (0.369, 0.162, 0.364), (0.329, 0.149, 0.329))
SHANK: Final = _mean((0.4323, 0.4340), (0.0481, 0.0433), (0.4416, 0.4459), (0.271, 0.093, 0.267), (0.255, 0.103, 0.249))
FOOT: Final = _mean((0.2283, 0.2581), (0.0129, 0.0137), (0.4014, 0.4415), (0.139, 0.279, 0.299), (0.124, 0.245, 0.257))
"""From heel to toe tip."""


def bodies_of(topology: Topology) -> tuple[Body, ...]:
    """All bodies of a topology, weighing MASS_KG together."""
    arm, standard = (STANDARD, True) if topology == "standard" else (STRAIGHT, False)
    back_m = STANDARD_BACK_M if standard else BACK_M
    pelvis = _body("pelvis", LOWER, ((HIP_M[0] + back_m[0]) / 2, HIP_M[1] + _height_m(LOWER), 0.0))
    trunk = _standard_trunk() if standard else _free_trunk()
    legs = [body for side in "rl" for body in _leg(side)]
    arms = [body for side in "rl" for body in _arm(side, arm, clavicle=not standard)]
    raw = (pelvis, *legs, *trunk, *arms)
    ratio = MASS_KG / sum(body.mass_kg for body in raw)
    return tuple(_times(body, ratio) for body in raw)


def _height_m(segment: Segment) -> float:
    """Of a trunk segment's centre of mass above the middle of the hips."""
    top = {
        id(LOWER): LOWER.length,
        id(MIDDLE): LOWER.length + MIDDLE.length,
        id(UPPER): LOWER.length + MIDDLE.length + UPPER.length,
        id(HEAD): 1 - HIP_HEIGHT_M / STATURE_M,
    }[id(segment)]
    return STATURE_M * (top - segment.centre * segment.length)


def _standard_trunk() -> list[Body]:
    above_m = STANDARD_BACK_M[1] - HIP_M[1]
    parts = [_body("torso", segment, (0.0, _height_m(segment) - above_m, 0.0)) for segment in (MIDDLE, UPPER, HEAD)]
    return [_joined("torso", parts)]


def _free_trunk() -> list[Body]:
    above_m = BACK_M[1] - HIP_M[1]
    return [
        _body("lumbar", MIDDLE, (0.0, _height_m(MIDDLE) - above_m, 0.0)),
        _body("torso", UPPER, (0.0, _height_m(UPPER) - above_m - THORAX_M[1], 0.0), 1 - 2 * CLAVICLE),
        _body("head", HEAD, (0.0, _height_m(HEAD) - above_m - THORAX_M[1] - NECK_M[1], 0.0)),
    ]


def _leg(side: str) -> list[Body]:
    thigh = _along(STRAIGHT_KNEE_IN_FEMUR_M, THIGH.centre)
    shank = _along(STRAIGHT_ANKLE_M, SHANK.centre)
    return [
        _body(f"femur_{side}", THIGH, thigh),
        _body(f"tibia_{side}", SHANK, shank, 1 - PATELLA),
        _small(f"patella_{side}", SHANK.mass * PATELLA, 0.02),
        *(_body(f"{name}_{side}", FOOT, centre, share) for name, share, centre in FOOT_PARTS),
    ]


def _arm(side: str, arm: Arm, *, clavicle: bool) -> list[Body]:
    wrist = _along(arm.wrist_m, FOREARM.centre)
    return [
        *([_small(f"clavicle_{side}", UPPER.mass * CLAVICLE, 0.05)] if clavicle else []),
        _body(f"humerus_{side}", UPPER_ARM, _along(arm.elbow_m, UPPER_ARM.centre)),
        *(_body(f"{bone}_{side}", FOREARM, wrist, 0.5) for bone in ("ulna", "radius")),
        _body(f"hand_{side}", HAND, (0.0, -HAND.centre * HAND.length * STATURE_M, 0.0)),
    ]


def _along(end_m: Vector, share: float) -> Vector:
    """A point on the line to a joint, in the body's own x and y; sides and topologies are alike."""
    return share * end_m[0], share * end_m[1], 0.0


def _body(name: str, segment: Segment, centre_m: Vector, share: float = 1.0) -> Body:
    mass, length = MASS_KG * segment.mass * share, STATURE_M * segment.length
    xx, yy, zz = (mass * (radius * length) ** 2 for radius in segment.radius)
    return Body(name, mass, centre_m, (xx, yy, zz, 0.0, 0.0, 0.0))


def _small(name: str, share: float, radius_m: float) -> Body:
    """A solid ball."""
    mass = MASS_KG * share
    moment = 0.4 * mass * radius_m**2
    return Body(name, mass, (0.0, 0.0, 0.0), (moment, moment, moment, 0.0, 0.0, 0.0))


def _joined(name: str, parts: Sequence[Body]) -> Body:
    """Parts above one another as one body (parallel axes)."""
    mass = sum(part.mass_kg for part in parts)
    height = sum(part.mass_kg * part.mass_centre_m[1] for part in parts) / mass
    xx, yy, zz = (sum(part.inertia_kgm2[axis] for part in parts) for axis in range(3))
    apart = sum(part.mass_kg * (part.mass_centre_m[1] - height) ** 2 for part in parts)
    return Body(name, mass, (0.0, height, 0.0), (xx + apart, yy, zz + apart, 0.0, 0.0, 0.0))


def _times(body: Body, ratio: float) -> Body:
    xx, yy, zz, *_ = (ratio * value for value in body.inertia_kgm2)
    return Body(body.name, ratio * body.mass_kg, body.mass_centre_m, (xx, yy, zz, 0.0, 0.0, 0.0))
