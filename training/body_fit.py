"""How posed people become the numbers of a body: mean, shape, skinning weights, joint regressor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.sparse
from jaxtyping import Float, Int

from models.skeletons import SMPL_JOINTS, SMPL_MIRROR
from training.body_symmetry import symmetric

BONE_OWNERS: Final = {
    "root": "pelvis", "pelvis": "pelvis", "upperleg": "hip", "lowerleg": "knee", "foot": "ankle", "toe": "foot",
    "spine05": "pelvis", "spine04": "spine1", "spine03": "spine1", "spine02": "spine2", "spine01": "spine3",
    "clavicle": "collar", "shoulder": "collar", "upperarm": "shoulder", "lowerarm": "elbow", "wrist": "wrist",
    "metacarpal": "wrist", "finger1": "wrist", "finger": "hand", "neck": "neck", "head": "head", "eye": "head",
}  # fmt: skip
"""Joint that moves a bone of Anny, by the start of the bone's name; the first that fits counts."""
SHARED_BONES: Final = {"spine04": ("pelvis", 0.5), "spine02": ("spine1", 0.26)}
"""A joint in the middle of a bone shares it with the one below."""
SMOOTHINGS: Final = 8
INFLUENCES: Final = 4
REGRESSOR_VERTICES: Final = 150
REGRESSOR_STRIDE: Final = 7
"""The nearest 1050 vertices, every seventh."""
REGRESSOR_RIDGE: Final = 2e-3
SUM_WEIGHT: Final = 100.0


@dataclass(frozen=True, eq=False)
class ShapeSpace:
    """A mean and directions of one standard deviation each."""

    mean_m: Float[np.ndarray, "vertices 3"]
    modes_m: Float[np.ndarray, "vertices 3 modes"]


def fit_shape_space(
    skin_m: Float[np.ndarray, "people vertices 3"], mirror: Int[np.ndarray, " vertices"], mode_count: int
) -> ShapeSpace:
    """Principal components of symmetric people; a larger first number of each mode means taller."""
    mean_m = symmetric(skin_m.mean(axis=0), mirror)
    centred = (skin_m - mean_m).reshape(len(skin_m), -1)
    _, deviation, directions = np.linalg.svd(centred, full_matrices=False)
    spread = directions[:mode_count] * deviation[:mode_count, None] / np.sqrt(len(skin_m) - 1)
    modes = spread.reshape(mode_count, *mean_m.shape)
    stature = np.ptp(skin_m[..., 1], axis=1)
    scores = centred @ spread.T
    signs = np.sign([np.corrcoef(score, stature)[0, 1] for score in scores.T])
    modes_m = np.stack([symmetric(mode, mirror) for mode in modes * signs[:, None, None]], axis=-1)
    return ShapeSpace(mean_m, modes_m)


def fit_betas_to_skin(
    space: ShapeSpace, skin_m: Float[np.ndarray, "people vertices 3"]
) -> Float[np.ndarray, "people modes"]:
    """The betas of the nearest bodies that the space holds, by least squares."""
    basis = space.modes_m.reshape(-1, space.modes_m.shape[-1])
    centred = (skin_m - space.mean_m).reshape(len(skin_m), -1)
    return np.linalg.solve(basis.T @ basis, basis.T @ centred.T).T


def fit_joint_space(
    space: ShapeSpace, limb_modes_m: Float[np.ndarray, "24 3 limbs"], skin_m: np.ndarray, joints_m: np.ndarray
) -> ShapeSpace:
    """How the joints move with the betas: known for the limbs', by least squares over people for the others'.

    Args:
        space: of the skin; the limbs' modes come last.
        skin_m, joints_m: people to learn from, (people, vertices, 3) and (people, 24, 3).
    """
    betas = fit_betas_to_skin(space, skin_m)
    free = betas.shape[1] - limb_modes_m.shape[-1]
    rest_m = joints_m - np.einsum("jcl,pl->pjc", limb_modes_m, betas[:, free:])
    design = np.column_stack([np.ones(len(betas)), betas[:, :free]])
    solution, *_ = np.linalg.lstsq(design, rest_m.reshape(len(betas), -1))
    modes_m = solution[1:].T.reshape(*joints_m.shape[1:], free)
    return ShapeSpace(solution[0].reshape(joints_m.shape[1:]), np.concatenate([modes_m, limb_modes_m], axis=-1))


def shift_mean(space: ShapeSpace, betas: Float[np.ndarray, " modes"]) -> ShapeSpace:
    """The same space about another mean."""
    return ShapeSpace(space.mean_m + space.modes_m @ betas, space.modes_m)


def merge_bone_weights(
    bone_names: Sequence[str], bone_weight: Float[np.ndarray, "vertices bones"], faces: Int[np.ndarray, "faces 3"]
) -> tuple[Int[np.ndarray, "vertices 4"], Float[np.ndarray, "vertices 4"]]:
    """Skinning by 24 joints, smoothed over the mesh, the four largest of each vertex; all sums are 1."""
    weight = np.zeros((len(bone_weight), len(SMPL_JOINTS)))
    for bone, name in enumerate(bone_names):
        below, share = SHARED_BONES.get(name, (bone_owner(name), 0.0))
        weight[:, SMPL_JOINTS.index(bone_owner(name))] += (1 - share) * bone_weight[:, bone]
        weight[:, SMPL_JOINTS.index(below)] += share * bone_weight[:, bone]
    average = neighbour_average(faces, len(weight))
    for _ in range(SMOOTHINGS):
        weight = (weight + average @ weight) / 2
    joint = np.argsort(-weight, axis=1)[:, :INFLUENCES]
    kept = np.take_along_axis(weight, joint, axis=1)
    return joint, kept / kept.sum(axis=1, keepdims=True)


def dense(
    skin_joint: Int[np.ndarray, "vertices 4"], skin_weight: Float[np.ndarray, "vertices 4"]
) -> Float[np.ndarray, "vertices 24"]:
    """The skinning weights as a matrix."""
    weight = np.zeros((len(skin_joint), len(SMPL_JOINTS)))
    np.put_along_axis(weight, skin_joint, skin_weight, axis=1)
    return weight


def fit_joint_regressor(
    space: ShapeSpace, joints: ShapeSpace, mirror: Int[np.ndarray, " vertices"]
) -> Float[np.ndarray, "24 vertices"]:
    """Sparse weights of skin vertices whose sum follows each joint through the shape space; rows sum to 1.

    Weights may be negative: no mean of the skin about the knee or in the chest follows the joint within (9, 13 mm).

    Args:
        joints: mean and modes of the 24 joints for the same betas.
    """
    regressor = np.zeros((len(SMPL_JOINTS), len(space.mean_m)))
    for joint, twin in enumerate(SMPL_MIRROR):
        if twin < joint:
            regressor[joint] = regressor[twin, mirror]
            continue
        away_m = np.linalg.norm(space.mean_m - joints.mean_m[joint], axis=1)
        chosen = np.argsort(away_m)[: REGRESSOR_VERTICES * REGRESSOR_STRIDE : REGRESSOR_STRIDE]
        regressor[joint, chosen] = _fit_weights(space, chosen, joints, joint)
        if twin == joint:
            regressor[joint] = (regressor[joint] + regressor[joint, mirror]) / 2
    return regressor


def neighbour_average(faces: Int[np.ndarray, "faces 3"], count: int) -> scipy.sparse.csr_array:
    """Matrix that gives each vertex the mean of its neighbours; a vertex without any keeps nothing."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
    share = 1 / np.bincount(edges[:, 0], minlength=count)[edges[:, 0]]
    return scipy.sparse.csr_array((share, (edges[:, 0], edges[:, 1])), shape=(count, count))


def bone_owner(bone: str) -> str:
    """The joint that moves a bone of Anny."""
    joint = next(joint for start, joint in BONE_OWNERS.items() if bone.startswith(start))
    side = {"L": "left_", "R": "right_"}.get(bone.rpartition(".")[2], "")
    return joint if joint in SMPL_JOINTS else side + joint


def _fit_weights(
    space: ShapeSpace, chosen: Int[np.ndarray, " chosen"], joints: ShapeSpace, joint: int
) -> Float[np.ndarray, " chosen"]:
    """Ridge regression on the mean shape and on one standard deviation along each mode."""
    points = np.concatenate([space.mean_m[chosen][..., None], space.modes_m[chosen]], axis=-1)
    target = np.concatenate([joints.mean_m[joint][:, None], joints.modes_m[joint]], axis=-1)
    ones, ridge = np.full((1, len(chosen)), SUM_WEIGHT), REGRESSOR_RIDGE * np.eye(len(chosen))
    system = np.concatenate([points.reshape(len(chosen), -1).T, ones, ridge])
    weight, *_ = np.linalg.lstsq(system, np.concatenate([target.ravel(), [SUM_WEIGHT], np.zeros(len(chosen))]))
    return weight / weight.sum()
