"""Turning on the spot in steps while the arms cross and open: smooth curves through key poses.

Where the feet stand and when is composed here. How arms hang, cross and open is the mean of what captured people do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from models.bodies.body import Body
from models.skeletons import SMPL_INDEX, SMPL_JOINTS
from training.curves import through_keys
from training.mocap_clips import MocapClip
from training.plant_feet import move_ankles, rest_joints_of, soles_of
from training.retarget import SmplPose, joint_positions, retarget

Times = Float[np.ndarray, " frames"]
Turns = Float[np.ndarray, "frames 3 3"]

ARM: Final = ("collar", "shoulder", "elbow", "wrist", "hand")
ARMS: Final = tuple(SMPL_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ARM)
ARM_KEYS_S: Final = ((0.0, "hang"), (1.0, "cross"), (1.9, "open"), (2.8, "cross"), (3.7, "open"))
CROSSED_M: Final = -0.1
"""Arms count as crossed while the left wrist lies this far on the right one's other side."""
STEP_RAD: Final = np.radians(50)
STEP_S: Final = 0.56
FIRST_S: Final = 0.25
STEPS: Final = 6
"""The left foot steps first, out to the left; the right one follows."""
APART_M: Final = 0.1
"""Of an ankle from the point about which the body turns."""
TOE_OUT_RAD: Final = 0.14
LIFT_M: Final = 0.05
HEEL_UP_RAD: Final = 0.45
SOFT_S: Final = 0.13
"""The pelvis follows the feet this smoothly."""
SWAY: Final = 0.35
"""Share of the way to the standing foot that the pelvis goes."""
SINK_M: Final = 0.02
LEAD_S: Final = (0.1, 0.3)
"""By how much chest and head run ahead of the pelvis."""


@dataclass(frozen=True, eq=False)
class Foot:
    """Where an ankle is, seen from above, how the foot is turned, and how far it is up."""

    place_m: Float[np.ndarray, "frames 2"]
    yaw_rad: Times
    lift: Times
    swing: Times


def arm_poses(clips: Sequence[MocapClip], body: Body, betas: Float[np.ndarray, " betas"]) -> dict[str, np.ndarray]:
    """Mean rotations (joints of ARMS) of arms that hang, cross in front of the chest, and open to the sides."""
    rest_m = rest_joints_of(body, betas)
    found: dict[str, list[np.ndarray]] = {"hang": [], "cross": [], "open": []}
    for clip in clips:
        pose = retarget(clip, rest_m)
        wrists_m = joint_positions(pose, rest_m)[:, [SMPL_INDEX["left_wrist"], SMPL_INDEX["right_wrist"]]]
        apart_m = ((wrists_m[:, 0] - wrists_m[:, 1]) * pose.parent_from_joint[:, 0, :, 0]).sum(axis=1)
        height_m = wrists_m[..., 1].max(axis=1)
        found["hang"].append(pose.parent_from_joint[height_m.argmin(), ARMS])
        found["open"].append(
            pose.parent_from_joint[np.where(height_m < height_m.min() + 0.45, apart_m, 0).argmax(), ARMS]
        )
        if apart_m.min() < CROSSED_M:
            found["cross"].append(pose.parent_from_joint[apart_m.argmin(), ARMS])
    return {
        name: np.stack([Rotation.from_matrix(np.stack(seen)[:, i]).mean().as_matrix() for i in range(len(ARMS))])
        for name, seen in found.items()
    }


def turn_around(
    arms: dict[str, np.ndarray], body: Body, betas: Float[np.ndarray, " betas"], times_s: Times
) -> tuple[Float[np.ndarray, "frames 24 3 3"], Float[np.ndarray, "frames 3"]]:
    """Rotations and translation (SMPL's) of a turn to the left that begins facing +Z; times are evenly spaced."""
    rest_m = rest_joints_of(body, betas)
    feet = {side: _foot(side, times_s) for side in ("left", "right")}
    step_s = times_s[1] - times_s[0]
    yaw_rad = _soft((feet["left"].yaw_rad + feet["right"].yaw_rad) / 2, step_s)
    rotation = np.tile(np.eye(3), (len(times_s), 24, 1, 1))
    rotation[:, 0] = _about_y(yaw_rad)
    chest_rad, head_rad = (np.interp(times_s + lead_s, times_s, yaw_rad) for lead_s in LEAD_S)
    for names, turn_rad in (("spine", (chest_rad - yaw_rad) / 3), (("neck", "head"), (head_rad - chest_rad) / 2)):
        for joint in (i for i, joint_name in enumerate(SMPL_JOINTS) if joint_name.startswith(names)):
            rotation[:, joint] = _about_y(turn_rad)
    keys_s = np.array([key_s for key_s, _ in ARM_KEYS_S])
    rotation[:, ARMS] = through_keys(keys_s, np.stack([arms[name] for _, name in ARM_KEYS_S]), times_s)
    for side, foot in feet.items():
        _pose_leg(rotation, side, foot, yaw_rad)
    return _planted(rotation, feet, body, betas, (rest_m, step_s))


def _foot(side: str, times_s: Times) -> Foot:
    """A foot that makes every second step."""
    sign = 1.0 if side == "left" else -1.0
    begin_s = FIRST_S + STEP_S * np.arange(0 if side == "left" else 1, STEPS, 2)
    swing = np.clip((times_s[:, None] - begin_s) / STEP_S, 0, 1)
    eased = (swing**3 * (10 - 15 * swing + 6 * swing**2)).sum(axis=1)
    angle_rad = eased * STEP_RAD
    place_m = sign * APART_M * np.stack([np.cos(angle_rad), -np.sin(angle_rad)], axis=-1)
    phase = np.where(swing < 1, swing, 0).sum(axis=1)
    return Foot(place_m, angle_rad + sign * TOE_OUT_RAD, np.sin(np.pi * phase) ** 2, phase)


def _pose_leg(rotation: Float[np.ndarray, "frames 24 3 3"], side: str, foot: Foot, pelvis_rad: Times) -> None:
    """A leg that is a little bent, its knee between where pelvis and toes point; written into the rotations."""
    hip, knee, ankle, toes = (SMPL_INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot"))
    rotation[:, hip] = _about_y((foot.yaw_rad - pelvis_rad) / 2) @ _about_x(np.array([-0.2]))
    rotation[:, knee] = _about_x(np.array([0.4]))
    world_from_knee = rotation[:, 0] @ rotation[:, hip] @ rotation[:, knee]
    heel_up_rad = HEEL_UP_RAD * np.sin(np.pi * foot.swing) * (1 - foot.swing)
    rotation[:, ankle] = np.swapaxes(world_from_knee, -1, -2) @ _about_y(foot.yaw_rad) @ _about_x(heel_up_rad)
    rotation[:, toes] = _about_x(-heel_up_rad / 2)


def _planted(
    rotation: Float[np.ndarray, "frames 24 3 3"],
    feet: dict[str, Foot],
    body: Body,
    betas: Float[np.ndarray, " betas"],
    rest_and_step: tuple[Float[np.ndarray, "24 3"], float],
) -> tuple[Float[np.ndarray, "frames 24 3 3"], Float[np.ndarray, "frames 3"]]:
    rest_m, step_s = rest_and_step
    soles = soles_of(body, betas, rotation)
    lowest_m = {"left": soles.left_m[..., 1].min(axis=1), "right": soles.right_m[..., 1].min(axis=1)}
    leaning = sum(foot.place_m * (0.5 + SWAY * (other.lift - foot.lift))[:, None] for foot, other in _pairs(feet))
    root_m = np.zeros((len(rotation), 3))
    root_m[:, [0, 2]] = _soft(np.asarray(leaning), step_s)
    upright = soles_of(body, betas, np.tile(np.eye(3), (1, 24, 1, 1)))
    root_m[:, 1] = -upright.both_m[..., 1].min() - SINK_M
    joints_m = joint_positions(SmplPose(rotation, root_m + rest_m[0]), rest_m)
    shifts_m: list[np.ndarray] = []
    for side, foot in feet.items():
        shift_m = np.zeros_like(root_m)
        shift_m[:, [0, 2]] = foot.place_m - joints_m[:, SMPL_INDEX[f"{side}_ankle"]][:, [0, 2]]
        shift_m[:, 1] = LIFT_M * foot.lift - lowest_m[side] - root_m[:, 1]
        shifts_m.append(shift_m)
    planted = move_ankles(SmplPose(rotation, root_m + rest_m[0]), rest_m, (shifts_m[0], shifts_m[1]))
    return planted.parent_from_joint, root_m


def _pairs(feet: dict[str, Foot]) -> list[tuple[Foot, Foot]]:
    left, right = feet["left"], feet["right"]
    return [(left, right), (right, left)]


def _soft(values: np.ndarray, step_s: float) -> np.ndarray:
    return gaussian_filter1d(values, SOFT_S / step_s, axis=0, mode="nearest")


def _about_y(angle_rad: Times) -> Turns:
    return Rotation.from_rotvec(angle_rad[:, None] * (0, 1, 0)).as_matrix()


def _about_x(angle_rad: Times) -> Turns:
    return Rotation.from_rotvec(angle_rad[:, None] * (1, 0, 0)).as_matrix()
