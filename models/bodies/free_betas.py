"""What the betas of the free body mean: one row each, in order.

All are in standard deviations of adults and independent beforehand. Ten are principal components of random adults, by
falling share of the variance, and change everything at once; ten move one length each (training.body_limbs).
"""

from dataclasses import dataclass
from typing import Final

RANGE: Final = 3.0
"""Bodies within these bounds look human; the likeliest adults of 1.45 to 2.05 m and 40 to 130 kg need up to 3.6."""


@dataclass(frozen=True)
class Beta:
    """One number of a shape.

    Attributes:
        name: what it is called.
        pair: the SMPL joints whose distance it moves; None for a principal component.
        unit_m: by how much, for one unit on the mean body.
    """

    name: str
    pair: tuple[str, str] | None = None
    unit_m: float = 0.0


FREE_BETAS: Final = (
    Beta("taller and larger: 88 mm of stature, 10 l of volume"),
    Beta("long thighs and short forearms, narrow shoulders"),
    Beta("leaner, shoulders broader against the hips, long shanks"),
    Beta("leaner, narrower hips, long neck and thighs"),
    Beta("broader shoulders, narrower hips, 2 l heavier"),
    Beta("leaner, wider hips"),
    Beta("slightly heavier, narrower shoulders"),
    Beta("long shanks on short thighs"),
    Beta("slightly broader shoulders on shorter thighs"),
    Beta("slightly longer shanks on shorter thighs"),
    Beta("upper arm", ("left_shoulder", "left_elbow"), 0.0082),
    Beta("forearm", ("left_elbow", "left_wrist"), 0.0105),
    Beta("hand, in every direction", ("left_wrist", "left_hand"), 0.0027),
    Beta("thigh", ("left_hip", "left_knee"), 0.0184),
    Beta("shank", ("left_knee", "left_ankle"), 0.0149),
    Beta("foot, in every direction", ("left_ankle", "left_foot"), 0.0046),
    Beta("trunk", ("pelvis", "neck"), 0.0246),
    Beta("neck", ("neck", "head"), 0.0061),
    Beta("shoulder width", ("left_shoulder", "right_shoulder"), 0.0143),
    Beta("hip width", ("left_hip", "right_hip"), 0.0106),
)
"""The words for the first ten are what their largest changes look like on the mean body; the others are exact."""
