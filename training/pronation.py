"""Draws the pronation that captured forearms lack, and shares a hand's twist between forearm and wrist.

The captured skeletons bend their elbows about one axis, and what the hand twists sits in the wrist alone. A drawn
track is added to it: 0 is the palm down in a T-pose, 90 degrees is the thumb up, changing over seconds and on its own.
Of the hand's whole twist against the upper arm the forearm takes models.ik_direct.PRONATION_SHARE.
"""

import zlib
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation
from scipy.stats import norm

from models.ik_direct import PRONATION_SHARE
from models.skeletons import SMPL_INDEX

MAX_RAD: Final = np.pi / 2
SMOOTH_S: Final = 1.0
"""Standard deviation of the Gaussian window over white noise: a track forgets itself in about two seconds."""
TWISTS_RAD: Final = 0.1
"""Forearms whose twist keeps within this range over nine tenths of a motion have none of their own."""


def pronation_track(frames: int, rate_hz: float, random: np.random.Generator) -> Float[np.ndarray, " frames"]:
    """A smooth track in radians, at every instant spread evenly over 0 to 90 degrees."""
    window = SMOOTH_S * rate_hz
    margin = int(np.ceil(4 * window))
    noise = gaussian_filter1d(random.normal(size=frames + 2 * margin), window)[margin : margin + frames]
    # white noise under a Gaussian window of this width has this variance
    return MAX_RAD * norm.cdf(noise * np.sqrt(2 * np.sqrt(np.pi) * window))


def add_pronation(
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"],
    rest_joints_m: Float[np.ndarray, "24 3"],
    rate_hz: float,
    drawn_by: tuple[str, int],
) -> Float[np.ndarray, "frames 24 3 3"]:
    """Add a drawn track to the twist of each hand and share the sum between forearm and wrist.

    Args:
        rest_joints_m: of the body whose forearms are the axes.
        drawn_by: a name and a number that settle the draw.
    """
    name, number = drawn_by
    random = np.random.default_rng([zlib.crc32(name.encode()), number])
    turned = parent_from_joint.copy()
    for side, sign in (("left", 1.0), ("right", -1.0)):
        elbow, wrist = SMPL_INDEX[f"{side}_elbow"], SMPL_INDEX[f"{side}_wrist"]
        axis = rest_joints_m[wrist] - rest_joints_m[elbow]
        axis = axis / np.linalg.norm(axis)
        hand = Rotation.from_matrix(parent_from_joint[:, wrist])
        own_rad = _twist_rad(hand, axis)
        # thumb up from a T-pose turns against the left forearm's axis and with the right one's
        drawn_rad = -sign * pronation_track(len(turned), rate_hz, random)
        forearm = Rotation.from_rotvec(PRONATION_SHARE * (own_rad + drawn_rad)[:, None] * axis)
        turned[:, elbow] = parent_from_joint[:, elbow] @ forearm.as_matrix()
        turned[:, wrist] = (forearm.inv() * Rotation.from_rotvec(drawn_rad[:, None] * axis) * hand).as_matrix()
    return turned


def forearms_twist(
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"], rest_joints_m: Float[np.ndarray, "24 3"]
) -> bool:
    """Whether forearms turn about themselves by more than a rig's rounding."""
    spread_rad = 0.0
    for side in ("left", "right"):
        elbow, wrist = SMPL_INDEX[f"{side}_elbow"], SMPL_INDEX[f"{side}_wrist"]
        axis = rest_joints_m[wrist] - rest_joints_m[elbow]
        twist_rad = _twist_rad(Rotation.from_matrix(parent_from_joint[:, elbow]), axis / np.linalg.norm(axis))
        spread_rad = max(spread_rad, float(np.ptp(np.quantile(twist_rad, (0.05, 0.95)))))
    return spread_rad > TWISTS_RAD


def _twist_rad(turn: Rotation, axis: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " frames"]:
    """The twist about an axis before the swing, continuous in time."""
    quaternion = turn.as_quat()
    twist_rad = np.unwrap(2 * np.arctan2(quaternion[:, :3] @ axis, quaternion[:, 3]))
    return twist_rad - 2 * np.pi * np.round(np.median(twist_rad) / (2 * np.pi))
