"""Shape modes that move one measure of the skeleton each: a smooth stretch of the skin that the joints follow exactly.

A principal component of random people changes everything at once, so that no choice of ten gives somebody long arms
on a short trunk. Each mode here moves one measure alone, on both sides alike. The unit of a mode is one standard
deviation of that measure among adults of the same stature: ANSUR II (Gordon et al. 2014, US Army Natick TR-15/007) as
a share of the segment, mean of both sexes: upper arm 3.3 %, forearm 4.3, thigh 4.4, shank 3.6, trunk 4.9, biacromial
breadth 4.0, bicristal breadth 6.5, foot 3.2. Hand as foot and neck 6 % are assumptions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from models.anatomy import SUBTREES
from models.skeletons import SMPL_INDEX, SMPL_MIRROR

Share = Float[np.ndarray, " points"]
Moved = Float[np.ndarray, "points 3"]


@dataclass(frozen=True)
class Limb:
    """A measure between two joints of the left side or the middle.

    Attributes:
        start, end: its joints.
        unit: one standard deviation as a share of its length.
        template: by how many units the mean of the random people is moved before it becomes the template.
    """

    start: str
    end: str
    unit: float
    template: float = 0.0


LIMBS: Final = {
    "upper arm": Limb("left_shoulder", "left_elbow", 0.033, 1.1),
    "forearm": Limb("left_elbow", "left_wrist", 0.043, 0.95),
    "hand": Limb("left_wrist", "left_hand", 0.032),
    "thigh": Limb("left_hip", "left_knee", 0.044),
    "shank": Limb("left_knee", "left_ankle", 0.036),
    "foot": Limb("left_ankle", "left_foot", 0.032),
    "trunk": Limb("pelvis", "neck", 0.049),
    "neck": Limb("neck", "head", 0.06),
    "shoulder width": Limb("left_collar", "left_shoulder", 0.04),
    "hip width": Limb("pelvis", "left_hip", 0.065),
}
"""In the order of the betas. Anny's arms are short: a span of 1.003 statures, where ANSUR II's men have 1.033 and women
1.019; 10 mm more for each of the four long bones of the arms, on the template, make 1.026."""


def make_limb_modes(
    points_m: Float[np.ndarray, "points 3"],
    weight: Float[np.ndarray, "points 24"],
    joints_m: Float[np.ndarray, "24 3"],
) -> Float[np.ndarray, "points 3 limbs"]:
    """How points move for one unit of each mode.

    Args:
        points_m: skin at rest, or the joints themselves; in a T-pose, with the pelvis in the plane x = 0.
        weight: how much each joint moves each point; for joints the identity.
        joints_m: the joints of the same shape.
    """
    left = _Side(points_m, weight, joints_m)
    right = _Side(points_m * (-1, 1, 1), weight[:, SMPL_MIRROR], joints_m)
    modes: list[Moved] = []
    for name, limb in LIMBS.items():
        mode = RULES[name](left, limb)
        if name not in MIDDLE:
            mode = mode + RULES[name](right, limb) * (-1, 1, 1)
        modes.append(limb.unit * mode)
    return np.stack(modes, axis=-1)


@dataclass(frozen=True, eq=False)
class _Side:
    """Points as the left side sees them."""

    points_m: Float[np.ndarray, "points 3"]
    weight: Float[np.ndarray, "points 24"]
    joints_m: Float[np.ndarray, "24 3"]

    def joint(self, name: str) -> Float[np.ndarray, " 3"]:
        return self.joints_m[SMPL_INDEX[name]]

    def own(self, *names: str) -> Share:
        return self.weight[:, [SMPL_INDEX[name] for name in names]].sum(axis=1)

    def below(self, *names: str) -> Share:
        return self.weight[:, [joint for name in names for joint in SUBTREES[SMPL_INDEX[name]]]].sum(axis=1)

    def along(self, limb: Limb) -> Share:
        """0 at the start of a bone, 1 at its end, no more beyond."""
        bone_m = self.joint(limb.end) - self.joint(limb.start)
        return np.clip((self.points_m - self.joint(limb.start)) @ bone_m / (bone_m @ bone_m), 0, 1)

    def outward(self, name: str) -> Share:
        """0 in the middle of the body, 1 at a joint's distance from it and beyond."""
        return np.clip(self.points_m[:, 0] / self.joint(name)[0], 0, 1)

    def upward(self, low: str, high: str) -> Share:
        """From 0 at the height of one joint to 1 at that of another, without a kink."""
        low_m, high_m = self.joint(low)[1], self.joint(high)[1]
        share = np.clip((self.points_m[:, 1] - low_m) / (high_m - low_m), 0, 1)
        return share * share * (3 - 2 * share)


def _stretch(side: _Side, limb: Limb) -> Moved:
    """Along the bone, in proportion to how far along; all that hangs on its end moves with it."""
    own = side.own(limb.start)
    share = own * side.along(limb) + side.below(limb.start) - own
    return share[:, None] * (side.joint(limb.end) - side.joint(limb.start))


def _swell(side: _Side, limb: Limb) -> Moved:
    """Larger in every direction from the joint."""
    return side.below(limb.start)[:, None] * (side.points_m - side.joint(limb.start))


def _lift(side: _Side, limb: Limb) -> Moved:
    """The trunk upward, the arms as far as the collar bones, the head as far as the neck."""
    low_m, high_m = side.joint(limb.start)[1], side.joint(limb.end)[1]
    girdle = (side.joint("left_collar")[1] - low_m) / (high_m - low_m)
    arms, head = side.below("left_collar", "right_collar"), side.below("neck")
    trunk = side.own("pelvis", "spine1", "spine2", "spine3")
    share = trunk * side.along(limb) + girdle * arms + head
    return share[:, None] * (0, high_m - low_m, 0)


def _broaden_shoulders(side: _Side, limb: Limb) -> Moved:
    """The arms outward, girdle and chest in proportion to the distance from the middle, less toward the waist."""
    chest = side.own("spine1", "spine2", "spine3") * side.upward("spine1", "left_collar")
    share = side.below(limb.end) + (side.own(limb.start) + chest) * side.outward(limb.end)
    return share[:, None] * (side.joint(limb.end)[0], 0, 0)


def _broaden_hips(side: _Side, limb: Limb) -> Moved:
    """The legs outward, the pelvis in proportion to the distance from the middle, less toward the waist."""
    middle = side.outward(limb.end)
    down = 1 - side.upward("left_knee", limb.end)
    loin = side.own("pelvis", "spine1", "spine2") * (1 - side.upward(limb.end, "spine2"))
    leg = side.own(limb.end) * (middle + (1 - middle) * down) + side.below("left_knee")
    return (leg + loin * middle)[:, None] * (side.joint(limb.end)[0], 0, 0)


RULES: Final[Mapping[str, Callable[[_Side, Limb], Moved]]] = {
    "upper arm": _stretch, "forearm": _stretch, "hand": _swell, "thigh": _stretch, "shank": _stretch, "foot": _swell,
    "trunk": _lift, "neck": _stretch, "shoulder width": _broaden_shoulders, "hip width": _broaden_hips,
}  # fmt: skip
MIDDLE: Final = ("trunk", "neck")
