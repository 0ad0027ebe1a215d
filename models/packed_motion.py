"""A packed motion as arrays of a file: what models/limb_code.py keeps, with the body that it belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float

from models.bodies.body import Body, rest_joints
from models.errors import InputError
from models.kinematics import world_from_joints
from models.limb_code import GROUPS, Code, decode, encode
from models.rig import Pose, Rig, make_rig, rig_joints
from models.skeletons import SMPL_PARENTS

VERSION: Final = 1
KEYS: Final = frozenset(
    {"packed_version", "frames", "rate_hz", "betas", "body_sha256", "habit_chest", "habit_head", *GROUPS}
)
MAX_FRAMES: Final = 1_000_000


@dataclass(frozen=True, eq=False)
class Packed:
    """Attributes:
    arrays: for a file.
    ratio: numbers of the whole motion over those kept.
    error_m: of each joint in each frame, once unpacked.
    """

    arrays: Mapping[str, np.ndarray]
    ratio: float
    error_m: Float[np.ndarray, "frames 24"]


def pack(
    body: Body,
    betas: Float[np.ndarray, " betas"],
    parent_from_joint: Float[np.ndarray, "frames 24 3 3"],
    trans_m: Float[np.ndarray, "frames 3"],
    *,
    rate_hz: float,
    ratio: float,
) -> Packed:
    """Keep so many numbers of a motion that it has `ratio` times as many, and measure what is lost.

    Args:
        body: in double precision, on the CPU.

    Raises:
        InputError: the ratio cannot be had.
    """
    rig, pelvis_m = _rig(body, betas)
    local = torch.from_numpy(parent_from_joint)
    root_m = torch.from_numpy(trans_m) + pelvis_m
    code = encode(rig, local, root_m, rate_hz, ratio)
    arrays = {
        "packed_version": np.array(VERSION),
        "frames": np.array(code.frames),
        "rate_hz": np.array(rate_hz),
        "betas": betas,
        "body_sha256": np.array(body.sha256),
        **{f"habit_{name}": values.astype(np.float32) for name, values in code.habits.items()},
        **{name: values.astype(np.float32) for name, values in code.kept.items()},
    }
    again, again_m = unpack(body, arrays)
    before, after = (
        rig_joints(rig, Pose(world_from_joints(SMPL_PARENTS, turns), place))
        for turns, place in ((local, root_m), (torch.from_numpy(again), torch.from_numpy(again_m) + pelvis_m))
    )
    return Packed(arrays, code.ratio, (after - before).norm(dim=-1).numpy())


def unpack(
    body: Body, arrays: Mapping[str, np.ndarray]
) -> tuple[Float[np.ndarray, "frames 24 3 3"], Float[np.ndarray, "frames 3"]]:
    """Rotations against the parent and SMPL's translation.

    Raises:
        InputError: arrays are missing, of wrong shapes, or belong to another body.
    """
    if missing := sorted(KEYS - set(arrays)):
        raise InputError(f"no packed motion: it lacks {', '.join(missing)}", "pack the motion again")
    if str(arrays["body_sha256"]) != body.sha256 or arrays["betas"].shape != (body.beta_count,):
        raise InputError(f"the motion was packed on another body than {body.name}", "unpack it on the same one")
    frames = int(arrays["frames"])
    kept = {name: arrays[name].astype(np.float64) for name in GROUPS}
    fits = all(
        values.ndim == 2 and values.shape[1] == GROUPS[name][0] and 1 <= len(values) <= max(frames, 4)
        for name, values in kept.items()
    )
    habits = {name: arrays[f"habit_{name}"].astype(np.float64) for name in ("chest", "head")}
    whole = fits and habits["chest"].shape == (2, 3, 3) and habits["head"].shape == (2, 2, 3)
    finite = all(np.isfinite(values).all() for values in (*kept.values(), *habits.values()))
    if not (whole and finite and 0 < frames <= MAX_FRAMES):
        raise InputError("the packed motion has arrays of wrong shapes", "pack the motion again")
    rig, pelvis_m = _rig(body, arrays["betas"].astype(np.float64))
    local, root_m = decode(rig, Code(frames, float(arrays["rate_hz"]), kept, habits))
    return local.numpy(), (root_m - pelvis_m).numpy()


def _rig(body: Body, betas: np.ndarray) -> tuple[Rig, torch.Tensor]:
    shape = torch.from_numpy(betas).to(body.template_m)
    return make_rig(body, shape, "smpl24"), rest_joints(body, shape)[0]
