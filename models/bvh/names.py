"""Finds a person's limbs in a BVH by the names of the joints, whoever named them.

A name is cut into words (camel case, digits and signs part them); words that name a program or a rig are dropped, one
word may name the side, and what remains is looked up. Words such as "hip", "shoulder" or "foot" mean different joints
in different skeletons, so they are read in the order in which they follow each other down a limb.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from models.bvh.tree import Limbs, Tree


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SIDE: Final[Mapping[str, str]] = {"left": "left", "l": "left", "right": "right", "r": "right"}
_DROPPED: Final = _words(
    "mixamorig mixamo rig bip biped valve character def org jnt joint bone bn skeleton sk hik b bend mch ctrl root"
)
"""What rigs put before or behind the name; numbers are dropped too."""
_HELPERS: Final = _words("roll twist end nub ik pole target helper site effector")
"""A joint with such a word carries no bone of the body."""

_THIGH: Final = _words("upleg upperleg thigh femur legupper hip uleg")
_SHIN: Final = _words("leg lowleg lowerleg leglower knee shin calf tibia")
_FOOT: Final = _words("foot ankle")
_TOE: Final = _words("foot toe toebase toes ball metatarsal toehand")
_COLLAR: Final = _words("shoulder clavicle collar collarbone scapula inshoulder shouldercollar")
_UPPER_ARM: Final = _words("arm upperarm uparm armupper shldr shoulder humerus")
_FOREARM: Final = _words("forearm lowerarm lowarm armlower elbow radius")
_HAND: Final = _words("hand wrist")
_FINGERS: Final = _words("hand fingerbase handmiddle middle mid middleproximal handmid fingermiddle")
_HEAD: Final = frozenset({"head"})
_ALL: Final = (
    _THIGH | _SHIN | _FOOT | _TOE | _COLLAR | _UPPER_ARM | _FOREARM | _HAND | _FINGERS | _HEAD
)  # fmt: skip


def limbs_by_names(tree: Tree) -> Limbs | None:
    """The joints of both legs and arms, and of the head; None where a limb's names are not known.

    Long bones of all limbs, feet and hands must be there; collars, toes, fingers and the head need not.
    """
    said = [side_and_part(name) for name in tree.names]
    found: dict[str, int] = {}
    for side in ("left", "right"):
        part_of = {joint: part for joint, (its_side, part) in enumerate(said) if its_side == side}
        leg = _chain(tree, part_of, (_THIGH, _SHIN, _FOOT))
        arm = _chain(tree, part_of, (_UPPER_ARM, _FOREARM, _HAND))
        if leg is None or arm is None:
            return None
        found |= dict(zip((f"{side}_hip", f"{side}_knee", f"{side}_ankle"), leg, strict=True))
        found |= dict(zip((f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist"), arm, strict=True))
        above = [joint for joint in tree.above(arm[0]) if part_of.get(joint) in _COLLAR]
        optional = {
            f"{side}_collar": above[:1],
            f"{side}_foot": [joint for joint in tree.below(leg[2]) if part_of.get(joint) in _TOE][:1],
            f"{side}_hand": [joint for joint in tree.below(arm[2]) if part_of.get(joint) in _FINGERS][:1],
        }
        found |= {name: joints[0] for name, joints in optional.items() if joints}
    heads = [joint for joint, (side, part) in enumerate(said) if side == "" and part in _HEAD]
    return Limbs(found | ({"head": heads[0]} if heads else {}))


def side_and_part(name: str) -> tuple[str, str]:
    """left, right or nothing, and the rest of the name in small letters without what rigs add.

    >>> side_and_part("mixamorig:LeftUpLeg"), side_and_part("Bip01 L Calf"), side_and_part("lShldrBend")
    (('left', 'upleg'), ('left', 'calf'), ('left', 'shldr'))
    """
    words = [word.lower() for word in _WORD.findall(name.rsplit(":", 1)[-1].removeprefix("CC_Base_"))]
    if _HELPERS & set(words):
        return "", ""
    words = [word for word in words if not word.isdigit() and word not in _DROPPED]
    side = next((word for word in words if word in _SIDE), None)
    if side is not None:
        words.remove(side)
        return _SIDE[side], "".join(words)
    return _fused("".join(words))


def _fused(part: str) -> tuple[str, str]:
    """A side that is written together with its joint: lthigh, leftfoot, upperarmr."""
    if part in _ALL:
        return "", part
    for word, side in _SIDE.items():
        if part.startswith(word) and part.removeprefix(word) in _ALL:
            return side, part.removeprefix(word)
        if part.endswith(word) and part.removesuffix(word) in _ALL:
            return side, part.removesuffix(word)
    return "", part


def _chain(tree: Tree, part_of: Mapping[int, str], kinds: Sequence[frozenset[str]]) -> tuple[int, int, int] | None:
    """Upper bone, lower bone and end of a limb: the lower bone's name says most, the others lie next to it."""
    upper_names, lower_names, end_names = kinds
    for lower in sorted(part_of):
        if part_of[lower] not in lower_names:
            continue
        uppers = [joint for joint in tree.above(lower) if part_of.get(joint) in upper_names]
        ends = [joint for joint in tree.below(lower) if part_of.get(joint) in end_names]
        if uppers and ends:
            return uppers[0], lower, ends[0]
    return None
