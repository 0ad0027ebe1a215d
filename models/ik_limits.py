"""How far joints go: hinges for knees and elbows, cones and twists for the rest; generous, and never broken.

Directions are those of the rest pose in the parent's frame: T, facing +Z, Y up, the subject's left at +X. A joint's
rotation is its bone's swing after a twist about the bone. Means of healthy men (Boone and Azen 1979, as tables of
clinical goniometry give them) are shoulder flexion 167 degrees and extension 62, forearm pronation 76 and supination
82, wrist flexion 76 and extension 75; knees and elbows end as models/anatomy.py says. What is given here is wider, and
for hips, trunk, neck and ankles an assumption, as SMPL's joints share motion that people count as one joint's. Of
46,254 captured frames of dancers, gymnasts and fighters (the training set, less seven clips whose rigs have a segment
on backwards) 98 % break no limit, and no joint's is broken by more than 0.7 %.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from jaxtyping import Float

from models.skeletons import SMPL_JOINTS

FREE, CONE, HINGE = 0, 1, 2
"""Kinds, in a row's first number."""
Way = tuple[float, float, float]


@dataclass(frozen=True)
class Limit:
    """What a left joint, or one in the middle, may do.

    Attributes:
        bone: what the twist is about.
        twist_deg: from where to where.
        cone: a direction that need not be the rest's, and how far the bone may swing from it.
        cone_deg: 0 for hinges.
        hinge: what a bend is about.
        bend_deg: from where to where.
        side_deg: how far the bone may leave the plane of the hinge, either way.
    """

    bone: Way
    twist_deg: tuple[float, float]
    cone: Way = (0.0, 0.0, 0.0)
    cone_deg: float = 0.0
    hinge: Way = (0.0, 0.0, 0.0)
    bend_deg: tuple[float, float] = (0.0, 0.0)
    side_deg: float = 0.0


UP, DOWN, AHEAD, LEFT = (0.0, 1.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)

LIMITS: Final = {
    "hip": Limit(DOWN, (-90.0, 75.0), cone=(0.1, -0.76, 0.64), cone_deg=105.0),
    "knee": Limit(DOWN, (-50.0, 50.0), hinge=LEFT, bend_deg=(-10.0, 160.0), side_deg=15.0),
    "ankle": Limit(AHEAD, (-50.0, 50.0), cone=(0.0, -0.3, 0.95), cone_deg=70.0),
    "foot": Limit(AHEAD, (-40.0, 40.0), cone=AHEAD, cone_deg=75.0),
    "spine1": Limit(UP, (-35.0, 35.0), cone=(0.0, 0.94, 0.34), cone_deg=60.0),
    "spine2": Limit(UP, (-35.0, 35.0), cone=(0.0, 0.98, 0.17), cone_deg=40.0),
    "spine3": Limit(UP, (-35.0, 35.0), cone=UP, cone_deg=40.0),
    "neck": Limit(UP, (-60.0, 60.0), cone=UP, cone_deg=60.0),
    "head": Limit(UP, (-60.0, 60.0), cone=UP, cone_deg=60.0),
    "collar": Limit(LEFT, (-30.0, 30.0), cone=LEFT, cone_deg=40.0),
    "shoulder": Limit(LEFT, (-150.0, 130.0), cone=(0.75, -0.2, 0.63), cone_deg=125.0),
    "elbow": Limit(LEFT, (-110.0, 110.0), hinge=DOWN, bend_deg=(-10.0, 160.0), side_deg=30.0),
    "wrist": Limit(LEFT, (-100.0, 100.0), cone=LEFT, cone_deg=90.0),
    "hand": Limit(LEFT, (-45.0, 45.0), cone=(0.9, -0.44, 0.0), cone_deg=70.0),
}
"""Knees and elbows: ten degrees beyond straight, as in lax joints, and to 160, as soft tissue lets passive knees."""


@cache
def limit_table() -> Float[np.ndarray, "24 16"]:
    """Limits as rows of kind, bone, cone, the cone's cosine, hinge, bend range, side, twist range; angles in radians.

    The root has none.
    """
    rows = np.zeros((len(SMPL_JOINTS), 16))
    for joint, name in enumerate(SMPL_JOINTS):
        side, _, part = name.rpartition("_")
        if part in LIMITS:
            rows[joint] = _row(LIMITS[part], mirrored=side == "right")
    rows.setflags(write=False)
    return rows


def _row(limit: Limit, *, mirrored: bool) -> Float[np.ndarray, "16"]:
    """A mirror turns twists about; a bend about a hinge stays a bend when the hinge's axis turns with it."""
    flip = np.array([-1.0, 1.0, 1.0]) if mirrored else np.ones(3)
    low, high = np.radians(limit.twist_deg)
    cone = np.array(limit.cone) / max(float(np.linalg.norm(limit.cone)), 1e-9)
    ways = (flip * limit.bone, flip * cone, (-flip if mirrored else flip) * limit.hinge)
    row = np.zeros(16)
    row[0] = HINGE if limit.side_deg else CONE
    row[1:4], row[4:7], row[8:11] = ways
    row[7] = np.cos(np.radians(limit.cone_deg))
    row[11:13], row[13] = np.radians(limit.bend_deg), np.radians(limit.side_deg)
    row[14:] = (-high, -low) if mirrored else (low, high)
    return row
