"""Where a body's soles carry it: the heel and the ball of each foot, and the rims that must not sink into the floor.

All points hang rigidly on a joint: the hind foot on the ankle, the toes on the joint at the ball.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float

from models.bodies.body import Body, rest_joints, rest_vertices
from models.skeletons import SMPL_INDEX

FEET: Final = tuple((SMPL_INDEX[f"{side}_ankle"], SMPL_INDEX[f"{side}_foot"]) for side in ("left", "right"))
"""Ankle and ball of the left, then the right foot."""
SOLE_THICKNESS_M: Final = 0.012
"""Skin within this height of a foot's lowest point is its sole."""
DIRECTIONS: Final = 8
TILTS_RAD: Final = (math.radians(35), math.radians(65))
"""A rim is told by the farthest points this many ways around, so far below the horizontal: what touches the floor
first when the foot is pitched or rolled."""
QUARTER: Final = 0.25
"""The heel is the hindmost quarter of the sole that the ankle carries, the ball its foremost."""


@dataclass(frozen=True, eq=False)
class Soles:
    """Left foot first. Relative to the joint that carries them, in its frame at rest.

    Attributes:
        heel_m, ball_m: the points that stand, carried by the ankle.
        hind_rim_m: carried by the ankle.
        toe_rim_m: carried by the joint at the ball.
    """

    heel_m: Float[np.ndarray, "2 3"]
    ball_m: Float[np.ndarray, "2 3"]
    hind_rim_m: Float[np.ndarray, "2 hind 3"]
    toe_rim_m: Float[np.ndarray, "2 toe 3"]


def find_soles(body: Body, betas: Float[np.ndarray, " betas"]) -> Soles:
    """Read the soles off the skin at rest.

    Raises:
        InputError: the number of betas is not the body's.
    """
    shape = torch.from_numpy(betas).to(body.template_m)
    skin_m, joints_m = (part(body, shape).double().cpu().numpy() for part in (rest_vertices, rest_joints))
    share = body.skin_matrix.double().cpu().numpy()
    feet = [_foot(skin_m, joints_m[[ankle, ball]], share[:, [ankle, ball]]) for ankle, ball in FEET]
    return Soles(*(np.stack(parts) for parts in zip(*feet, strict=True)))


def _foot(skin_m: np.ndarray, joints_m: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, ...]:
    """Heel, ball, hind rim and toe rim of one foot."""
    on_foot, toes = share.sum(axis=1) > 0.9, share[:, 1] > share[:, 0]
    hind_m = _lowest(skin_m[on_foot & ~toes])
    along = (hind_m[:, 2] - hind_m[:, 2].min()) / max(float(np.ptp(hind_m[:, 2])), 1e-9)
    heel_m, ball_m = _pad(hind_m[along <= QUARTER]), _pad(hind_m[along >= 1 - QUARTER])
    ankle_m, joint_m = joints_m
    hind_rim_m, toe_rim_m = (_rim(skin_m[on_foot & chosen]) for chosen in (~toes, toes))
    return heel_m - ankle_m, ball_m - ankle_m, hind_rim_m - ankle_m, toe_rim_m - joint_m


def _lowest(skin_m: np.ndarray) -> np.ndarray:
    return skin_m[skin_m[:, 1] < skin_m[:, 1].min() + SOLE_THICKNESS_M]


def _pad(points_m: np.ndarray) -> np.ndarray:
    """Below the middle of some skin, as low as its lowest point."""
    middle_m = (points_m.min(axis=0) + points_m.max(axis=0)) / 2
    return np.array([middle_m[0], points_m[:, 1].min(), middle_m[2]])


def _rim(points_m: np.ndarray) -> np.ndarray:
    """The farthest points downward and outward, and the lowest one."""
    angle_rad = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    around = np.stack([np.sin(angle_rad), np.zeros(DIRECTIONS), np.cos(angle_rad)], axis=1)
    ways = [np.cos(tilt) * around - [0.0, np.sin(tilt), 0.0] for tilt in TILTS_RAD]
    return points_m[(points_m @ np.concatenate([*ways, [[0.0, -1.0, 0.0]]]).T).argmax(axis=0)]
