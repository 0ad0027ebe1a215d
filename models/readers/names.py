"""Which known set of points a file holds: by the names of its points, or by how many there are.

Names are compared in small letters without signs, first with every set's own; then common aliases of body parts are
looked up, and the set that has most of them is taken. Points that no set knows are left out, with a word in the log.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Float

from models.bodies.regressors import point_names
from models.errors import InputError
from models.readers.given import Said

log = logging.getLogger(__name__)

SETS: Final = ("smpl24", "blazepose33", "body25", "halpe26", "coco17", "h36m17")
"""Sets whose points the solver takes, in the order in which they are tried."""
LEAST_KNOWN: Final = 8
"""Fewer known points make no person."""

_COCO18: Final = (
    "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "RHip", "RKnee", "RAnkle", "LHip",
    "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar",
)  # fmt: skip
_FEET: Final = ("LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel")
"""COCO-WholeBody's six, behind COCO's 17."""
_SIDES: Final = {"left": ("left", "l"), "right": ("right", "r")}
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "eye": ("eye",),
    "ear": ("ear",),
    "shoulder": ("shoulder", "shouldercentre", "shouldercenter", "sjc"),
    "elbow": ("elbow", "elbowcentre", "elbowcenter", "ejc"),
    "wrist": ("wrist", "wristcentre", "wristcenter", "wjc"),
    "hip": ("hip", "hipcentre", "hipcenter", "hjc"),
    "knee": ("knee", "kneecentre", "kneecenter", "kjc"),
    "ankle": ("ankle", "anklecentre", "anklecenter", "ajc"),
    "bigtoe": ("bigtoe",),
    "smalltoe": ("smalltoe",),
    "heel": ("heel",),
}
"""Words that mean one joint to everybody; hand, foot, arm and leg do not."""
_MIDDLE: Final[Mapping[str, tuple[str, ...]]] = {
    "nose": ("nose",),
    "neck": ("neck", "midshoulder"),
    "hip": ("hip", "midhip", "pelvis", "root", "hipcenter", "hipcentre"),
    "head": ("head", "headtop", "tophead"),
}


def by_names(name: str, names: Sequence[str], said: Said) -> tuple[str, Mapping[int, int]]:
    """The set, and for each of its points that is there the column of the file.

    Raises:
        InputError: no set is recognised, or not the one that the user names.
    """
    plain = [_plain(each) for each in names]
    known = {each: column for column, each in reversed(list(enumerate(plain)))}
    best: tuple[str, dict[int, int]] = ("", {})
    for set_name in (said.joints,) if said.joints else SETS:
        own = [_plain(each) for each in point_names(set_name)]
        found = {row: known[each] for row, each in enumerate(own) if each in known}
        if len(found) == len(own):
            return set_name, found
        if set_name not in ("smpl24", "blazepose33", "h36m17") or said.joints:
            parts = {part: column for column, part in reversed(list(enumerate(map(_part, names)))) if part}
            found = {row: parts[part] for row, part in enumerate(parts_of(set_name)) if part in parts} | found
        if len(found) > len(best[1]):
            best = set_name, found
    if len(best[1]) < LEAST_KNOWN:
        raise InputError(
            f"{name}: no known set of joints is found among {', '.join(names[:12])}",
            f"name the joints as one of {', '.join(SETS)} does (docs/ways-in.md)",
        )
    left_out = [each for column, each in enumerate(names) if column not in best[1].values()]
    told = f"; left out: {', '.join(left_out[:12])}" if left_out else ""
    log.info("%s: %d of the %d points of %s%s", name, len(best[1]), len(point_names(best[0])), best[0], told)
    return best


def by_count(name: str, count: int, said: Said) -> tuple[str, Mapping[int, int]]:
    """As by_names, for points that come without names in an order that their number tells.

    Raises:
        InputError: no detector's set has so many points, or two have and the user did not say which.
    """
    layouts = detector_layouts()
    if count in layouts and said.joints in (None, layouts[count][0]):
        return layouts[count]
    if said.joints and len(point_names(said.joints)) == count:
        return said.joints, {row: row for row in range(count)}
    raise InputError(
        f"{name}: no known set has {count} points", f"choose a detector with {', '.join(map(str, sorted(layouts)))}"
    )


@cache
def detector_layouts() -> Mapping[int, tuple[str, Mapping[int, int]]]:
    """By number of points: COCO, OpenPose's two, Halpe with and without face and hands, COCO-WholeBody."""
    return {
        17: ("coco17", {row: row for row in range(17)}),
        18: ("body25", {point_names("body25").index(_body25(each)): column for column, each in enumerate(_COCO18)}),
        25: ("body25", {row: row for row in range(25)}),
        26: ("halpe26", {row: row for row in range(26)}),
        136: ("halpe26", {row: row for row in range(26)}),
        133: (
            "halpe26",
            {row: row for row in range(17)}
            | {point_names("halpe26").index(each): 17 + column for column, each in enumerate(_FEET)},
        ),
    }


def spread(
    values: Float[np.ndarray, "frames columns *rest"], layout: tuple[str, Mapping[int, int]]
) -> Float[np.ndarray, "frames points *rest"]:
    """Columns of a file as the set has them; zeros for points that the file lacks."""
    set_name, columns = layout
    out = np.zeros((len(values), len(point_names(set_name)), *values.shape[2:]))
    rows = list(columns)
    out[:, rows] = values[:, [columns[row] for row in rows]]
    return out


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _body25(name: str) -> str:
    """OpenPose's word for a part, as body25 has it here."""
    return next(own for own in point_names("body25") if _plain(own) == _plain(name))


@cache
def parts_of(set_name: str) -> tuple[str, ...]:
    """What part of the body each point of a set is, such as left_shoulder; nothing where it is none of the usual."""
    return tuple(map(_part, point_names(set_name)))


@cache
def _part(name: str) -> str:
    """left_shoulder for LShoulder, l_shoulder, shoulder.L or LeftArm; nothing for a name that says no part."""
    plain = _plain(name)
    for part, words in _MIDDLE.items():
        if plain in words:
            return part
    for part, words in _PARTS.items():
        for side, marks in _SIDES.items():
            if any(plain in (mark + word, word + mark) for mark in marks for word in words):
                return f"{side}_{part}"
    return ""
