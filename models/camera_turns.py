"""How a camera on the spot turned, from how its background moved across the picture between frames.

A camera that only turns moves every far point alike, whatever its distance: near the centre of the picture by a shift,
about it by a roll. Shifts of neighbouring frames become small rotations, and these are chained; a camera that walks
moves near points more than far ones and is not described.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation

STILL_SHARE: Final = 0.004
"""A background that never strays farther than this share of the picture's longer side stands still; where it rolls,
halfway between centre and border."""
KNOWN_SHARE: Final = 0.9
"""Of a turning camera's frames that must show how it turned; over shorter gaps it is taken to turn evenly."""


@dataclass(frozen=True, eq=False)
class Turns:
    """How the camera stood in every frame.

    Attributes:
        camera_from_steady: against a camera that looks where this one looked in the middle of its range; no rows for
            one that stood still.
        known: the background showed how; False where it shows nothing, or moves as no camera on the spot makes it.
    """

    camera_from_steady: Float[np.ndarray, "turns 3 3"]
    known: bool


def camera_turns(shift: Float[np.ndarray, "frames 4"], camera_matrix: Float[np.ndarray, "3 3"]) -> Turns:
    """Chain the shifts of a clip.

    Args:
        shift: how the background moved since the frame before: x and y in pixels at the picture's centre, roll in
            radians (clockwise on the picture), and the logarithm of its growth, which no turning makes; NaN where it
            could not be told. The first row counts for nothing.
    """
    if len(shift) == 1:
        return still(known=True)
    told: Bool[np.ndarray, " steps"] = np.isfinite(shift[1:].sum(axis=1))
    if not told.any():
        return still(known=False)
    known = bool(told.mean() >= KNOWN_SHARE)
    path = np.concatenate([np.zeros((1, 3)), np.cumsum(_filled(shift[1:, :3], told), axis=0)])
    longer_px = 2 * camera_matrix[:2, 2].max()
    strayed_px = np.abs(path * (1, 1, longer_px / 4)).max()
    if strayed_px <= STILL_SHARE * longer_px:
        return still(known=known)
    turned = _chain(np.diff(path, axis=0), camera_matrix[0, 0])
    steady = _middle(turned)
    return Turns(turned @ steady.T, known)


def still(*, known: bool) -> Turns:
    """A camera that did not turn, or is taken not to."""
    return Turns(np.zeros((0, 3, 3)), known)


def _filled(step: Float[np.ndarray, "steps 3"], told: Bool[np.ndarray, " steps"]) -> Float[np.ndarray, "steps 3"]:
    every = np.arange(len(step))
    return np.stack([np.interp(every, every[told], column[told]) for column in step.T], axis=1)


def _chain(step: Float[np.ndarray, "steps 3"], focal_px: float) -> Float[np.ndarray, "frames 3 3"]:
    """Every frame's camera from the first one's."""
    far = np.concatenate([step[:, :2] / focal_px, np.ones((len(step), 1))], axis=1)
    far /= np.linalg.norm(far, axis=1, keepdims=True)
    across = np.stack([-far[:, 1], far[:, 0], np.zeros(len(far))], axis=1)
    sine = np.linalg.norm(across, axis=1, keepdims=True)
    swing = Rotation.from_rotvec(across / np.maximum(sine, 1e-12) * np.arctan2(sine, far[:, 2:]))
    new_from_old = (swing * Rotation.from_rotvec(step[:, 2:] * (0.0, 0.0, 1.0))).as_matrix()
    turned = [np.eye(3)]
    for turn in new_from_old:
        turned.append(turn @ turned[-1])
    return np.stack(turned)


def _middle(camera_from_first: Float[np.ndarray, "frames 3 3"]) -> Float[np.ndarray, "3 3"]:
    """The first of all cameras whose farthest other is nearest: as few rays as can be leave the steady picture."""
    ahead = camera_from_first[:, 2]
    nearest = (ahead @ ahead.T).min(axis=1)
    return camera_from_first[int(np.argmax(nearest))]
