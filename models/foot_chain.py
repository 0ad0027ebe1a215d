"""Where hips, knees, ankles and soles are while a root and two legs move, and how each answers every joint's turn."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.skeletons import SMPL_INDEX
from models.soles import Soles

UNKNOWNS: Final = 19
"""Of a frame: the root's shift, then for the left and the right leg the turns about hip x y z, knee x, ankle x y z and
ball x, each in the joint's own axes."""
LEG: Final = 8
ROOT: Final = slice(0, 3)
LEG_JOINTS: Final = tuple(
    tuple(SMPL_INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot")) for side in ("left", "right")
)
_AXES: Final = ((0, 1, 2), (0,), (0, 1, 2), (0,))
"""About which of its own axes each joint of a leg may turn."""

Turns = Float[np.ndarray, "frames 2 4 3 3"]


@dataclass(frozen=True, eq=False)
class Chain:
    """What is constant: the joints of both legs relative to their parents, and the points of the soles."""

    offset_m: Float[np.ndarray, "2 4 3"]
    soles: Soles


@dataclass(frozen=True, eq=False)
class LegPose:
    """What moves.

    Attributes:
        root_m: the pelvis joint.
        world_from_pelvis: which never changes here.
        parent_from_joint: of hip, knee, ankle and ball.
    """

    root_m: Float[np.ndarray, "frames 3"]
    world_from_pelvis: Float[np.ndarray, "frames 3 3"]
    parent_from_joint: Turns

    def moved(self, step: Float[np.ndarray, "frames 19"]) -> "LegPose":
        """After a shift of the root and small turns of the joints."""
        turn = Rotation.from_rotvec(_as_vectors(step).reshape(-1, 3)).as_matrix()
        return replace(
            self,
            root_m=self.root_m + step[:, ROOT],
            parent_from_joint=self.parent_from_joint @ turn.reshape(self.parent_from_joint.shape),
        )


@dataclass(frozen=True, eq=False)
class Placed:
    """Left leg first; the points of a foot are heel, ball, then the rims of hind foot and toes.

    Attributes:
        joint_m: hip, knee, ankle and ball.
        world_from_joint: of the same.
        sole_m: in the order of sole_carriers.
    """

    joint_m: Float[np.ndarray, "frames 2 4 3"]
    world_from_joint: Turns
    sole_m: Float[np.ndarray, "frames 2 points 3"]


def sole_carriers(soles: Soles) -> tuple[int, ...]:
    """Of each point of a foot, the joint of the leg that carries it: 2 the ankle, 3 the ball."""
    return (2,) * (2 + soles.hind_rim_m.shape[1]) + (3,) * soles.toe_rim_m.shape[1]


def place(chain: Chain, pose: LegPose) -> Placed:
    """Forward kinematics."""
    world, joint_m = [], []
    above, above_m = pose.world_from_pelvis[:, None], pose.root_m[:, None]
    for j in range(4):
        above_m = above_m + (above @ chain.offset_m[:, j, :, None])[..., 0]
        above = above @ pose.parent_from_joint[:, :, j]
        world.append(above)
        joint_m.append(above_m)
    soles = chain.soles
    hind_m = np.concatenate([soles.heel_m[:, None], soles.ball_m[:, None], soles.hind_rim_m], axis=1)
    sole_m = [
        joint_m[j][:, :, None] + local_m @ np.swapaxes(world[j], -1, -2)
        for j, local_m in ((2, hind_m), (3, soles.toe_rim_m))
    ]
    return Placed(np.stack(joint_m, axis=2), np.stack(world, axis=2), np.concatenate(sole_m, axis=2))


def derivative(
    placed: Placed, points_m: Float[np.ndarray, "frames 2 points 3"], carriers: tuple[int, ...]
) -> Float[np.ndarray, "frames 2 points 3 19"]:
    """Derivative of points of each leg by the unknowns of their frame.

    Args:
        carriers: of each point the joint of the leg that carries it; a joint does not move itself.
    """
    frames, _, count, _ = points_m.shape
    rows = np.zeros((frames, 2, count, 3, UNKNOWNS))
    rows[..., ROOT] = np.eye(3)
    column = 0
    for j, axes in enumerate(_AXES):
        held = np.array([carrier >= j for carrier in carriers])
        arm_m = (points_m - placed.joint_m[:, :, None, j]) * held[:, None]
        for axis in axes:
            moved = np.cross(placed.world_from_joint[:, :, None, j, :, axis], arm_m)
            for leg in range(2):
                rows[:, leg, ..., 3 + LEG * leg + column] = moved[:, leg]
            column += 1
    return rows


def turned(start: Turns, now: Turns) -> Float[np.ndarray, "frames 16"]:
    """How far the joints have turned, in the order of the unknowns."""
    away = Rotation.from_matrix((np.swapaxes(start, -1, -2) @ now).reshape(-1, 3, 3)).as_rotvec()
    away = away.reshape(*start.shape[:3], 3)
    return np.concatenate([away[:, leg, j][:, list(axes)] for leg in range(2) for j, axes in enumerate(_AXES)], axis=1)


def _as_vectors(step: Float[np.ndarray, "frames 19"]) -> Float[np.ndarray, "frames 2 4 3"]:
    vectors = np.zeros((len(step), 2, 4, 3))
    for leg in range(2):
        column = 3 + LEG * leg
        for j, axes in enumerate(_AXES):
            for axis in axes:
                vectors[:, leg, j, axis] = step[:, column]
                column += 1
    return vectors
