"""Where the markers of Rajagopal et al. (2016), and a few more, sit on a body's skin.

Names and order are those of the marker set in OpenSim's Rajagopal2016.osim. The places follow the marker locations
in that file, read relative to the joint centres of the same segment (so many per cent along the bone, in front or at
the side), and end on the skin instead of inside the model's generic body. Directions are those of the rest pose, a
T with palms down: what faces outward on a hanging arm faces up, the thumb's side of the wrist faces forward.

Not as in that file: RASH, RPSH, RACR and their twins ride on skin that also follows the arm, while the model has them
on the trunk; RTOE and LTOE may follow the toes a little.
"""

from collections.abc import Mapping
from typing import Final

from models.bodies.points import Inside, OnSkin, Place, Seen, Vertex

_UP: Final = (0.0, 1.0, 0.0)
_AHEAD: Final = (0.0, 0.0, 1.0)
_BACK: Final = (0.0, 0.0, -1.0)
_OUT: Final = (1.0, 0.0, 0.0)
_IN: Final = (-1.0, 0.0, 0.0)


def _on(above: str, below: str, share: float) -> Mapping[str, float]:
    """A place on a bone: this share of the way down."""
    return {above: 1 - share, below: share}


_ARM: Final[Mapping[str, Place]] = {
    "SJC": Inside({"left_shoulder": 1.0}),
    "UA1": OnSkin(_on("left_shoulder", "left_elbow", 0.17), _UP),
    "UA2": OnSkin(_on("left_shoulder", "left_elbow", 0.70), _UP),
    "UA3": OnSkin(_on("left_shoulder", "left_elbow", 0.45), (0.0, 0.55, 0.83)),
    "LEL": OnSkin(_on("left_shoulder", "left_elbow", 0.98), _UP),
    "MEL": OnSkin(_on("left_shoulder", "left_elbow", 1.0), (0.0, -0.96, -0.28)),
    "FAsuperior": OnSkin(_on("left_elbow", "left_wrist", 0.33), _UP),
    "FAradius": OnSkin(_on("left_elbow", "left_wrist", 0.96), (0.0, -0.24, 0.97)),
    "FAulna": OnSkin(_on("left_elbow", "left_wrist", 0.96), (0.0, 0.34, -0.94)),
}
_LEG: Final[Mapping[str, Place]] = {
    "TH1": OnSkin(_on("left_hip", "left_knee", 0.37), (0.96, 0.0, 0.28)),
    "TH2": OnSkin(_on("left_hip", "left_knee", 0.56), _AHEAD),
    "TH3": OnSkin(_on("left_hip", "left_knee", 0.74), (0.96, 0.0, 0.28)),
    "LFC": OnSkin(_on("left_hip", "left_knee", 0.99), _OUT),
    "MFC": OnSkin(_on("left_hip", "left_knee", 0.99), _IN),
    "KJC": Inside({"left_knee": 1.0}),
    "TB1": OnSkin(_on("left_knee", "left_ankle", 0.39), (0.99, 0.0, 0.12)),
    "TB2": OnSkin(_on("left_knee", "left_ankle", 0.57), _AHEAD),
    "TB3": OnSkin(_on("left_knee", "left_ankle", 0.74), (0.92, 0.0, 0.39)),
    "LMAL": OnSkin(_on("left_knee", "left_ankle", 0.97), _OUT),
    "MMAL": OnSkin(_on("left_knee", "left_ankle", 0.97), (-0.92, 0.0, 0.39)),
    "AJC": Inside({"left_ankle": 1.0}),
    "CAL": OnSkin({"left_ankle": 1.0}, _BACK, offset_m=(0.0, -0.025, 0.0)),
    "TOE": OnSkin({"left_foot": 1.0}, _UP, offset_m=(-0.03, 0.0, 0.02)),
    "MT5": OnSkin({"left_foot": 1.0}, (0.5, 0.87, 0.0), offset_m=(0.03, 0.0, -0.03)),
}
_SINGLE: Final[Mapping[str, Place]] = {
    "LACR": OnSkin({"left_shoulder": 1.0}, _UP, offset_m=(-0.035, 0.0, -0.005)),
    "C7": OnSkin({"neck": 1.0}, _BACK),
    "CLAV": OnSkin({"right_collar": 1.0}, _AHEAD),
    "LASH": OnSkin({"left_shoulder": 1.0}, _AHEAD),
    "LPSH": OnSkin({"left_shoulder": 1.0}, _BACK),
    "LASI": OnSkin({"left_hip": 1.0}, _AHEAD, offset_m=(0.045, 0.095, 0.0)),
    "LPSI": OnSkin({"left_hip": 1.0}, _BACK, offset_m=(-0.034, 0.115, 0.0)),
    "LHJC": Inside({"left_hip": 1.0}),
    "LEJC": Inside({"left_elbow": 1.0}),
    "L_tibial_plateau": Inside(_on("left_knee", "left_ankle", 0.037)),
}

_ORDER: Final = """
RACR LACR C7 CLAV RASH RPSH LASH LPSH
RSJC RUA1 RUA2 RUA3 RLEL RMEL RFAsuperior RFAradius RFAulna
LSJC LUA1 LUA2 LUA3 LLEL LMEL LFAsuperior LFAradius LFAulna RASI LASI RPSI LPSI LHJC RHJC
RTH1 RTH2 RTH3 RLFC RMFC RKJC RTB1 RTB2 RTB3 RLMAL RMMAL RAJC RCAL RTOE RMT5
LTH1 LTH2 LTH3 LLFC LMFC LKJC LTB1 LTB2 LTB3 LLMAL LMMAL LAJC LCAL LTOE LMT5
REJC LEJC R_tibial_plateau L_tibial_plateau
"""


_MORE: Final[Mapping[str, Place]] = {
    "L2": OnSkin({"spine2": 0.62, "spine1": 0.38}, _BACK),
    "OMPH": OnSkin({"spine2": 0.25, "spine1": 0.75}, _AHEAD),
    "T8": OnSkin({"spine3": 1.0}, _BACK),
    "STRN": OnSkin({"spine3": 0.75, "spine2": 0.25}, _AHEAD),
    "LFLK": OnSkin({"spine2": 0.5, "spine1": 0.5}, _OUT),
    "LMT1": OnSkin({"left_foot": 1.0}, (-0.8, 0.6, 0.0), offset_m=(-0.02, 0.0, 0.01)),
    "LHLX": Vertex("LBigToe"),
    "LMC2": OnSkin(_on("left_wrist", "left_hand", 0.95), _UP, offset_m=(0.0, 0.0, 0.024)),
    "LMC5": OnSkin(_on("left_wrist", "left_hand", 0.8), _UP, offset_m=(0.0, 0.0, -0.022)),
    "LFHD": OnSkin({"head": 1.0}, (0.5, 0.0, 0.87), offset_m=(0.0, 0.09, 0.0)),
    "LBHD": OnSkin({"head": 1.0}, (0.5, 0.0, -0.87), offset_m=(0.0, 0.09, 0.0)),
}
_MIDDLE: Final = frozenset({"L2"})
"""Names that begin with the letter of a side and have none."""


def mirrored(place: Place) -> Place:
    """The same place on the other side of the body."""

    def other(joints: Mapping[str, float]) -> Mapping[str, float]:
        swap = {"left": "right", "right": "left"}
        return {"_".join(swap.get(word, word) for word in name.split("_")): part for name, part in joints.items()}

    match place:
        case Inside(joints):
            return Inside(other(joints))
        case OnSkin(joints, (x, y, z), (right, up, ahead)):
            return OnSkin(other(joints), (-x, y, z), (-right, up, ahead))
        case Vertex(name):
            return Vertex(f"R{name[1:]}")
        case Seen(landmark):
            return Seen(landmark.replace("left", "right"))


def _both_sides(places: Mapping[str, Place]) -> Mapping[str, Place]:
    sided = [name for name in places if name[0] == "L" and name not in _MIDDLE]
    return {**places, **{f"R{name[1:]}": mirrored(places[name]) for name in sided}}


def _rajagopal() -> Mapping[str, Place]:
    limbs = {f"L{name}": place for name, place in (_ARM | _LEG).items()}
    places = _both_sides({**limbs, **_SINGLE})
    return {name: places[name] for name in _ORDER.split()}


RAJAGOPAL_2016: Final = _rajagopal()
"""Place by marker name."""

FULL_BODY: Final = {**RAJAGOPAL_2016, **_both_sides(_MORE)}
"""The same, and what a model with a moving thorax, hands and a head needs on top: second lumbar and eighth thoracic
vertebra, navel, xiphoid, flanks, metatarsal and metacarpal heads, tip of the great toe, front and back of the head."""
