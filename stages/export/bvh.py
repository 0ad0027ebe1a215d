"""Encodes a motion as BVH: centimetres, Y up, zero rotation a true T-pose that faces +Z.

A body's own rest pose is a T only roughly, so every joint j gets a constant S_j that turns a T-pose's axes into those
of the rest pose: the file's orientation is G_j S_j where the motion's is G_j, and the offset to a child c is
S_j^T o_c where the rest pose's is o_c. Joints stay where they are in the world, to the last digit that is written.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from models.skeletons import SMPL_INDEX, SMPL_JOINTS, SMPL_PARENTS
from stages.contracts import Motion
from stages.export.euler import continuous_euler_zxy
from stages.export.joint_names import JOINT_NAMES, Preset
from stages.export.number_rows import number_rows
from stages.export.retimed import rest_offsets

CM_PER_M: Final = 100.0

T_POSE: Final[Mapping[str, tuple[int, int, int]]] = {
    "spine1": (0, 1, 0), "spine2": (0, 1, 0), "neck": (0, 1, 0),
    "left_hip": (0, -1, 0), "left_knee": (0, -1, 0), "right_hip": (0, -1, 0), "right_knee": (0, -1, 0),
    "left_shoulder": (1, 0, 0), "left_elbow": (1, 0, 0), "left_wrist": (1, 0, 0),
    "right_shoulder": (-1, 0, 0), "right_elbow": (-1, 0, 0), "right_wrist": (-1, 0, 0),
}  # fmt: skip
"""Where the bone to a joint's only child points. Pelvis, upper spine and collars keep the girdles of the rest pose."""

END_SITE_CM: Final[Mapping[str, tuple[float, float, float]]] = {
    "head": (0.0, 18.0, 0.0), "left_hand": (9.0, 0.0, 0.0), "right_hand": (-9.0, 0.0, 0.0),
    "left_foot": (0.0, 0.0, 6.0), "right_foot": (0.0, 0.0, 6.0),
}  # fmt: skip
"""Tips of the last joints, about those of an adult; they are drawn and carry no motion."""

TOES_CM: Final = 2.7
"""How high the free body's toe joints lie above its soles: where a T-pose stands."""

CHILDREN: Final = tuple(
    tuple(child for child, parent in enumerate(SMPL_PARENTS) if parent == joint) for joint in range(len(SMPL_PARENTS))
)


def encode(motion: Motion, names: Preset = "humanik", *, t_pose_first: bool = False) -> str:
    """Write the whole file. The root's OFFSET is zero and its position channels hold the pelvis in the world.

    Euler angles are intrinsic Z, X, Y in degrees and run on beyond 180 where that keeps them continuous.

    Args:
        names: what the joints are called; the tree is the same in every preset.
        t_pose_first: put a frame before the motion in which the body stands on the spot in a T-pose, facing +Z.
    """
    offset_m = rest_offsets(motion)
    rest_from_t_pose = t_pose_alignments(offset_m)
    order = _depth_first(0)
    local = _file_rotations(motion.parent_from_joint, rest_from_t_pose)[:, order]
    angles_deg = np.degrees(continuous_euler_zxy(local))
    root_cm = motion.joints_m[:, 0] * CM_PER_M
    rows = np.concatenate([root_cm, angles_deg.reshape(len(root_cm), -1)], axis=1)
    offset_cm = _t_pose_offsets(offset_m, rest_from_t_pose) * CM_PER_M
    if t_pose_first:
        rows = np.concatenate([_t_pose_row(rows[0], offset_cm)[None], rows])
    hierarchy = ["HIERARCHY", *_joint_lines(0, offset_cm, JOINT_NAMES[names], "")]
    head = ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {1 / motion.rate_hz:.8f}"]
    return "\n".join([*hierarchy, *head, *number_rows(rows, [4] * rows.shape[1], " "), ""])


def t_pose_alignments(offset_m: Float[np.ndarray, "24 3"]) -> Float[np.ndarray, "24 3 3"]:
    """Rotation of every joint from a T-pose's axes to those of the rest pose.

    The shortest arc where `T_POSE` names a direction; a turn about the vertical for the feet, which keeps the soles
    level; hands and toes follow the bone they continue; the others keep the rest pose.
    """
    rest_from_t_pose = np.tile(np.eye(3), (len(SMPL_JOINTS), 1, 1))
    for name, direction in T_POSE.items():
        joint = SMPL_INDEX[name]
        rest_from_t_pose[joint] = _shortest_arc(np.array(direction, float), offset_m[CHILDREN[joint][0]])
    for side in ("left", "right"):
        ankle, foot, wrist, hand = (SMPL_INDEX[f"{side}_{part}"] for part in ("ankle", "foot", "wrist", "hand"))
        outward_rad = np.arctan2(offset_m[foot, 0], offset_m[foot, 2])
        rest_from_t_pose[[ankle, foot]] = Rotation.from_euler("Y", outward_rad).as_matrix()
        rest_from_t_pose[hand] = rest_from_t_pose[wrist]
    return rest_from_t_pose


def _shortest_arc(start: Float[np.ndarray, " 3"], end: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "3 3"]:
    axis = np.cross(start, end)
    angle_rad = np.arctan2(np.linalg.norm(axis), start @ end)
    return Rotation.from_rotvec(axis * angle_rad / max(float(np.linalg.norm(axis)), 1e-12)).as_matrix()


def _file_rotations(
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"], rest_from_t_pose: Float[np.ndarray, "24 3 3"]
) -> Float[np.ndarray, "frames 24 3 3"]:
    parent_alignment = rest_from_t_pose[list(SMPL_PARENTS)]
    parent_alignment[0] = np.eye(3)
    return parent_alignment.swapaxes(-1, -2) @ parent_from_joint @ rest_from_t_pose


def _t_pose_offsets(
    offset_m: Float[np.ndarray, "24 3"], rest_from_t_pose: Float[np.ndarray, "24 3 3"]
) -> Float[np.ndarray, "24 3"]:
    parent_alignment = rest_from_t_pose[list(SMPL_PARENTS)]
    return np.einsum("jba,jb->ja", parent_alignment, offset_m)


def _t_pose_row(
    first_row: Float[np.ndarray, " channels"], offset_cm: Float[np.ndarray, "24 3"]
) -> Float[np.ndarray, " channels"]:
    """Zero rotation where the motion begins, with the soles on the floor."""
    height_cm = np.zeros(len(SMPL_PARENTS))
    for joint, parent in enumerate(SMPL_PARENTS[1:], start=1):
        height_cm[joint] = height_cm[parent] + offset_cm[joint, 1]
    row = np.zeros_like(first_row)
    row[:3] = first_row[0], TOES_CM - height_cm.min(), first_row[2]
    return row


def _depth_first(joint: int) -> Int[np.ndarray, " joints"]:
    return np.array([joint, *(below for child in CHILDREN[joint] for below in _depth_first(child))])


def _joint_lines(joint: int, offset_cm: Float[np.ndarray, "24 3"], names: Mapping[str, str], indent: str) -> list[str]:
    name = SMPL_JOINTS[joint]
    positions = "" if joint else "Xposition Yposition Zposition "
    inner = indent + "\t"
    below = [line for child in CHILDREN[joint] for line in _joint_lines(child, offset_cm, names, inner)]
    if not CHILDREN[joint]:
        below = [f"{inner}End Site", f"{inner}{{", f"{inner}\t{_offset(END_SITE_CM[name])}", f"{inner}}}"]
    return [
        f"{indent}{'JOINT' if joint else 'ROOT'} {names[name]}",
        f"{indent}{{",
        f"{inner}{_offset(offset_cm[joint])}",
        f"{inner}CHANNELS {3 if joint else 6} {positions}Zrotation Xrotation Yrotation",
        *below,
        f"{indent}}}",
    ]


def _offset(offset_cm: Sequence[float] | Float[np.ndarray, " 3"]) -> str:
    (numbers,) = number_rows(np.array([offset_cm], float), (6, 6, 6), " ")
    return f"OFFSET {numbers}"
