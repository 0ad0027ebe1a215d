"""Motions of AMASS and of BVH files, one file at a time, as the truth of inverse kinematics.

AMASS holds SMPL's own rotations: they are taken as they are, hands straight, Z turned to Y. A BVH goes through the same
retargeting as the pipeline's; where its forearms do not twist, their pronation is drawn as for other captures.
"""

from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from models.bodies import load_body
from models.bvh.reader import read_bvh
from models.errors import InputError
from models.kinematics import bone_offsets, place_joints, world_from_joints
from models.retarget.body import retarget_pose
from models.retarget.source import find_person
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from training.pronation import add_pronation, forearms_twist
from training.true_motion import TrueMotion, mean_rest_joints_m

BODY_JOINTS: Final = 22
"""SMPL's, SMPL-H's and SMPL-X's first joints are the same; what follows are hands, jaw and eyes."""
POSE_LENGTHS: Final = (72, 156, 165)
Y_UP: Final = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
RATE_KEYS: Final = ("mocap_framerate", "mocap_frame_rate")
STANDING_SHARE: Final = 0.05
"""The floor lies where the lower foot is in this share of the frames."""


def read_amass(path: Path, folder: Path) -> TrueMotion:
    """Read one file of AMASS: poses (frames x 72, 156 or 165, axis-angle), trans and the rate, Z up.

    The person's own shape needs his licensed body, so the way is not scaled; it is lifted until the mean free body's
    feet stand on the floor.

    Raises:
        InputError: it is no such file.
    """
    poses, trans_m, rate_hz = _amass_arrays(path)
    frames = len(poses)
    turns = Rotation.from_rotvec(poses[:, : 3 * BODY_JOINTS].reshape(-1, 3)).as_matrix()
    local = np.tile(np.eye(3), (frames, len(SMPL_PARENTS), 1, 1))
    local[:, :BODY_JOINTS] = turns.reshape(frames, BODY_JOINTS, 3, 3)
    local[:, 0] = Y_UP @ local[:, 0]
    return _motion(path, folder, rate_hz, (local, _on_the_floor(local, trans_m @ Y_UP.T)))


def read_bvh_motion(path: Path, folder: Path, pronation_seed: int) -> TrueMotion:
    """Read one BVH; raises InputError as stages.retarget does."""
    source = find_person(read_bvh(path))
    body = load_body("free").to("cpu", torch.float64)
    local, trans_m = retarget_pose(body, torch.zeros(body.beta_count, dtype=torch.float64), source)
    rest_joints_m = mean_rest_joints_m()
    rate_hz = 1 / source.frame_time_s
    if not forearms_twist(local, rest_joints_m):
        local = add_pronation(local, rest_joints_m, rate_hz, (_name(path, folder), pronation_seed))
    return _motion(path, folder, rate_hz, (local, trans_m + rest_joints_m[0]))


def _motion(path: Path, folder: Path, rate_hz: float, pose: tuple[np.ndarray, np.ndarray]) -> TrueMotion:
    return TrueMotion(
        clip=_name(path, folder),
        subject=path.parent.name,
        family="bvh" if path.suffix.lower() == ".bvh" else "amass",
        action=path.stem,
        rate_hz=rate_hz,
        parent_from_joint=pose[0],
        pelvis_m=pose[1],
        whole=True,
    )


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _amass_arrays(path: Path) -> tuple[np.ndarray, np.ndarray, float]:
    remedy = "give AMASS's files of motions (SMPL-H or SMPL-X) with poses, trans and mocap_framerate"
    try:
        with np.load(path, allow_pickle=False) as packed:
            rate = next((packed[key] for key in RATE_KEYS if key in packed.files), None)
            if rate is None or not {"poses", "trans"} <= set(packed.files):
                raise InputError(f"{path} lacks poses, trans or a rate", remedy)
            poses, trans_m, rate_hz = packed["poses"].astype(float), packed["trans"].astype(float), float(rate)
    except (OSError, ValueError, TypeError, EOFError, BadZipFile) as error:
        raise InputError(f"{path} is not an .npz file of numbers", remedy) from error
    if poses.ndim != 2 or poses.shape[1] not in POSE_LENGTHS or trans_m.shape != (len(poses), 3) or len(poses) == 0:
        raise InputError(f"{path} holds poses {poses.shape} and trans {trans_m.shape}", remedy)
    if not (np.isfinite(poses).all() and np.isfinite(trans_m).all() and np.isfinite(rate_hz) and rate_hz > 0):
        raise InputError(f"{path} holds values that are no numbers, or the rate {rate_hz:g}", remedy)
    return poses, trans_m, rate_hz


def _on_the_floor(
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"], pelvis_m: Float[np.ndarray, "frames 3"]
) -> Float[np.ndarray, "frames 3"]:
    body, rest = load_body("free"), torch.from_numpy(mean_rest_joints_m().copy())
    world = world_from_joints(SMPL_PARENTS, torch.from_numpy(parent_from_joint))
    joints = place_joints(SMPL_PARENTS, bone_offsets(SMPL_PARENTS, rest), torch.from_numpy(pelvis_m), world).numpy()
    feet = [SMPL_INDEX["left_foot"], SMPL_INDEX["right_foot"]]
    sole_m = float(rest[feet, 1].mean()) - float(body.template_m[:, 1].min())
    low_m = np.quantile(joints[:, feet, 1].min(axis=1), STANDING_SHARE) - sole_m
    return pelvis_m - np.array([0.0, low_m, 0.0])
