"""The arms of the own model: clavicle, shoulder, elbow, forearm and wrist, as published or straightened."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi
from typing import Final

from models.osim.full_body_parts import (
    ORIGIN,
    SIDES,
    Range,
    Turn,
    angle,
    angles,
    custom,
    mirrored,
    mirrored_turn,
    stock,
    turns_zxy,
)
from models.osim.functions import IDENTITY
from models.osim.model import Frame, Joint, Vector

ANY: Final[Range] = (-5729.58, 5729.58)
"""For angles of which no box of ranges is that of a joint: the pelvis and, as in LaiUhlrich 2022, the shoulder."""
CLAVICLE: Final[Mapping[str, Range]] = {"clav_prot": (-45.0, 45.0), "clav_elev": (-30.0, 60.0)}
WRIST_RAD: Final[tuple[Vector, Vector]] = ((-1.5708, 0.0, -1.5708), (1.5708, 0.0, 1.5708))
"""Right and left; they are no mirror images, so that both wrists flex forward."""


@dataclass(frozen=True)
class Arm:
    """What differs between topologies; places and orientations of the right side.

    Attributes:
        shoulder_m: in the clavicle, or in the torso where there is none.
        elbow_m, radioulnar_m, wrist_m: in humerus, ulna and radius.
        elbow_rad, radioulnar_rad: orientations of the two pins.
        shoulder_deg, wrist_deg, elbow_deg, pronation_deg: ranges.
        wrist_locked: the hand does not move.
    """

    shoulder_m: Vector
    elbow_m: Vector
    radioulnar_m: Vector
    wrist_m: Vector
    elbow_rad: Vector
    radioulnar_rad: Vector
    shoulder_deg: Mapping[str, Range]
    wrist_deg: Mapping[str, Range]
    elbow_deg: Range
    pronation_deg: Range
    wrist_locked: bool


STANDARD: Final = Arm(
    shoulder_m=(0.00316, 0.3715, 0.17),
    elbow_m=(0.01314, -0.28627, -0.00959),
    radioulnar_m=(-0.00673, -0.01301, 0.02608),
    wrist_m=(-0.0088, -0.23584, 0.01361),
    elbow_rad=(-0.02286, 0.22802, 0.00517),
    radioulnar_rad=(-1.56884, 0.05643, 1.53614),
    shoulder_deg=dict.fromkeys(("arm_flex", "arm_add", "arm_rot"), ANY),
    wrist_deg={"wrist_flex": (-70.0, 70.0), "wrist_dev": (-25.0, 35.0)},
    elbow_deg=(0.0, 150.0),
    pronation_deg=(0.0, 119.75),
    wrist_locked=True,
)
"""Rajagopal et al. 2016, with the ranges of its revision for markers (LaiUhlrich 2022)."""
STRAIGHT: Final = Arm(
    shoulder_m=(-0.005, 0.003, 0.156),
    elbow_m=(0.0, -0.28627, 0.0),
    radioulnar_m=(0.0, -0.01301, 0.0),
    wrist_m=(0.0, -0.23584, 0.0),
    elbow_rad=(0.0, 0.0, 0.0),
    radioulnar_rad=(-pi / 2, 0.0, 0.0),
    shoulder_deg=dict.fromkeys(("arm_flex", "arm_add", "arm_rot"), ANY),
    wrist_deg={"wrist_flex": (-90.0, 90.0), "wrist_dev": (-40.0, 50.0)},
    elbow_deg=(0.0, 155.0),
    pronation_deg=(-10.0, 175.0),
    wrist_locked=False,
)
"""The published lengths without their slant; the shoulder where the free body's mean shape has it. The forearm turns
as far as a passive one (some 175 degrees, Zwerus et al. 2017, Normative values and affecting factors for the elbow
range of motion); the elbow ends where models.anatomy ends it."""
CLAVICLE_M: Final[Vector] = (0.048, 0.113, 0.024)
"""Of the free body's mean shape."""


def standard_arms() -> list[Joint]:
    """Both arms on the torso."""
    return [joint for side, sign in SIDES for joint in _arm(side, sign, "torso", STANDARD)]


def free_arms() -> list[Joint]:
    """Both arms on clavicles."""
    return [j for s, sign in SIDES for j in (_clavicle(s, sign), *_arm(s, sign, f"clavicle_{s}", STRAIGHT))]


def _clavicle(side: str, sign: float) -> Joint:
    """Forward first, then up."""
    forward, up = (f"{name}_{side}" for name in CLAVICLE)
    turns: list[Turn] = [(forward, (0.0, sign, 0.0), IDENTITY), (up, (-sign, 0.0, 0.0), IDENTITY)]
    parent = Frame("torso", mirrored(CLAVICLE_M, sign))
    return custom(f"clavicle_{side}", (parent, Frame(f"clavicle_{side}")), angles(CLAVICLE, f"_{side}"), turns)


def _arm(side: str, sign: float, carrier: str, arm: Arm) -> list[Joint]:
    def ends(parent: str, child: str, place: Vector, orientation: Vector) -> tuple[Frame, Frame]:
        start = Frame(f"{parent}_{side}", mirrored(place, sign), orientation)
        return start, Frame(f"{child}_{side}", ORIGIN, orientation)

    names = [f"{name}_{side}" for name in arm.shoulder_deg]
    shoulder = Frame(carrier, mirrored(arm.shoulder_m, sign)), Frame(f"humerus_{side}")
    elbow, radioulnar = mirrored_turn(arm.elbow_rad, sign), mirrored_turn(arm.radioulnar_rad, sign)
    pins = (
        ("elbow", ends("humerus", "ulna", arm.elbow_m, elbow), ("elbow_flex", arm.elbow_deg)),
        ("radioulnar", ends("ulna", "radius", arm.radioulnar_m, radioulnar), ("pro_sup", arm.pronation_deg)),
    )
    hand = ends("radius", "hand", arm.wrist_m, WRIST_RAD[sign < 0])
    wrist = [angle(f"{name}_{side}", bounds, locked=arm.wrist_locked) for name, bounds in arm.wrist_deg.items()]
    return [
        custom(f"acromial_{side}", shoulder, angles(arm.shoulder_deg, f"_{side}"), turns_zxy(names, sign)),
        *(stock("PinJoint", f"{n}_{side}", two, [angle(f"{c}_{side}", bounds)]) for n, two, (c, bounds) in pins),
        stock("UniversalJoint", f"radius_hand_{side}", hand, wrist),
    ]
