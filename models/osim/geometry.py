"""What OpenSim draws of a model that has no meshes: an ellipsoid along every bone.

Ellipsoids are built into OpenSim, so no file can be missing. A bone runs from the joint that carries a body to each
joint that hangs on it; a body on which nothing hangs is drawn to twice its centre of mass, or as a small ball.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from models.osim.model import Body, Frame, Model, Vector

SLIM: Final = 0.13
"""Radius of a bone over half its length."""
THICK_M: Final = 0.025
"""No bone is thicker than this, and a ball is as thick."""
SHORT_M: Final = 0.01
"""Shorter bones are not drawn."""


@dataclass(frozen=True)
class Ellipsoid:
    """Centred in a frame on a body, with radii along the frame's axes."""

    frame: Frame
    radii_m: Vector


def bones(model: Model) -> Mapping[str, tuple[Ellipsoid, ...]]:
    """The ellipsoids of every body."""
    start: dict[str, Vector] = {}
    ends: dict[str, list[Vector]] = {body.name: [] for body in model.bodies}
    for branch in model.tree:
        near, far = branch.joint.parent, branch.joint.child
        near, far = (far, near) if branch.backward else (near, far)
        start[branch.moved] = far.translation_m
        if branch.carrier in ends:
            ends[branch.carrier].append(near.translation_m)
    return {body.name: _drawn(body, start[body.name], ends[body.name]) for body in model.bodies}


def _drawn(body: Body, start_m: Vector, ends_m: list[Vector]) -> tuple[Ellipsoid, ...]:
    if not ends_m:
        x, y, z = (2 * centre - start for centre, start in zip(body.mass_centre_m, start_m, strict=True))
        ends_m = [(x, y, z)]
    made = tuple(_bone(body.name, start_m, end) for end in ends_m if math.dist(start_m, end) > SHORT_M)
    return made or (Ellipsoid(Frame(body.name, start_m), (THICK_M, THICK_M, THICK_M)),)


def _bone(body: str, start_m: Vector, end_m: Vector) -> Ellipsoid:
    """Its y axis lies along the bone: turned about x, then about z."""
    length = math.dist(start_m, end_m)
    x, y, z = ((end - start) / length for start, end in zip(start_m, end_m, strict=True))
    middle = ((start_m[0] + end_m[0]) / 2, (start_m[1] + end_m[1]) / 2, (start_m[2] + end_m[2]) / 2)
    thick = min(SLIM * length / 2, THICK_M)
    return Ellipsoid(Frame(body, middle, (math.atan2(z, y), 0.0, -math.asin(x))), (thick, length / 2, thick))
