"""Where markers sit on the own model: joint centres and points on the skin, named as models.bodies.markers names them.

Names of Rajagopal 2016 keep their bodies, except that acromion and the points before and behind the shoulder ride on
the clavicle where there is one. Places are those of the free body's mean shape, carried back to the generic adult:
`python -m training.place_markers` prints them.
"""

from collections.abc import Mapping
from typing import Final

from models.osim.full_body_places import PLACES_MM
from models.osim.full_body_trunk import Topology
from models.osim.model import Marker

_SIDED: Final[Mapping[str, str]] = {
    "pelvis": "ASI PSI",
    "femur": "HJC TH1 TH2 TH3 LFC MFC",
    "tibia": "KJC TB1 TB2 TB3 LMAL MMAL _tibial_plateau",
    "talus": "AJC",
    "calcn": "CAL TOE MT1 MT5",
    "toes": "MTJC HLX",
    "lumbar": "FLK",
    "torso": "SCJC",
    "clavicle": "ACR ASH PSH",
    "humerus": "SJC UA1 UA2 UA3 LEL MEL",
    "ulna": "EJC FAsuperior",
    "radius": "FAradius FAulna",
    "hand": "WJC MC2 MC5 HNJC",
    "head": "FHD BHD",
}
_MIDDLE: Final[Mapping[str, str]] = {
    "pelvis": "PLJC",
    "lumbar": "BKJC LBJC L2 OMPH",
    "torso": "THJC C7 T8 CLAV STRN",
    "head": "NKJC HDJC",
}
_UNSIDED: Final = frozenset({"pelvis", "lumbar", "torso", "head"})
"""Bodies of which there is one."""
_INSTEAD: Final[Mapping[str, str]] = {"lumbar": "torso", "head": "torso", "clavicle_r": "torso", "clavicle_l": "torso"}
"""What carries the markers of a body that the standard topology does not have."""

JOINT_MARKERS: Final[Mapping[str, str]] = {
    "PLJC": "pelvis",
    "BKJC": "spine1",
    "LBJC": "spine2",
    "THJC": "spine3",
    "NKJC": "neck",
    "HDJC": "head",
    **{
        f"{letter}{name}JC": f"{side}_{joint}"
        for letter, side in (("R", "right"), ("L", "left"))
        for name, joint in (
            ("H", "hip"), ("K", "knee"), ("A", "ankle"), ("MT", "foot"), ("SC", "collar"), ("S", "shoulder"),
            ("E", "elbow"), ("W", "wrist"), ("HN", "hand"),
        )
    },
}  # fmt: skip
"""Marker of each of SMPL's joints."""


def marker_bodies(topology: Topology) -> dict[str, str]:
    """The body of every marker."""
    found = {name: body for body, names in _MIDDLE.items() for name in names.split()}
    for letter in "RL":
        for body, names in _SIDED.items():
            name_of = body if body in _UNSIDED else f"{body}_{letter.lower()}"
            found |= {f"{letter}{name}": name_of for name in names.split()}
    if topology == "standard":
        return {name: _INSTEAD.get(body, body) for name, body in found.items()}
    return found


def markers_of(topology: Topology) -> tuple[Marker, ...]:
    """All markers, on the generic adult."""
    places, found = PLACES_MM[topology], []
    for name, body in marker_bodies(topology).items():
        x, y, z = (coordinate / 1000 for coordinate in places[name])
        found.append(Marker(name, body, (x, y, z)))
    return tuple(found)
