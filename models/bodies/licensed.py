"""A user's SMPL, SMPL-H or SMPL-X file as a body; smplx moves its skin.

smplx is non-commercial, as the models are: only this file imports it, and only when such a body is asked for.

SMPL-H and SMPL-X have fingers where SMPL has one joint for each hand. That joint is the middle of the four fingers'
first knuckles here, and its rotation goes to these four; the thumb moves with the wrist, jaw and eyes stay at rest,
hands are flat.
"""

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from models.bodies.body import Body
from models.bodies.landmark_transfer import transfer_landmarks
from models.bodies.smpl_file import BODY_JOINTS, SmplFile, read_smpl, smpl_arrays
from models.errors import InputError
from models.skeletons import SMPL_JOINTS
from models.weights import file_sha256

BETAS: Final = 10
"""Directions of shape that are used of the makers' files: everybody's default, though newer files hold 300."""
LICENCE: Final = "of the model's makers; see the terms under which the file was obtained"
_TOPOLOGY: Final = {6890: "smplh", 10475: "smplx"}
"""What smplx calls its table of named vertices, by the number of vertices; SMPL has SMPL-H's."""
_FIRST_KNUCKLES: Final = (0, 3, 6, 9)
"""Of the fifteen joints of a hand: index, middle, little and ring finger. The thumb begins at 12."""


def load_licensed(path: Path, free: Body) -> Body:
    """Read a body in float32; its landmarks are carried over from the free body and not calibrated.

    Raises:
        InputError: the file is no SMPL, SMPL-H or SMPL-X, or a pickle, which must be converted first.
    """
    if path.suffix == ".pkl":
        raise InputError(
            f"{path.name} is a pickle", f"run `python -m models.bodies.convert {path}` and name its result"
        )
    model = read_smpl(path)
    names = model.named_vertices or _smplx_names(path, len(model.template_m))
    betas = _beta_count(model)
    share = _joint_shares(model)
    weight, joint = _four_largest(model.skin_weight @ _owners(model))
    return Body(
        name=str(path),
        sha256=file_sha256(path),
        licence=LICENCE,
        template_m=_single(model.template_m),
        shape_m=_single(model.shape_m[..., :betas]),
        faces=torch.from_numpy(model.faces),
        joint_regressor=_single(share @ model.joint_regressor),
        skin_joint=joint,
        skin_weight=weight,
        named_vertices=names,
        **transfer_landmarks(free, model.template_m, share @ model.joint_regressor @ model.template_m, names),
        skinned_by=SmplxSkin(smpl_arrays(model), names, betas),
    )


@dataclass(frozen=True, eq=False)
class SmplxSkin:
    """smplx, evaluating one file.

    Attributes:
        arrays: under the names that smplx has for them.
        vertex_ids: passed always; without them smplx takes those of its own models.
        betas: how many directions of shape are used.
    """

    arrays: Mapping[str, np.ndarray]
    vertex_ids: Mapping[str, int]
    betas: int

    def __call__(
        self,
        betas: Float[Tensor, "poses betas"],
        pose: Float[Tensor, "poses 24 3 3"],
        trans_m: Float[Tensor, "poses 3"],
    ) -> Float[Tensor, "poses vertices 3"]:
        """The skin of posed bodies in the world."""
        pose = _every_joint(pose, self.arrays["kintree_table"].shape[1])
        posed = _model(self, betas.device, betas.dtype)(
            betas=betas, global_orient=pose[:, :1], body_pose=pose[:, 1:], transl=trans_m, pose2rot=False
        )
        return posed.vertices


@lru_cache(maxsize=2)
def _model(skin: SmplxSkin, device: torch.device, dtype: torch.dtype) -> Any:
    """smplx's plain SMPL, which takes any number of joints; built once for a device.

    What it prints about betas is not for the user, who is told by Body.
    """
    import smplx  # noqa: PLC0415
    from smplx.utils import Struct  # noqa: PLC0415

    with contextlib.redirect_stdout(io.StringIO()):
        model = smplx.SMPL(
            "",
            data_struct=Struct(**skin.arrays),
            vertex_ids=dict(skin.vertex_ids),
            num_betas=skin.betas,
            create_betas=False,
            create_global_orient=False,
            create_body_pose=False,
            create_transl=False,
            dtype=dtype,
        )
    return model.to(device)


def _every_joint(pose: Float[Tensor, "poses 24 3 3"], joints: int) -> Float[Tensor, "poses joints 3 3"]:
    """The rotations of a model with fingers from those of one without."""
    if joints == len(SMPL_JOINTS):
        return pose
    every = torch.eye(3, dtype=pose.dtype, device=pose.device).repeat(len(pose), joints, 1, 1)
    every[:, :BODY_JOINTS] = pose[:, :BODY_JOINTS]
    for hand, first in enumerate((joints - 30, joints - 15)):
        for knuckle in _FIRST_KNUCKLES:
            every[:, first + knuckle] = pose[:, BODY_JOINTS + hand]
    return every


def _beta_count(model: SmplFile) -> int:
    """Ten of a maker's file; of one that this project wrote, those that were not filled up with zeros."""
    if not model.named_vertices:
        return min(BETAS, model.shape_m.shape[-1])
    return 1 + int(np.flatnonzero(model.shape_m.any(axis=(0, 1)))[-1])


def _joint_shares(model: SmplFile) -> Float[np.ndarray, "24 joints"]:
    """SMPL's joints as mixtures of the model's."""
    joints = len(model.parents)
    share = np.zeros((len(SMPL_JOINTS), joints))
    share[range(BODY_JOINTS), range(BODY_JOINTS)] = 1
    for hand in range(2):
        if joints == len(SMPL_JOINTS):
            share[BODY_JOINTS + hand, BODY_JOINTS + hand] = 1
        else:
            share[BODY_JOINTS + hand, [joints - 30 + 15 * hand + knuckle for knuckle in _FIRST_KNUCKLES]] = 0.25
    return share


def _owners(model: SmplFile) -> Int[np.ndarray, "joints 24"]:
    """Which of SMPL's joints moves what each of the model's joints moves."""
    joints = len(model.parents)
    owner = np.zeros(joints, dtype=np.int64)
    fingers = {joints - 30 + 15 * hand + knuckle: BODY_JOINTS + hand for hand in (0, 1) for knuckle in _FIRST_KNUCKLES}
    for joint in range(joints):
        is_own = joint < BODY_JOINTS or joints == len(SMPL_JOINTS)
        owner[joint] = joint if is_own else fingers.get(joint, owner[model.parents[joint]])
    return np.eye(len(SMPL_JOINTS), dtype=np.int64)[owner]


def _four_largest(weight: Float[np.ndarray, "vertices 24"]) -> tuple[Tensor, Tensor]:
    joint = np.argsort(-weight, axis=1, kind="stable")[:, :4]
    kept = np.take_along_axis(weight, joint, axis=1)
    return _single(kept / kept.sum(axis=1, keepdims=True)), torch.from_numpy(joint)


def _single(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.astype(np.float32))


def _smplx_names(path: Path, vertices: int) -> Mapping[str, int]:
    if vertices not in _TOPOLOGY:
        raise InputError(
            f"{path.name} has {vertices} vertices and names none of them",
            f"use a model with {' or '.join(f'{count:,}' for count in _TOPOLOGY)} vertices, or add vertex_ids",
        )
    from smplx.vertex_ids import vertex_ids  # noqa: PLC0415

    return dict(vertex_ids[_TOPOLOGY[vertices]])
