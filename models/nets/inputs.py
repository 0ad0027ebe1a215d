"""What a network is told of each frame, all of it in the frame's own human-centric axes, and how it looks mirrored."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from jaxtyping import Bool, Float, Int64
from torch import Tensor

MIRROR: Final = (-1.0, 1.0, 1.0)
"""Signs of a vector's coordinates in a mirror whose plane parts left from right."""
MIRROR_SIX: Final = (1.0, -1.0, -1.0, -1.0, 1.0, 1.0)
"""And of the six numbers of a rotation: M R M, first column, then second."""

TAPS: Final = (-4, -2, -1, 1, 2, 4)
"""The neighbours in time that a frame sees, in thirtieths of a second."""


class BeforeKind(IntEnum):
    """Where the pose comes from that is given beside the points."""

    NONE = 0
    PREVIOUS = 1
    """The solver's own, of a frame up to nine earlier or later."""
    ESTIMATE = 2
    """Another estimator's, of the same frame."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The frames around each one, in the order of TAPS.

    Attributes:
        index: which frame of the sequence; any where there is none.
        there: whether the sequence has it, with any point at all, and it may be looked at.
        turn: six numbers of its human-centric axes in this frame's, less those of the identity; 0 where not there.
        shift_m: of its origin, in this frame's axes; 0 where not there.
    """

    index: Int64[Tensor, "frames taps"]
    there: Bool[Tensor, "*batch frames taps"]
    turn: Float[Tensor, "*batch frames taps 6"]
    shift_m: Float[Tensor, "*batch frames taps 3"]


@dataclass(frozen=True, eq=False)
class Frames:
    """Sequences of frames as a network reads them.

    Attributes:
        slots: of the points, see models.nets.slots.
        points_m: in the human-centric axes; of no meaning where the confidence is 0.
        confidence: 0..1.
        offset_m: the bones at rest, each joint relative to its parent; axes of length 1 where a shape lasts.
        disagreement_m: of the seen bones' lengths with the rig's.
        before: six numbers for each joint of a pose that is known beforehand, in the human-centric axes; None where no
            frame has one.
        before_kind: of each sequence's frames, see BeforeKind; None where no frame has one.
        around: None where every frame stands for itself.
    """

    slots: Int64[Tensor, " points"]
    points_m: Float[Tensor, "*batch frames points 3"]
    confidence: Float[Tensor, "*batch frames points"]
    offset_m: Float[Tensor, "*shape 24 3"]
    disagreement_m: Float[Tensor, "*batch frames"]
    before: Float[Tensor, "*batch frames 24 6"] | None
    before_kind: Int64[Tensor, "*batch frames"] | None
    around: Neighbours | None
