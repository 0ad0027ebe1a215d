"""Small right BVH files to break, ways to break them, and what a reader may do with the pieces."""

import random
from contextlib import suppress

import numpy as np

from models.bvh.reader import parse_bvh, place_bvh_joints
from models.errors import InputError
from models.retarget.source import find_person

SEEDS = (
    "HIERARCHY\nROOT Hips\n{\nOFFSET 0 0 0\nCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation\n"
    "JOINT Knee\n{\nOFFSET 0 -10 0\nCHANNELS 3 Yrotation Xrotation Zrotation\nEnd Site\n{\nOFFSET 0 -5 1\n}\n}\n}\n"
    "MOTION\nFrames: 2\nFrame Time: 0.0333333\n1 2 3 0 0 0 0 0 0\n1 2 3 90 0 0 10 20 30\n",
    "HIERARCHY\nROOT a {\nOFFSET 1e2 -.5 +3.\nCHANNELS 3 Zrotation Yrotation Xrotation\n}\n"
    "MOTION\nFrames: 1\nFrame Time: 1\n-1.5e-3 720 0\n\n",
    "HIERARCHY\r\nROOT Bip01 Pelvis\r\n{\r\n\tOFFSET 0 0 0\r\n"
    "\tCHANNELS 6 Zrotation Xrotation Yrotation Xposition Yposition Zposition\r\n\tEnd Site\r\n\t{\r\n"
    "\t\tOFFSET 0 1 0\r\n\t}\r\n\tJOINT b\r\n\t{\r\n\t\tOFFSET 0 1 0\r\n"
    "\t\tCHANNELS 6 Xposition Yposition Zposition Yrotation Zrotation Xrotation\r\n\t}\r\n}\r\n"
    "MOTION\r\nFrames: 1\r\nFrame Time: .01\r\n0 0 0 1 2 3 4 5 6 7 8 9\r\n",
)

_JOINT = "{ OFFSET %s CHANNELS 3 Zrotation Xrotation Yrotation\n"
_CHAIN = "JOINT %s " + _JOINT + "JOINT %s " + _JOINT + "JOINT %s " + _JOINT + "} } }\n"
PERSON = (
    "HIERARCHY\nROOT Hips { OFFSET 0 0 0 CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation\n"
    + _CHAIN % ("LeftUpLeg", "10 -5 0", "LeftLeg", "0 -43 0", "LeftFoot", "0 -42 0")
    + _CHAIN % ("RightUpLeg", "-10 -5 0", "RightLeg", "0 -43 0", "RightFoot", "0 -42 0")
    + "JOINT Spine "
    + _JOINT % "0 20 0"
    + _CHAIN % ("LeftArm", "18 30 0", "LeftForeArm", "29 0 0", "LeftHand", "26 0 0")
    + _CHAIN % ("RightArm", "-18 30 0", "RightForeArm", "-29 0 0", "RightHand", "-26 0 0")
    + "JOINT Head "
    + _JOINT % "0 45 0"
    + "} } }\nMOTION\nFrames: 2\nFrame Time: 0.0333333\n"
    + ("0 95 0" + " 5 10 15" * 15 + "\n") * 2
)
"""A person of fifteen joints."""

TOKENS = (
    "HIERARCHY", "ROOT", "JOINT", "End Site", "OFFSET", "CHANNELS", "MOTION", "Frames:", "Frame Time:", "{", "}",
    "Xposition", "Yrotation", "Zrotation", "nan", "inf", "-1e309", "1e308", "1_0", "999999999999", "-0", "\n", "\t",
    "\r", "\x00", "\x85", "\u00a0", "\u0663", "CHANNELS 6", "JOINT a {", "} } }", "0 0 0",
)  # fmt: skip


def check(text: str) -> bool:
    """Whether the reader took the text; it may refuse it with a sentence that names a line, and nothing else.

    What it took may hold a person or be refused as none.

    Raises:
        AssertionError: a joint that was read lies nowhere, or the sentence names no line.
    """
    try:
        bvh = parse_bvh(text, "broken.bvh")
    except InputError as error:
        assert "broken.bvh, line " in str(error)
        return False
    assert np.isfinite(place_bvh_joints(bvh)).all()
    with suppress(InputError):
        assert np.isfinite(find_person(bvh).joints_m).all()
    return True


def broken(text: str, chance: random.Random) -> str:
    """The text with one to four pieces cut out, doubled, or replaced by a token."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 1, 3, 10, 40)))
        piece = chance.choice((chance.choice(TOKENS), "", text[start:end] * 2, text[start:end] * 30))
        text = text[:start] + piece + text[end:]
    return text
