"""Build the free body: `python -m training.build_body --out models/weights/free_body.npz`.

Random adults of Anny, put into a T-pose, become a mean, ten shape modes, skinning weights and a joint regressor in
SMPL's format. Landmark regressors are a first guess from anatomy; training.calibrate_landmarks replaces them.
Needs the packages of training/README.md, five minutes and 2 GB. Prints errors on people that were held out.
"""

import argparse
import logging
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float

from models.bodies.body import Body
from models.bodies.packed import write_body
from models.skeletons import SMPL_JOINTS
from models.weights import file_sha256
from training.body_fit import (
    ShapeSpace,
    fit_joint_regressor,
    fit_shape_space,
    merge_bone_weights,
    reconstruct,
)
from training.body_mesh import LeanMesh, make_lean_mesh
from training.body_people import People, sample_people
from training.body_points import guess_carriers, guess_landmarks, name_vertices
from training.body_rest import place_joints_in_people, stand_in_t_pose
from training.body_symmetry import find_mirror, symmetric

PEOPLE: Final = 600
HELD_OUT: Final = 100
BETAS: Final = 10
FACES: Final = 13_740
LICENCE: Final = "CC0-1.0"

log = logging.getLogger(__name__)


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    write_body(arguments.out, build_body(sample_people(PEOPLE, arguments.seed)))
    log.info("%s: %.2f MB, sha256 %s", arguments.out, arguments.out.stat().st_size / 1e6, file_sha256(arguments.out))


def build_body(people: People) -> Body:
    """Make a body of people; the last HELD_OUT of them only judge it."""
    skin_m, heads_m = stand_in_t_pose(people)
    joints_m = place_joints_in_people(people.bone_names, heads_m)
    pelvis_m = joints_m[:, :1].copy()
    skin_m, joints_m = skin_m - pelvis_m, joints_m - pelvis_m
    template_m = symmetric(skin_m[:-HELD_OUT].mean(axis=0), find_mirror(people.skin_m[0]))
    lean = make_lean_mesh(template_m, people.faces[~people.inner], FACES)
    lean_m = lean.carry(skin_m)
    space = fit_shape_space(lean_m[:-HELD_OUT], lean.mirror, BETAS)
    regressor = fit_joint_regressor(space, _joint_space(space, lean_m, joints_m), lean.mirror)
    _report(space, regressor, lean_m[-HELD_OUT:], joints_m[-HELD_OUT:])
    return _assemble(people, lean, space, regressor)


def _joint_space(
    space: ShapeSpace, lean_m: Float[np.ndarray, "people vertices 3"], joints_m: Float[np.ndarray, "people 24 3"]
) -> ShapeSpace:
    """How the joints move with the betas, by least squares over the people who are not held out."""
    basis = space.modes_m.reshape(-1, BETAS)
    centred = (lean_m[:-HELD_OUT] - space.mean_m).reshape(len(lean_m) - HELD_OUT, -1)
    betas = centred @ basis / (basis**2).sum(axis=0)
    design = np.column_stack([np.ones(len(betas)), betas])
    solution, *_ = np.linalg.lstsq(design, joints_m[:-HELD_OUT].reshape(len(betas), -1))
    return ShapeSpace(solution[0].reshape(24, 3), solution[1:].T.reshape(24, 3, BETAS))


def _report(
    space: ShapeSpace,
    regressor: Float[np.ndarray, "24 vertices"],
    skin_m: Float[np.ndarray, "people vertices 3"],
    joints_m: Float[np.ndarray, "people 24 3"],
) -> None:
    near_m = reconstruct(space, skin_m)
    skin_error_mm = 1e3 * np.linalg.norm(near_m - skin_m, axis=-1)
    joint_error_mm = 1e3 * np.linalg.norm(np.einsum("jv,nvc->njc", regressor, near_m) - joints_m, axis=-1)
    log.info("held-out skin: mean %.2f, worst %.1f mm", skin_error_mm.mean(), skin_error_mm.max())
    log.info("held-out joints: mean %.2f, worst %.1f mm", joint_error_mm.mean(), joint_error_mm.max())
    for joint, name in enumerate(SMPL_JOINTS):
        log.info(
            "  %-14s mean %4.1f worst %5.1f mm", name, joint_error_mm[:, joint].mean(), joint_error_mm[:, joint].max()
        )


def _assemble(people: People, lean: LeanMesh, space: ShapeSpace, regressor: Float[np.ndarray, "24 vertices"]) -> Body:
    bone_weight = lean.carry(people.bone_weight.astype(np.float64))
    skin_joint, skin_weight = merge_bone_weights(people.bone_names, bone_weight, lean.faces)
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
