"""Makes rotations of other programs a motion of SMPL's tree: axis-angles or matrices, body joints only, Y up."""

from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.errors import InputError
from models.readers.given import BodyMotion, y_up
from models.skeletons import SMPL_JOINTS

BODY_JOINTS: Final = 22
"""SMPL, SMPL-H and SMPL-X begin with the same joints, from pelvis to wrists."""
LARGEST_RAD: Final = 50.0
"""Continuous axis-angles wind up over a clip; a vector longer than eight whole turns is one of degrees."""
FASTEST_M_S: Final = 20.0
"""Nobody's pelvis goes this fast in the middle of a clip; one in millimetres does."""
LEAST_TURN: Final = 0.05
"""How far a matrix may be from a rotation."""


def from_axis_angles(
    name: str, rotvec: Float[np.ndarray, "frames joints 3"], trans_m: Float[np.ndarray, "frames 3"], rate_hz: float
) -> tuple[Float[np.ndarray, "frames 24 3 3"], Float[np.ndarray, "frames 3"]]:
    """Rotations of the 24 joints; those that the file lacks do not turn.

    Raises:
        InputError: a number is not finite, or they are no radians or no metres.
    """
    if not (np.isfinite(rotvec).all() and np.isfinite(trans_m).all()):
        raise InputError(f"{name} holds NaN or infinite numbers", "leave out frames without a pose")
    largest = float(np.abs(rotvec).max())
    if largest > LARGEST_RAD:
        raise InputError(f"{name} holds an angle of {largest:.4g} radians", "write radians, not degrees")
    if len(trans_m) > 2:
        speed_m_s = float(np.median(np.linalg.norm(np.diff(trans_m, axis=0), axis=-1))) * rate_hz
        if speed_m_s > FASTEST_M_S:
            raise InputError(f"the person in {name} would go {speed_m_s:.4g} m/s", "write the translation in metres")
    turns = np.tile(np.eye(3), (len(rotvec), len(SMPL_JOINTS), 1, 1))
    joints = BODY_JOINTS if rotvec.shape[1] != len(SMPL_JOINTS) else len(SMPL_JOINTS)
    body = rotvec[:, :joints]
    turns[:, : body.shape[1]] = Rotation.from_rotvec(body.reshape(-1, 3)).as_matrix().reshape(*body.shape[:2], 3, 3)
    return turns, trans_m


def as_axis_angles(name: str, turns: Float[np.ndarray, "*batch 3 3"]) -> Float[np.ndarray, "*batch 3"]:
    """Rotation matrices as axis-angles.

    Raises:
        InputError: a matrix is far from a rotation.
    """
    flat = turns.reshape(-1, 3, 3)
    off = np.abs(flat @ np.swapaxes(flat, 1, 2) - np.eye(3)).max() if len(flat) else 0.0
    if not off < LEAST_TURN or (len(flat) and np.linalg.det(flat).min() < 0):
        raise InputError(f"{name} holds a matrix that is no rotation", "write rotations")
    return Rotation.from_matrix(flat).as_rotvec().reshape(*turns.shape[:-2], 3)


def turned_y_up(motion: BodyMotion, axis: str) -> BodyMotion:
    """The same in a world whose Y points up: root and way are turned, all else stays.

    The pelvis lies at trans_m and a constant about which nothing turns, so that the constant stays unturned: it shifts
    the whole motion, which stands on the floor in the end.
    """
    turn = y_up(axis)
    turns = motion.parent_from_joint.copy()
    turns[:, 0] = turn @ turns[:, 0]
    return BodyMotion(
        label=motion.label,
        body=motion.body,
        frame_index=motion.frame_index,
        rate_hz=motion.rate_hz,
        parent_from_joint=turns,
        trans_m=motion.trans_m @ turn.T,
        betas=motion.betas,
        has_way=motion.has_way,
    )
